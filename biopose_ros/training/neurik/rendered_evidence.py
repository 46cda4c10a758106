"""Outputs of the networks on synthetic image sequences, with the truth, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Evidence
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.training.neurik.data import LabelledMotion, Truth

_Evidence = TypeVar('_Evidence', bound='RenderedEvidence')


@dataclass(frozen=True, eq=False)
class RenderedEvidence(LabelledMotion):
    """
    Image sequences of one split, end to end, as NeurIK sees them live.

    Axes are those of the ground frame of a camera: x points to it. All positions, also the true
    ones, are relative to the middle of the two *estimated* hip markers of their frame. Where a
    weight is 0 the value may be any finite number; a frame without a detection has no weight at
    all, and its positions are relative to the last origin.

    Angles, pelvis and factors are true.

    :param markers_m: the markers that the network is shown: those of the recovered body.
    :param origins_m: [frames, 3], where that origin is; the camera, where the rays start, is
        at zero.
    :param marker_weights: [frames, markers], 0 to 1.
    :param keypoints_m: [frames, 33, 3], order of
        :data:`biopose_ros.keypoints.landmarks.LANDMARK_NAMES`: where the rays of the 2D
        keypoints cross the plane through the origin that faces the camera.
    :param keypoint_weights: [frames, 33], 0 to 1.
    :param features: [frames, features], the mesh network's description of each frame.
    """

    origins_m: Tensor
    marker_weights: Tensor
    keypoints_m: Tensor
    keypoint_weights: Tensor
    features: Tensor

    @classmethod
    def load(cls: type[_Evidence], path: Path) -> _Evidence:
        """
        Read a file.

        :param path: written by :meth:`save`.
        :raises ValueError: when markers, keypoints or features are not those of this release.
        """
        rendered = super().load(path)
        for name, wanted in (
            ('keypoints_m', len(LANDMARK_NAMES)),
            ('features', NeurikConfig().feature_size),
        ):
            if (found := getattr(rendered, name).shape[1]) != wanted:
                raise ValueError(
                    f'{path}: {name} has {found} columns, the network takes {wanted}; '
                    'render the sequences again with this release'
                )
        return rendered

    def of_frames(self, clip: Tensor, rows: Tensor) -> tuple[Evidence, Truth]:
        """
        Show frames as the network sees them live.

        :param clip: [batch], numbers of the clips.
        :param rows: [batch, frames], rows of the file.
        """
        origins_m = self.origins_m[rows].float()
        shift_m = origins_m[:, :, None]
        times_s = (rows - rows[:, :1]) / self.rates_hz[clip, None].float()
        evidence = Evidence(
            self.markers_m[rows].float() + shift_m,
            self.marker_weights[rows].float(),
            times_s,
            self.keypoints_m[rows].float() + shift_m,
            self.keypoint_weights[rows].float(),
            self.features[rows].float(),
            (self.marker_weights[rows] > 0).any(-1).float(),  # whether anybody was detected
        )
        truth = Truth(
            self.angles_rad[rows].float(),
            self.pelvis_rotations[rows].float(),
            self.pelvis_positions_m[rows].float() + origins_m,
            self.factors[clip].float()[:, None].expand(-1, rows.shape[1], -1),
        )
        return evidence, truth
