"""A person's segments, placed by the skeleton and kept from skating by the feet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from biopose_ros.frames import GroundFrame
from biopose_ros.person.foot_contact import FOOT_MARKERS, FootContactTracker
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.forward_kinematics import SegmentFrames
from biopose_ros.skeleton.limits import search_limits
from biopose_ros.skeleton.marker_kinematics import compile_markers
from biopose_ros.skeleton.pelvis import PELVIS_SHIFTS


@dataclass(frozen=True, eq=False)
class StandingPose:
    """
    One person at one image.

    :param coordinates: [coordinates], the pelvis shifted by the feet.
    :param segment_rotations: [segments, 3, 3], segment axes to camera.
    :param segment_positions_m: [segments, 3], camera frame.
    :param foot_contact: [left and right], probability of standing, NaN where unknown.
    """

    coordinates: FloatArray
    segment_rotations: FloatArray
    segment_positions_m: FloatArray
    foot_contact: FloatArray


class StandingPerson:
    """
    Places one person's segments, image by image.

    :param skeleton: with the markers of heels and toes.
    :param ground: what the coordinates count from; feet are held where it stands still.
    :attr ground: the same; set anew before each image of a moving camera.
    """

    def __init__(self, skeleton: Skeleton, ground: GroundFrame) -> None:
        self._skeleton, self.ground = skeleton, ground
        self._feet = FootContactTracker()
        names = [name for foot in FOOT_MARKERS for name in foot]
        markers = compile_markers(skeleton, names, skeleton.default_coordinates)
        self._segments, self._offsets_m = markers.segments, markers.offsets_m
        self._shifts = [skeleton.coordinate_index(name) for name in PELVIS_SHIFTS]
        lower, upper = search_limits(skeleton, skeleton.lower_limits)
        self._lower, self._upper = lower.numpy(), upper.numpy()

    def place(
        self,
        coordinates: FloatArray,
        scales: FloatArray,
        stamp_s: float,
        is_measured: bool,
        is_held: bool,
    ) -> StandingPose:
        """
        Give the pose at an image.

        :param coordinates: [coordinates]; a filter may have overshot a joint's limit.
        :param scales: [segments, 3].
        :param stamp_s: seconds, increasing.
        :param is_measured: False where the person is hidden and only predicted.
        :param is_held: whether feet that stand hold the person.
        """
        coordinates = np.clip(coordinates, self._lower, self._upper)
        frames = self._skeleton.forward_kinematics(
            torch.from_numpy(coordinates), torch.from_numpy(scales)
        )
        is_known = is_measured and self.ground.is_static
        contact = self._feet.update(
            stamp_s, self._foot_points(frames, scales) if is_known else None
        )
        shift_m = contact.shift_m if is_held and self.ground.is_static else np.zeros(3)
        coordinates[self._shifts] += shift_m
        return StandingPose(
            coordinates,
            self.ground.camera_from_ground @ frames.rotations.numpy(),
            self.ground.to_camera(frames.positions_m.numpy() + shift_m),
            contact.probability,
        )

    def _foot_points(self, frames: SegmentFrames, scales: FloatArray) -> FloatArray:
        """Give heel and ball of the left and right foot, [2, 2, 3], ground frame."""
        offsets_m = self._offsets_m * torch.from_numpy(scales)[self._segments]
        return frames.points_m(self._segments, offsets_m).reshape(2, 2, 3).numpy()
