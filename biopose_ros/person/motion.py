"""From the skeletons fitted to one person, image by image, to poses that are smooth in time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biopose_ros.frames import GroundFrame
from biopose_ros.methods import PersonEstimate
from biopose_ros.person.filtering import CoordinateFilter, FilteredCoordinates, MotionModel
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.person.standing import StandingPerson
from biopose_ros.records import (
    BodySize,
    Camera,
    FloatArray,
    Markers,
    PersonCrop,
    PersonPose,
    TrackingState,
)
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.limits import is_circular


class PersonMotion:
    """
    Smooths one person's coordinates and places the segments.

    :param skeleton: of the coordinates.
    :param smoothing: strength of the filter, 0 to 1.
    :param ground: where the coordinates count from.
    """

    def __init__(self, skeleton: Skeleton, smoothing: float, ground: GroundFrame) -> None:
        self._skeleton = skeleton
        self._filter = CoordinateFilter(motion_model(skeleton), smoothing)
        self._standing = StandingPerson(skeleton, ground)
        self._placing = PersonPlacing(skeleton, ground)
        self._widest_stddev = widest_stddev(skeleton)
        self._size: BodySize | None = None
        self._last: PersonPose | None = None

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength of the filter.

        :param smoothing: 0 to 1.
        """
        self._filter.smoothing = smoothing

    def update(
        self,
        crop: PersonCrop,
        estimate: PersonEstimate | None,
        camera: Camera,
        stamp_ns: int,
    ) -> PersonPose | None:
        """
        Give the pose at an image.

        :param crop: of this image.
        :param estimate: of the skeleton; None where the person is not measured.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: None while the person cannot be placed.
        """
        stamp_s = stamp_ns * 1e-9
        if estimate is None:
            # Seen before but not measured now: predict, with growing uncertainty.
            filtered = self._filter.predict(stamp_s)
            markers = Markers((), np.zeros((0, 3)), np.zeros(0))
        else:
            self._size = estimate.size
            placed = self._placing.from_leaning(estimate.solution)
            filtered = self._filter.update(placed.coordinates, placed.stddev, stamp_s)
            markers = placed.markers
        size = self._size
        if filtered is None or size is None:
            return None
        distance_stddev = self._placing.distance_stddev(filtered.positions, size, camera)
        stddev = np.hypot(filtered.stddev, distance_stddev)
        filtered = replace(filtered, stddev=np.minimum(stddev, self._widest_stddev))
        pose = self._pose(crop, stamp_ns, filtered, markers, size)
        self._last = pose if estimate is None else replace(pose, body=estimate.body)
        return self._last

    def lost(self, stamp_ns: int) -> PersonPose | None:
        """
        Give the last record of a person who is followed no more.

        :param stamp_ns: of the image in which that became clear.
        :returns: nothing is known in it but the body's size; None where there was no pose ever.
        """
        return None if self._last is None else lost_person(self._last, stamp_ns)

    def _pose(
        self,
        crop: PersonCrop,
        stamp_ns: int,
        filtered: FilteredCoordinates,
        markers: Markers,
        size: BodySize,
    ) -> PersonPose:
        is_measured = bool(markers.names)
        standing = self._standing.place(
            within_limits(self._skeleton, filtered.positions),
            size.scales,
            stamp_ns * 1e-9,
            is_measured,
            is_held=self._filter.smoothing > 0.0,
        )
        return PersonPose(
            person_id=f'person_{crop.track_id}',
            stamp_ns=stamp_ns,
            state=crop.state if is_measured else TrackingState.OCCLUDED,
            confidence=crop.confidence,
            coordinates=standing.coordinates,
            velocities=filtered.velocities,
            stddev=filtered.stddev,
            scales=size.scales,
            scale_stddev=size.scale_stddev,
            segment_rotations=standing.segment_rotations,
            segment_positions_m=standing.segment_positions_m,
            markers=markers,
            stature_m=size.stature_m,
            stature_stddev_m=size.stature_stddev_m,
            box_xyxy_px=crop.box_xyxy_px,
            keypoints_px=crop.keypoints_px,
            keypoint_confidence=crop.keypoint_confidence,
            foot_contact=standing.foot_contact,
        )


def lost_person(last: PersonPose, stamp_ns: int) -> PersonPose:
    """
    Make the last record of a person who is followed no more.

    :param last: what was known last.
    :param stamp_ns: of the image in which the person was lost.
    :returns: nothing is known in it but the body's size.
    """

    def unknown(values: FloatArray) -> FloatArray:
        return np.full_like(values, np.nan)

    return replace(
        last,
        stamp_ns=stamp_ns,
        state=TrackingState.LOST,
        confidence=0.0,
        coordinates=unknown(last.coordinates),
        velocities=unknown(last.velocities),
        stddev=unknown(last.stddev),
        segment_rotations=unknown(last.segment_rotations),
        segment_positions_m=unknown(last.segment_positions_m),
        foot_contact=unknown(last.foot_contact),
        body=None,
    )


def motion_model(skeleton: Skeleton) -> MotionModel:
    """
    Tell how a skeleton's coordinates move.

    :param skeleton: any skeleton.
    """
    return MotionModel(skeleton.is_rotation.numpy(), is_circular(skeleton).numpy())


def widest_stddev(skeleton: Skeleton) -> FloatArray:
    """
    Tell how uncertain a coordinate can be at most: as if it were anywhere within its limits.

    :param skeleton: with the limits.
    :returns: [coordinates], 1 sigma of the uniform distribution, radians; infinite for
        translations.
    """
    width = (skeleton.upper_limits - skeleton.lower_limits).numpy()
    width = np.where(is_circular(skeleton), 2 * np.pi, width)
    anywhere: FloatArray = np.where(skeleton.is_rotation.numpy(), width / np.sqrt(12), np.inf)
    return anywhere


def within_limits(skeleton: Skeleton, coordinates: FloatArray) -> FloatArray:
    """
    Cut off where a filter overshoots a joint's limit; full turns have none.

    :param skeleton: with the limits.
    :param coordinates: [..., coordinates].
    """
    lower, upper = skeleton.lower_limits.numpy(), skeleton.upper_limits.numpy()
    return np.where(is_circular(skeleton), coordinates, np.clip(coordinates, lower, upper))
