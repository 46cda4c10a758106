"""Where the detector's landmarks lie on the body, and how well it sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes


@dataclass(frozen=True)
class LandmarkPoint:
    """
    One landmark, right side or middle.

    :param marker: the virtual marker at its place.
    :param joint: of the body, whose rotation moves it.
    :param part: whose axes the offset is given in.
    :param offset_m: from the marker to where the detector puts the landmark: forward, up, right.
    :param stddev_m: 1 sigma of its error across the image.
    """

    marker: str
    joint: str
    part: str
    offset_m: tuple[float, float, float]
    stddev_m: float


# Offsets and errors of the heavy BlazePose network on synthetic sequences of the train split,
# `biopose evaluate keypoints`, means of both sides. Fingers, eyes and mouth add nothing.
_POINTS = {
    'nose': LandmarkPoint('bp_nose', 'head', 'head', (-0.035, 0.014, 0.0), 0.023),
    'right_ear': LandmarkPoint('R_tragion', 'head', 'head', (0.016, 0.010, -0.025), 0.015),
    'right_shoulder': LandmarkPoint(
        'bp_right_shoulder', 'right_collar', 'torso', (0.002, 0.028, 0.004), 0.024
    ),
    'right_elbow': LandmarkPoint(
        'bp_right_elbow', 'right_shoulder', 'humerus_r', (0.017, 0.016, 0.010), 0.027
    ),
    'right_wrist': LandmarkPoint(
        'bp_right_wrist', 'right_elbow', 'forearm_r', (0.0, 0.013, 0.003), 0.026
    ),
    'right_hip': LandmarkPoint('bp_right_hip', 'pelvis', 'pelvis', (0.011, -0.002, 0.019), 0.030),
    'right_knee': LandmarkPoint(
        'bp_right_knee', 'right_hip', 'femur_r', (0.006, 0.022, 0.004), 0.021
    ),
    'right_ankle': LandmarkPoint(
        'bp_right_ankle', 'right_knee', 'tibia_r', (0.005, 0.034, -0.001), 0.015
    ),
    'right_heel': LandmarkPoint('r_calc', 'right_ankle', 'foot_r', (0.022, 0.012, -0.009), 0.020),
    'right_foot_index': LandmarkPoint(
        'R_toe_tip1', 'right_foot', 'foot_r', (-0.026, 0.014, 0.012), 0.023
    ),
}


class LandmarkPlaces:
    """
    Places the landmarks on recovered bodies.

    :attr landmarks: [points], rows of the detector's landmarks.
    :attr joints: [points], the joint that moves each.
    :attr stddev_m: [points].
    """

    def __init__(self) -> None:
        points = {**_POINTS, **{_left(name): _left_of(p) for name, p in _POINTS.items()}}
        self.landmarks = np.array([LANDMARK_NAMES.index(name) for name in points])
        self.joints = np.array([JOINT_NAMES.index(point.joint) for point in points.values()])
        self.stddev_m = np.array([point.stddev_m for point in points.values()])
        self._markers = [MARKER_NAMES.index(point.marker) for point in points.values()]
        names = [part.name for part in BODY_PARTS]
        self._parts = [names.index(point.part) for point in points.values()]
        self._offsets_m = np.array([point.offset_m for point in points.values()])
        self._axes = PartAxes()

    def positions_m(self, markers_m: FloatArray) -> FloatArray:
        """
        Tell where the detector would see the landmarks.

        :param markers_m: [markers, 3], any right-handed axes.
        :returns: [points, 3], the same axes.
        """
        placed: FloatArray = self.on_markers(torch.from_numpy(markers_m)).numpy()
        return placed

    def on_markers(self, markers_m: Tensor) -> Tensor:
        """
        Tell the same, differentiably.

        :param markers_m: [..., markers, 3].
        :returns: [..., points, 3].
        """
        parts = self._axes(markers_m.float(), torch.ones(markers_m.shape[:-1]))
        offsets_m = torch.from_numpy(self._offsets_m).to(markers_m)[..., None]
        turned = parts.rotations[..., self._parts, :, :].to(markers_m) @ offsets_m
        return markers_m[..., self._markers, :] + turned[..., 0]


def _left(name: str) -> str:
    return name.replace('right', 'left').replace('R_', 'L_', 1).replace('r_calc', 'L_calc')


def _left_of(point: LandmarkPoint) -> LandmarkPoint:
    forward, up, right = point.offset_m
    part = point.part.removesuffix('_r') + '_l' if point.part.endswith('_r') else point.part
    return LandmarkPoint(
        _left(point.marker), _left(point.joint), part, (forward, up, -right), point.stddev_m
    )
