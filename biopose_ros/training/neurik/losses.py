"""Losses of NeurIK, by name; all are means over frames that weigh the last ones more."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.neurik import PELVIS_COORDINATES, NeurikEstimate
from biopose_ros.skeleton import Skeleton, scale_groups
from biopose_ros.skeleton.pelvis import pelvis_coordinates
from biopose_ros.training.neurik.data import Truth

# Body points whose places count: origins of the segments, and points so far along their axes.
_LEVER_M = 0.15


# Angles are in radians, places in units of 0.1 m.
_WEIGHTS = {
    'angle': 4.0,
    'attitude': 4.0,
    'place': 1.0,
    'pelvis': 1.0,
    'factor': 3.0,
    'velocity': 2.0,
    'likelihood': 0.02,
}
# Most frames of a window, and of a batch, on which forward kinematics is run.
_KINEMATICS_FRAMES, _KINEMATICS_SAMPLES = 6, 192


class NeurikLoss:
    """
    Compares an estimate with the truth.

    :param skeleton: the default one.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self.groups = scale_groups(skeleton)

    def __call__(self, estimate: NeurikEstimate, truth: Truth) -> dict[str, Tensor]:
        """
        Give each loss, unweighted.

        :param estimate: of windows, [batch, frames, ...].
        :param truth: of the same windows.
        """
        frames = truth.angles_rad.shape[1]
        weight = _frame_weights(frames).to(truth.angles_rad.device)
        angle = _huber(wrapped(estimate.raw_angles_rad - truth.angles_rad), 0.05)
        attitude = estimate.pelvis_rotations - truth.pelvis_rotations
        offset = (estimate.pelvis_positions_m - truth.pelvis_positions_m) / 0.1
        return {
            'angle': _mean(angle, weight),
            'attitude': _mean(_huber(attitude, 0.05).sum((-1, -2)) / 6, weight),
            'place': self._place(estimate, truth),
            'pelvis': _mean(_huber(offset, 0.1), weight),
            'factor': _mean(_huber(estimate.factors - truth.factors, 0.02), weight),
            'velocity': self._velocity(estimate, truth),
            'likelihood': self._likelihood(estimate, truth, weight),
        }

    def weighted(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """
        Weigh the losses.

        :param losses: by name.
        """
        return {name: _WEIGHTS[name] * value for name, value in losses.items()}

    @staticmethod
    def _velocity(estimate: NeurikEstimate, truth: Truth) -> Tensor:
        """Compare the change from frame to frame, radians."""
        if truth.angles_rad.shape[1] == 1:
            return truth.angles_rad.new_zeros(())
        change = estimate.raw_angles_rad.diff(dim=1) - truth.angles_rad.diff(dim=1)
        return _huber(wrapped(change), 0.02).mean()

    def _place(self, estimate: NeurikEstimate, truth: Truth) -> Tensor:
        """Compare points on the segments of some frames, in 0.1 m, relative to the pelvis."""
        frames = truth.angles_rad.shape[1]
        chosen = torch.randperm(frames - 1)[: _KINEMATICS_FRAMES - 1]
        chosen = torch.cat([chosen, torch.tensor([frames - 1])])
        most = max(_KINEMATICS_SAMPLES // len(chosen), 1)

        def points_m(part: NeurikEstimate | Truth) -> Tensor:
            return self.body_points_m(
                part.angles_rad[:most, chosen],
                part.factors[:most, chosen],
                part.pelvis_rotations[:most, chosen],
            )

        found, wanted = points_m(estimate), points_m(truth)
        return _huber((found - wanted) / 0.1, 0.2).mean()

    def body_points_m(self, angles_rad: Tensor, factors: Tensor, rotations: Tensor) -> Tensor:
        """
        Place points of the skeleton about the pelvis's origin.

        :param angles_rad: [..., coordinates - 6].
        :param factors: [..., groups].
        :param rotations: [..., 3, 3], of the pelvis.
        :returns: [..., segments * 4, 3]: origins and points along the axes.
        """
        root = angles_rad.new_zeros(*angles_rad.shape[:-1], PELVIS_COORDINATES)
        frames = self.skeleton.forward_kinematics(
            torch.cat([root, angles_rad], -1), self.groups.expand(factors)
        )
        origins_m = frames.positions_m - frames.positions_m[..., :1, :]
        tips_m = origins_m[..., None, :] + _LEVER_M * frames.rotations.mT
        points_m = torch.cat([origins_m[..., None, :], tips_m], -2).flatten(-3, -2)
        base = frames.rotations[..., :1, :, :].mT.squeeze(-3)
        return points_m @ (rotations @ base).mT

    def _likelihood(self, estimate: NeurikEstimate, truth: Truth, weight: Tensor) -> Tensor:
        """Give the mean negative log-likelihood; it teaches the deviations alone."""
        errors = estimate_errors(self.skeleton, estimate, truth).detach()
        log_stddev = estimate.log_stddev
        scaled = (errors.abs() * torch.exp(-log_stddev)).clamp(max=10.0)
        return _mean(0.5 * scaled**2 + log_stddev, weight)


def estimate_errors(skeleton: Skeleton, estimate: NeurikEstimate, truth: Truth) -> Tensor:
    """
    Subtract estimate and truth in coordinates.

    :param skeleton: the default one.
    :param estimate: [..., ...].
    :param truth: [..., ...].
    :returns: [..., coordinates + groups], radians and metres, angles the short way round.
    """
    found, wanted = (
        pelvis_coordinates(skeleton, part.pelvis_rotations, part.pelvis_positions_m)
        for part in (estimate, truth)
    )
    pelvis = found - wanted
    pelvis = torch.cat([wrapped(pelvis[..., :3]), pelvis[..., 3:]], -1)
    angles = wrapped(estimate.angles_rad - truth.angles_rad)
    return torch.cat([pelvis, angles, estimate.factors - truth.factors], -1)


def wrapped(angles_rad: Tensor) -> Tensor:
    """
    Bring differences of angles to half a turn at most.

    :param angles_rad: any shape.
    """
    return torch.remainder(angles_rad + torch.pi, 2 * torch.pi) - torch.pi


def _frame_weights(frames: int) -> Tensor:
    weight = torch.linspace(0.5, 1.5, frames)
    return weight / weight.mean()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values.flatten(2).mean(-1) if values.ndim > 2 else values).mul(weight).mean()


def _huber(values: Tensor, knee: float) -> Tensor:
    """Grow with the square up to the knee, then straight."""
    size = values.abs()
    return torch.where(size < knee, 0.5 * size * size / knee, size - 0.5 * knee)
