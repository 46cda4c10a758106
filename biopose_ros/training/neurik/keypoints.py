"""
2D keypoints with a detector's errors, simulated from clean markers.

The figures are those of the heavy landmark network on 16,000 synthetic images of the training
split, compared with the markers of :data:`KEYPOINT_MARKERS`: its landmarks are defined a little
elsewhere, its errors have heavy tails, grow where it is less sure, and now and then it takes the
person's back for the front. How the errors last over time cannot be seen in single images; half a
second is assumed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.keypoint_encoder import KEYPOINT_MARKERS, View
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, MIRROR_INDEX
from biopose_ros.training.neurik.noise import drift, spans
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes

# Millimetres from the marker to the landmark in the axes of the right (or middle) part: forward,
# up, to the right; and the median error where the network is sure.
_MEASURED_MM = {
    'nose': (-38, 16, 0, 27),
    'eye_inner': (-10, -44, -33, 25),
    'eye': (-14, -45, -23, 25),
    'eye_outer': (-17, -46, -13, 25),
    'ear': (0, 14, -24, 19),
    'mouth': (-38, 47, 16, 24),
    'shoulder': (1, 31, 0, 28),
    'elbow': (16, 15, 10, 23),
    'wrist': (-1, 6, 3, 17),
    'pinky': (11, 11, 25, 18),
    'index': (15, 10, -12, 17),
    'thumb': (-7, -1, -30, 18),
    'hip': (15, -4, 13, 36),
    'knee': (4, 20, 3, 24),
    'ankle': (4, 36, -2, 16),
    'heel': (20, 15, -10, 20),
    'foot_index': (-29, 14, 23, 22),
}
_ALWAYS_SURE = ('nose', 'eye', 'ear', 'mouth', 'shoulder', 'hip')
# Shares of the variance, and how long errors and doubts last, seconds.
_LASTING = ((0.35, 100.0), (0.45, 0.5), (0.2, 0.05))
_DOUBTING = ((0.4, 100.0), (0.6, 0.3))
# Logit of the confidence: mean and 1 sigma; and how the error grows as it falls.
_SURE, _DOUBT, _GROWTH = 2.0, 2.2, 0.22
_TAIL = 0.6  # 1 sigma of the logarithm of the error's size
_MEDIAN = 1.177  # of the length of a normal vector in the plane, over 1 sigma of each axis
_SWAPS = 0.12  # of the windows, for a quarter of their length
_MIRRORED = torch.tensor(MIRROR_INDEX)
_PARTS = torch.tensor(
    [
        next(i for i, part in enumerate(BODY_PARTS) if MARKER_NAMES[row] in part.markers)
        for row in KEYPOINT_MARKERS.tolist()
    ]
)


def _stem(name: str) -> str:
    return '_'.join(word for word in name.split('_') if word not in ('left', 'right'))


def _measured(name: str) -> tuple[float, ...]:
    x, y, z, error = _MEASURED_MM[_stem(name)]
    return (x / 1e3, y / 1e3, (-z if 'left' in name else z) / 1e3, error / 1e3)


_FIGURES = torch.tensor([_measured(name) for name in LANDMARK_NAMES])
_IS_SURE = torch.tensor([_stem(name).startswith(_ALWAYS_SURE) for name in LANDMARK_NAMES])


class SimulatedDetector:
    """
    Sees clips of clean markers as 2D keypoints.

    :param generator: of the random numbers.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.axes = PartAxes()

    def __call__(
        self, positions_m: Tensor, origins_m: Tensor, times_s: Tensor
    ) -> tuple[Tensor, Tensor]:
        """
        Project markers and err.

        :param positions_m: [batch, frames, markers, 3], clean, ground axes from the camera.
        :param origins_m: [batch, frames, 3], of the pelvis.
        :param times_s: [batch, frames].
        :returns: where the keypoints' rays cross the plane through the origin that faces the
            camera, [batch, frames, keypoints, 3], and confidence [batch, frames, keypoints].
        """
        view = View.of(origins_m)
        seen_m, _ = view.project(self._landmarks_m(positions_m))
        logit = self._logit(times_s)
        size = (*logit.shape, 2)
        tail = _TAIL * torch.randn((len(times_s), 1, logit.shape[-1]), generator=self.generator)
        spread_m = _FIGURES[:, 3] / _MEDIAN * torch.exp(_GROWTH * (3 - logit) + tail)
        seen_m = seen_m + spread_m[..., None] * drift(size, times_s, _LASTING, self.generator)
        confidence = torch.where(_IS_SURE, 1.0, logit.sigmoid())
        batch, frames = times_s.shape
        happens = torch.rand((batch, 1), generator=self.generator) < _SWAPS
        swapped = spans(batch, frames, 0.5, self.generator) & happens
        seen_m = torch.where(swapped[..., None, None], seen_m[:, :, _MIRRORED], seen_m)
        away_m = torch.cat([torch.zeros_like(seen_m[..., :1]), seen_m], -1) @ view.rotations
        return origins_m[..., None, :] + away_m, confidence

    def _landmarks_m(self, positions_m: Tensor) -> Tensor:
        """Place the true landmarks beside their markers: [batch, frames, keypoints, 3]."""
        axes = self.axes(positions_m, torch.ones_like(positions_m[..., 0])).rotations
        offsets_m = (axes[..., _PARTS, :, :] @ _FIGURES[:, :3, None]).squeeze(-1)
        return positions_m[..., KEYPOINT_MARKERS, :] + offsets_m

    def _logit(self, times_s: Tensor) -> Tensor:
        """Draw how sure the network is, [batch, frames, keypoints]; a side goes together."""
        batch, frames = times_s.shape
        of_side = drift((batch, frames, 3), times_s, _DOUBTING, self.generator)
        sides = torch.tensor(
            [0 if 'left' in name else 1 if 'right' in name else 2 for name in LANDMARK_NAMES]
        )
        own = drift((batch, frames, len(sides)), times_s, _DOUBTING, self.generator)
        logit = _SURE + _DOUBT * (0.6**0.5 * of_side[..., sides] + 0.4**0.5 * own)
        return torch.where(_IS_SURE, 3.0, logit)
