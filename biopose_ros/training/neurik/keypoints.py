"""2D keypoints with a detector's errors, simulated from clean markers."""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.detection.landmarks import LANDMARK_NAMES
from biopose_ros.inverse_kinematics.body_parts import MARKER_NAMES

# Landmarks without a marker in the network's set stand at the nearest marker; their errors are
# part of what the network learns to weigh.
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
_ROWS = torch.tensor(
    [MARKER_NAMES.index(_STAND_IN.get(name, f'bp_{name}')) for name in LANDMARK_NAMES]
)
# A good detector's 2D error at body scale, 1 sigma per axis, half of it lasting over the window.
_ERROR_M = 0.016
_NEAREST_M, _FARTHEST_M = 2.0, 6.0


def simulated_keypoints(
    positions_m: Tensor, times_s: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """
    Project markers, add noise, and give back where their rays cross the pelvis's plane.

    :param positions_m: [batch, frames, markers, 3], ground axes: x points to the camera.
    :param times_s: [batch, frames].
    :param generator: of the random numbers.
    :returns: [batch, frames, keypoints, 3] metres, and confidence [batch, frames, keypoints].
    """
    points_m = positions_m[:, :, _ROWS]
    batch, frames, count = points_m.shape[:3]

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=generator)

    distance_m = _NEAREST_M + (_FARTHEST_M - _NEAREST_M) * uniform(batch, 1, 1)
    nearer = distance_m / (distance_m - points_m[..., 0]).clamp(min=0.5)
    confidence = (1.2 - 0.7 * uniform(batch, 1, count) ** 2).clamp(max=1.0)
    confidence = confidence.expand(batch, frames, count)
    spread_m = _ERROR_M * (0.5 + 2 * (1 - confidence))[..., None]
    noise = torch.randn((batch, frames, count, 2), generator=generator)
    lasting = torch.randn((batch, 1, count, 2), generator=generator)
    lateral_m = points_m[..., 1:] * nearer[..., None] + spread_m * (noise + lasting) / 2**0.5
    crossed_m = torch.cat([torch.zeros_like(lateral_m[..., :1]), lateral_m], -1)
    seen = uniform(batch, frames, count) < confidence
    return crossed_m, confidence * seen
