"""
2D keypoints of one frame, beside where the markers would appear: to one feature vector.

Everything is projected along the line from the camera to the pelvis, at the pelvis's distance, so
that neither the person's place in the image nor the camera's lens matters. Depths are given
beside it, so that a part that looks larger because it is nearer differs from one that is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

# The marker at, or nearest to, each keypoint.
_STAND_IN = {
    **{f'{side}_eye{part}': f'{letter}_front_head'
       for side, letter in (('right', 'R'), ('left', 'L')) for part in ('', '_inner', '_outer')},
    **{f'{side}_ear': f'{letter}_tragion' for side, letter in (('right', 'R'), ('left', 'L'))},
    'nose': 'bp_nose',
    'mouth_right': 'chin',
    'mouth_left': 'chin',
    **{f'{side}_{finger}': f'{letter}_knuckle{number}'
       for side, letter in (('right', 'R'), ('left', 'L'))
       for finger, number in (('pinky', 5), ('index', 2), ('thumb', 1))},
    'right_heel': 'r_calc', 'left_heel': 'L_calc',
    'right_foot_index': 'R_toe_tip1', 'left_foot_index': 'L_toe_tip1',
}  # fmt: skip
KEYPOINT_MARKERS = torch.tensor(
    [MARKER_NAMES.index(_STAND_IN.get(name, f'bp_{name}')) for name in LANDMARK_NAMES]
)
# Features are given in this unit, so that they are near one.
_UNIT_M = 0.25
_NEAREST_M = 0.3  # points nearer to the camera, or behind it, count as this far away


@dataclass(frozen=True)
class View:
    """
    The line of sight to a person.

    :param rotations: [..., 3, 3], ground to view axes: x to the camera, y up in the image.
    :param distances_m: [..., 1].
    """

    rotations: Tensor
    distances_m: Tensor

    @staticmethod
    def of(origins_m: Tensor) -> View:
        """
        Look from the camera at points.

        :param origins_m: [..., 3], ground axes that start from the camera.
        """
        distances_m = (origins_m * origins_m).sum(-1, keepdim=True).sqrt().clamp(min=_NEAREST_M)
        towards = -origins_m / distances_m
        up = torch.zeros_like(origins_m) + origins_m.new_tensor([0.0, 1.0, 0.0])
        up = nn.functional.normalize(up - towards[..., 1:2] * towards, dim=-1, eps=1e-3)
        rotations = torch.stack([towards, up, torch.linalg.cross(towards, up)], -2)
        return View(rotations, distances_m)

    def project(self, points_m: Tensor) -> tuple[Tensor, Tensor]:
        """
        Show points at the distance of what is looked at.

        :param points_m: [..., points, 3], axes as above.
        :returns: up, and to the right of who faces the camera [..., points, 2], metres; how much
            nearer to the camera [..., points, 1], metres.
        """
        seen = points_m @ self.rotations.transpose(-1, -2)
        distances_m = self.distances_m[..., None, :]
        depths_m = (-seen[..., :1]).clamp(min=_NEAREST_M)
        return seen[..., 1:] * distances_m / depths_m, distances_m - depths_m


class KeypointEncoder(nn.Module):
    """Features of one frame from its keypoints and markers as the camera sees them."""

    rows: Tensor

    def __init__(self, config: NeurikConfig) -> None:
        """
        Build the encoder.

        :param config: sizes.
        """
        super().__init__()
        self.register_buffer('rows', KEYPOINT_MARKERS, persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(7 * config.keypoints + 10, 2 * config.frame_size),
            nn.GELU(),
            nn.Linear(2 * config.frame_size, config.frame_size),
            nn.GELU(),
            nn.Linear(config.frame_size, config.frame_size),
        )

    def forward(
        self,
        keypoints: tuple[Tensor, Tensor],
        markers: tuple[Tensor, Tensor],
        pelvis: tuple[Tensor, Tensor],
    ) -> Tensor:
        """
        Encode frames.

        :param keypoints: places [..., keypoints, 3] and confidence [..., keypoints].
        :param markers: places [..., markers, 3] and confidence [..., markers].
        :param pelvis: rotation [..., 3, 3] and origin [..., 3].
        :returns: [..., frame_size].
        """
        return self.layers(self.describe(keypoints, markers, pelvis))

    @torch.autocast('cpu', enabled=False)
    def describe(
        self,
        keypoints: tuple[Tensor, Tensor],
        markers: tuple[Tensor, Tensor],
        pelvis: tuple[Tensor, Tensor],
    ) -> Tensor:
        """
        Give what the layers see; parameters as of :meth:`forward`.

        :returns: [..., features].
        """
        rotation, origin_m = pelvis
        view = View.of(origin_m)
        seen_m, _ = view.project(keypoints[0])
        marked_m, nearer_m = view.project(markers[0][..., self.rows, :])
        is_marked = (markers[1][..., self.rows, None] > 0).to(seen_m)
        weight = keypoints[1][..., None]
        points = torch.cat(
            [
                seen_m * weight,
                (seen_m - marked_m) * weight * is_marked,
                nearer_m * is_marked,
                weight * _UNIT_M,
                is_marked * _UNIT_M,
            ],
            -1,
        )
        attitude = (view.rotations @ rotation)[..., :2].flatten(-2)
        sky = view.rotations[..., 1]
        return torch.cat([points.flatten(-2) / _UNIT_M, attitude, sky, 1 / view.distances_m], -1)
