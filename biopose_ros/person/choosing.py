"""Selects persons of a recording by a rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from biopose_ros.person.recording import RecordedImage
from biopose_ros.records import FloatArray, PersonPose

ALL = 'all'


def _largest(poses: Sequence[PersonPose]) -> float:
    return float(np.median([box_area_px(pose) for pose in poses]))


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


def check_rule(rule: str, size_px: tuple[int, int] | None = None) -> None:
    """
    Check a rule that a user gave.

    :param rule: ``all``, a name of :data:`RULES`, or ``X,Y`` in pixels of the first picture.
    :param size_px: width and height of that picture; None where they are not known yet.
    :raises ValueError: names what may be asked for.
    """
    if rule == ALL or rule in RULES:
        return
    point_px = _point_px(rule)
    if size_px is not None and not ((point_px >= 0) & (point_px < size_px)).all():
        raise ValueError(
            f'person {rule} lies outside of the first picture, {size_px[0]}x{size_px[1]} px'
        )


def chosen_person(
    images: Iterable[RecordedImage], rule: str, candidates: Collection[int]
) -> int | None:
    """
    Find the person whom a rule selects.

    :param images: of a recording, in the order of time.
    :param rule: see :func:`check_rule`; a point chooses the person nearest to it in the first
        image that shows any of the candidates.
    :param candidates: track ids of those who may be meant.
    :returns: the person's track id; None where there are no candidates, or the rule keeps all.
    :raises ValueError: for an unknown rule.
    """
    if rule == ALL:
        return None
    tracked = [
        [pose for pose in image.poses if pose.state.is_seen and pose.track_id in candidates]
        for image in images
    ]
    if rule not in RULES:
        first = next((poses for poses in tracked if poses), [])
        point_px = _point_px(rule)
        nearest = min(first, key=lambda pose: distance_px(pose, point_px), default=None)
        return None if nearest is None else nearest.track_id
    persons: dict[int, list[PersonPose]] = {}
    for pose in (pose for poses in tracked for pose in poses):
        persons.setdefault(pose.track_id, []).append(pose)
    return max(persons, key=lambda person: RULES[rule](persons[person]), default=None)


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


def box_area_px(pose: PersonPose) -> float:
    """Give the area of a person's box in the image, pixels squared."""
    left, top, right, bottom = pose.box_xyxy_px
    return float((right - left) * (bottom - top))


def distance_px(pose: PersonPose, point_px: FloatArray) -> float:
    """
    Give the distance of a point to a person's box, plus a thousandth of that to its middle.

    :param pose: of the person.
    :param point_px: [2], of the image.
    """
    low, high = pose.box_xyxy_px[:2], pose.box_xyxy_px[2:]
    outside = np.maximum(np.maximum(low - point_px, point_px - high), 0.0)
    return float(np.linalg.norm(outside) + 1e-3 * np.linalg.norm((low + high) / 2 - point_px))
