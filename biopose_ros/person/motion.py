"""From the skeletons fitted to one person, image by image, to poses that are smooth in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from biopose_ros.frames import GroundFrame
from biopose_ros.person.estimator import EstimatedCoordinates, MotionEstimator
from biopose_ros.person.mass import PersonMass
from biopose_ros.person.motion_model import MotionModel
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.person.standing import StandingPerson
from biopose_ros.records import (
    BodySize,
    Camera,
    FloatArray,
    ImageEvidence,
    Markers,
    PersonCrop,
    PersonEstimate,
    PersonPose,
    TrackingState,
)
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.limits import is_circular, search_limits


class PersonMotion:
    """
    Estimates one person's coordinates over time and places the segments.

    :param skeleton: of the coordinates.
    :param smoothing: strength of the estimator, 0 to 1.
    :param ground: where the coordinates count from.
    :param mass_kg: of the person; None estimates it.
    :param body: the body model whose shape is seen; None for the default one.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        smoothing: float,
        ground: GroundFrame,
        mass_kg: float | None = None,
        body: Path | None = None,
    ) -> None:
        self._points = SkeletonPoints(skeleton, ground)
        self._estimator = build_estimator(skeleton, self._points.count, smoothing)
        self._standing = StandingPerson(skeleton, ground)
        self._placing = PersonPlacing(skeleton, ground)
        self._size: BodySize | None = None
        self._mass = PersonMass(mass_kg, body)
        self._last: PersonPose | None = None

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength of the estimator.

        :param smoothing: 0 to 1.
        """
        self._estimator.smoothing = smoothing

    def stand_on(self, ground: GroundFrame) -> None:
        """
        Set the ground frame, from the next image on.

        :param ground: as the camera sees it then.
        """
        self._points.ground = self._standing.ground = self._placing.ground = ground

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
        evidence = None
        if estimate is None:
            # Seen before but not measured now: predict, with growing uncertainty.
            found = self._estimator.predict(stamp_s)
        else:
            self._size = estimate.size
            self._mass.observe(estimate)
            evidence = ImageEvidence(
                self._placing.from_leaning(estimate.solution), self._points.seen(crop, camera)
            )
            found = self._estimator.update(
                evidence.fit.coordinates,
                evidence.fit.stddev,
                stamp_s,
                self._points.evidence(evidence.keypoints, estimate.size.scales),
            )
        size = self._size
        if found is None or size is None:
            return None
        stddev = self._placing.with_distance(found.stddev, found.positions, size, camera)
        found = replace(found, stddev=stddev)
        pose = self._pose(crop, stamp_ns, found, evidence, size)
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
        found: EstimatedCoordinates,
        evidence: ImageEvidence | None,
        size: BodySize,
    ) -> PersonPose:
        is_measured = evidence is not None
        markers = evidence.fit.markers if evidence else Markers((), np.zeros((0, 3)), np.zeros(0))
        standing = self._standing.place(
            found.positions,
            size.scales,
            stamp_ns * 1e-9,
            is_measured,
            is_held=self._estimator.smoothing > 0.0,
        )
        return PersonPose(
            track_id=crop.track_id,
            stamp_ns=stamp_ns,
            state=crop.state if is_measured or not crop.is_looked_at else TrackingState.OCCLUDED,
            confidence=crop.confidence,
            coordinates=standing.coordinates,
            velocities=found.velocities,
            stddev=found.stddev,
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
            mass_kg=self._mass.mass_kg,
            mass_stddev_kg=self._mass.stddev_kg,
            evidence=evidence,
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
        evidence=None,
    )


def build_estimator(skeleton: Skeleton, points: int, smoothing: float) -> MotionEstimator:
    """
    Make the estimator of a skeleton's coordinates.

    :param skeleton: any skeleton.
    :param points: number of keypoints.
    :param smoothing: 0 to 1.
    """
    model = MotionModel(skeleton.is_rotation.numpy(), is_circular(skeleton).numpy(), points)
    lower, upper = search_limits(skeleton, skeleton.lower_limits)
    return MotionEstimator(model, (lower.numpy(), upper.numpy()), smoothing)
