"""Poses of a recording, estimated with what came before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.frames import GroundFrame
from biopose_ros.person.estimator import MAX_GAP_S, Step
from biopose_ros.person.motion import build_estimator
from biopose_ros.person.motion_model import Belief
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.person.smoothing import smoothed
from biopose_ros.person.standing import StandingPerson
from biopose_ros.records import BodySize, Camera, PersonPose
from biopose_ros.skeleton import Skeleton

# Poses are smoothed in blocks, with some images after the block known: an image takes 0.4 MB of
# memory, and later ones change next to nothing.
_BLOCK_IMAGES, _AHEAD_IMAGES = 90, 60
_SAME_TIME_S = 1e-6  # stamps of a steady camera are rounded


@dataclass(frozen=True)
class RecordedImage:
    """
    The persons of one image.

    :param time_s: of the image.
    :param poses: everybody in it.
    """

    time_s: float
    poses: Sequence[PersonPose]


class RecordingSmoother:
    """
    Estimates everybody's coordinates with what comes after, and places the segments anew.

    Tracking states, and all that does not follow from coordinates, stay unchanged. Before the
    first and after the last sighting between two long gaps a pose stays as predicted.

    :param skeleton: of the poses.
    :param camera: of the images.
    :param smoothing: strength, 0 to 1.
    :param lag_s: an image is finished once one is known that is so much later; None takes 2 s and
        more, in blocks.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        camera: Camera,
        smoothing: float,
        lag_s: float | None = None,
    ) -> None:
        self._skeleton, self._camera = skeleton, camera
        self._smoothing, self._lag_s = smoothing, lag_s
        self._waiting: list[RecordedImage] = []
        self._persons: dict[int, _Track] = {}

    def add(self, image: RecordedImage, ground: GroundFrame) -> list[RecordedImage]:
        """
        Take the next image in.

        :param image: made by a pipeline.
        :param ground: what the coordinates of its persons count from.
        :returns: the images that are finished by it, in the order of time.
        :raises ValueError: when it is not later than the one before.
        """
        if self._waiting and image.time_s <= self._waiting[-1].time_s:
            raise ValueError(
                f'times must increase, got {self._waiting[-1].time_s} s and then '
                f'{image.time_s} s; smooth each time line by itself'
            )
        self._waiting.append(image)
        for pose in image.poses:
            if pose.track_id not in self._persons:
                self._persons[pose.track_id] = _Track(
                    self._skeleton, self._camera, ground, self._smoothing
                )
            self._persons[pose.track_id].add(image.time_s, pose, ground)
        return self._finished(self._settled_images())

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength, from the next image on.

        :param smoothing: 0 to 1.
        """
        self._smoothing = smoothing
        for track in self._persons.values():
            track.set_smoothing(smoothing)

    def finish(self) -> list[RecordedImage]:
        """
        End the recording, or wait no longer.

        :returns: the images that are left.
        """
        return self._finished(len(self._waiting))

    def _settled_images(self) -> int:
        """Count the images after which enough is known."""
        if self._lag_s is None:
            is_enough = len(self._waiting) >= _BLOCK_IMAGES + _AHEAD_IMAGES
            return _BLOCK_IMAGES if is_enough else 0
        until_s = self._waiting[-1].time_s - self._lag_s + _SAME_TIME_S
        return sum(image.time_s <= until_s for image in self._waiting)

    def _finished(self, count: int) -> list[RecordedImage]:
        done, self._waiting = self._waiting[:count], self._waiting[count:]
        if not done:
            return []
        poses = {id_: track.finished(done[-1].time_s) for id_, track in self._persons.items()}
        finished = [
            replace(image, poses=[next(poses[pose.track_id]) for pose in image.poses])
            for image in done
        ]
        present = {pose.track_id for image in (*self._waiting, done[-1]) for pose in image.poses}
        self._persons = {name: self._persons[name] for name in self._persons if name in present}
        return finished


class _Track:
    """One person of a recording."""

    def __init__(
        self, skeleton: Skeleton, camera: Camera, ground: GroundFrame, smoothing: float
    ) -> None:
        self._camera = camera
        self._points = SkeletonPoints(skeleton, ground)
        self._estimator = build_estimator(skeleton, self._points.count, smoothing)
        self._placing = PersonPlacing(skeleton, ground)
        self._standing = StandingPerson(skeleton, ground)
        self._poses: list[tuple[float, PersonPose]] = []
        self._steps: dict[float, Step] = {}
        self._hidden_s: list[float] = []
        self._last: PersonPose | None = None

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength.

        :param smoothing: 0 to 1.
        """
        self._estimator.smoothing = smoothing

    def add(self, time_s: float, pose: PersonPose, ground: GroundFrame) -> None:
        """
        Take the next image in.

        :param time_s: of the image.
        :param pose: of the person.
        :param ground: the same frame as before; whether it is known to be level may change.
        """
        self._points.ground = ground
        self._poses.append((time_s, pose))
        if pose.evidence is None:
            self._hidden_s.append(time_s)
            return
        last = self._estimator.last
        if last is not None and time_s - last.stamp_s <= MAX_GAP_S:
            for hidden_s in self._hidden_s:  # a short gap, to be filled from both sides
                self._steps[hidden_s] = self._estimator.skip(hidden_s)
        self._hidden_s.clear()
        points = self._points.evidence(pose.evidence.keypoints, pose.scales)
        fit = pose.evidence.fit
        self._estimator.update(fit.coordinates, fit.stddev, time_s, points)
        assert self._estimator.last is not None
        self._steps[time_s] = self._estimator.last

    def finished(self, until_s: float) -> Iterator[PersonPose]:
        """
        Give out poses.

        :param until_s: time of the last.
        """
        beliefs = dict(
            zip(
                self._steps,
                smoothed(list(self._steps.values()), self._estimator.model),
                strict=True,
            )
        )
        poses = [(time_s, pose) for time_s, pose in self._poses if time_s <= until_s]
        self._poses = self._poses[len(poses) :]
        self._steps = {time_s: s for time_s, s in self._steps.items() if time_s > until_s}
        self._hidden_s = [time_s for time_s in self._hidden_s if time_s > until_s]
        finished = []
        for time_s, pose in poses:
            if time_s in beliefs:
                self._last = self._placed(pose, beliefs[time_s], time_s)
            else:
                self._last = self._predicted(pose)
            finished.append(self._last)
        return iter(finished)

    def _predicted(self, pose: PersonPose) -> PersonPose:
        """Keep a predicted pose; count its whole turns as the smoothed poses before it do."""
        if self._last is None:
            return pose
        turns = np.round((self._last.coordinates - pose.coordinates) / (2.0 * np.pi))
        turns[~self._estimator.model.is_circular | np.isnan(turns)] = 0.0
        if not turns.any():
            return pose
        return replace(pose, coordinates=pose.coordinates + 2.0 * np.pi * turns)

    def _placed(self, pose: PersonPose, belief: Belief, time_s: float) -> PersonPose:
        found = self._estimator.report(belief)
        size = BodySize(pose.scales, pose.scale_stddev, pose.stature_m, pose.stature_stddev_m)
        placed = self._standing.place(
            found.positions,
            pose.scales,
            time_s,
            is_measured=pose.evidence is not None,
            is_held=self._estimator.smoothing > 0.0,
        )
        return replace(
            pose,
            coordinates=placed.coordinates,
            velocities=found.velocities,
            stddev=self._placing.with_distance(found.stddev, found.positions, size, self._camera),
            segment_rotations=placed.segment_rotations,
            segment_positions_m=placed.segment_positions_m,
            foot_contact=placed.foot_contact,
        )
