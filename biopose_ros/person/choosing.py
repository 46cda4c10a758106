"""Which of the persons in a recording is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from biopose_ros.person.earning import EarnedPersons
from biopose_ros.person.recording import RecordedImage
from biopose_ros.records import FloatArray, PersonPose, TrackingState

ALL = 'all'


def _largest(poses: Sequence[PersonPose]) -> float:
    boxes_px = np.array([pose.box_xyxy_px for pose in poses])
    return float(np.median((boxes_px[:, 2:] - boxes_px[:, :2]).prod(axis=1)))


def _longest(poses: Sequence[PersonPose]) -> float:
    return float(len(poses))


def _leftmost(poses: Sequence[PersonPose]) -> float:
    return -float(np.median([pose.box_xyxy_px[[0, 2]].mean() for pose in poses]))


def _most_moving(poses: Sequence[PersonPose]) -> float:
    """Give the mean speed of the angles beyond the pelvis, where it is known."""
    speeds = np.abs([pose.velocities[6:] for pose in poses])
    return float(np.nanmean(speeds)) if np.isfinite(speeds).any() else 0.0


RULES: Mapping[str, Callable[[Sequence[PersonPose]], float]] = {
    'largest': _largest,
    'longest': _longest,
    'leftmost': _leftmost,
    'most-moving': _most_moving,
}


class PersonSelection:
    """
    Passes on the images of a recording, with those persons alone who are meant.

    :param write: takes the time and the persons of each image, in the order of time.
    :param shortest_s: who is seen for less is left out, seconds.
    :param rule: see :func:`check_rule`; but for ``all``, everything is written at the end, since
        who is meant shows only then.
    """

    def __init__(
        self,
        write: Callable[[float, Sequence[PersonPose]], None],
        shortest_s: float,
        rule: str,
    ) -> None:
        check_rule(rule)
        self._write, self._rule = write, rule
        self._earned = EarnedPersons(shortest_s)
        self._kept: list[RecordedImage] = []

    def push(self, image: RecordedImage) -> None:
        """Take the next image in."""
        self._take(self._earned.push(image))

    def finish(self) -> None:
        """Pass on what is left; call once."""
        self._take(self._earned.flush())
        for image in only(self._kept, chosen_person(self._kept, self._rule)):
            self._write(image.time_s, image.poses)

    def _take(self, images: Iterable[RecordedImage]) -> None:
        for image in images:
            if self._rule == ALL:
                self._write(image.time_s, image.poses)
            else:
                self._kept.append(image)


def check_rule(rule: str) -> None:
    """
    Check what a user asks for.

    :param rule: ``all``, a name of :data:`RULES`, or ``X,Y`` in pixels of the first picture.
    :raises ValueError: names what may be asked for.
    """
    if rule != ALL and rule not in RULES:
        _point_px(rule)


def chosen_person(images: Iterable[RecordedImage], rule: str) -> int | None:
    """
    Find the person whom a rule means.

    :param images: of a recording, in the order of time.
    :param rule: see :func:`check_rule`; a point means whoever is nearest to it in the first image
        that shows anybody.
    :returns: the person's track id; None where nobody is there, or everybody is meant.
    :raises ValueError: for an unknown rule.
    """
    if rule == ALL:
        return None
    tracked = [
        [pose for pose in image.poses if pose.state is TrackingState.TRACKED] for image in images
    ]
    if rule not in RULES:
        first = next((poses for poses in tracked if poses), [])
        point_px = _point_px(rule)
        nearest = min(first, key=lambda pose: _distance_px(pose, point_px), default=None)
        return None if nearest is None else nearest.track_id
    persons: dict[int, list[PersonPose]] = {}
    for pose in (pose for poses in tracked for pose in poses):
        persons.setdefault(pose.track_id, []).append(pose)
    return max(persons, key=lambda person: RULES[rule](persons[person]), default=None)


def only(images: Iterable[RecordedImage], track_id: int | None) -> list[RecordedImage]:
    """
    Leave everybody else out.

    :param images: stay as they are.
    :param track_id: who stays; None keeps everybody.
    """
    return [
        image
        if track_id is None
        else replace(image, poses=[one for one in image.poses if one.track_id == track_id])
        for image in images
    ]


def _point_px(rule: str) -> FloatArray:
    parts = rule.split(',')
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        raise ValueError(
            f'person must be {ALL}, {", ".join(RULES)}, or X,Y in pixels of the first picture; '
            f'got {rule!r}'
        ) from None
    return np.array([x, y])


def _distance_px(pose: PersonPose, point_px: FloatArray) -> float:
    """Give the distance to the person's box, or, inside it, a little of that to its middle."""
    low, high = pose.box_xyxy_px[:2], pose.box_xyxy_px[2:]
    outside = np.maximum(np.maximum(low - point_px, point_px - high), 0.0)
    return float(np.linalg.norm(outside) + 1e-3 * np.linalg.norm((low + high) / 2 - point_px))
