"""The detector's landmarks on recovered bodies."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.keypoints.landmark_points import LANDMARK_POINTS
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes


class LandmarkPlaces:
    """
    Places the landmarks on recovered bodies.

    :attr landmarks: [points], rows of the detector's landmarks.
    :attr joints: [points], the joint that moves each.
    :attr stddev_m: [points].
    """

    def __init__(self) -> None:
        points = LANDMARK_POINTS
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
        Predict where the detector sees the landmarks.

        :param markers_m: [markers, 3], any right-handed axes.
        :returns: [points, 3], the same axes.
        """
        placed: FloatArray = self.on_markers(torch.from_numpy(markers_m)).numpy()
        return placed

    def on_markers(self, markers_m: Tensor) -> Tensor:
        """
        Predict the same, differentiably.

        :param markers_m: [..., markers, 3].
        :returns: [..., points, 3].
        """
        parts = self._axes(markers_m.float(), torch.ones(markers_m.shape[:-1]))
        offsets_m = torch.from_numpy(self._offsets_m).to(markers_m)[..., None]
        turned = parts.rotations[..., self._parts, :, :].to(markers_m) @ offsets_m
        return markers_m[..., self._markers, :] + turned[..., 0]
