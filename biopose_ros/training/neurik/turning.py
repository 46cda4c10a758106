"""Clips seen from another side, or with left and right exchanged."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.rotations import axis_angle_to_matrix
from biopose_ros.inverse_kinematics.neurik import PELVIS_COORDINATES
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.sides import partners
from biopose_ros.training.neurik.data import Truth
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES, MIRRORED_MARKERS

# Coordinates that change sign when left and right are exchanged.
_MIRROR_NEGATES = (
    *('lumbar_bending', 'lumbar_rotation', 'neck_bending', 'neck_rotation'),
    *('pelvis_list', 'pelvis_rotation'),
)


def random_turns(count: int, generator: torch.Generator, tilt_deg: float) -> Tensor:
    """
    Draw rotations: any heading, seen by a camera that leans a little.

    :param count: how many.
    :param generator: of the random numbers.
    :param tilt_deg: 1 sigma of the lean.
    :returns: [count, 3, 3].
    """
    heading = 2 * torch.pi * torch.rand(count, generator=generator)
    tilt = np.radians(tilt_deg) * torch.randn(2, count, generator=generator)
    turns = [
        axis_angle_to_matrix(angles[:, None] * torch.eye(3)[axis])
        for axis, angles in ((0, tilt[0]), (2, tilt[1]), (1, heading))
    ]
    return turns[0] @ turns[1] @ turns[2]


def turned(positions_m: Tensor, truth: Truth, turn: Tensor) -> tuple[Tensor, Truth]:
    """
    Turn clips about the middle of the hips.

    :param positions_m: [batch, frames, markers, 3].
    :param truth: of the clips.
    :param turn: [batch, 3, 3].
    """
    return positions_m @ turn.mT[:, None], Truth(
        truth.angles_rad,
        turn[:, None] @ truth.pelvis_rotations,
        truth.pelvis_positions_m @ turn.mT,
        truth.factors,
    )


class Mirror:
    """
    Exchanges left and right.

    :param skeleton: the default one.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        names = skeleton.coordinate_names[PELVIS_COORDINATES:]
        other = partners(names)
        self.angles = torch.tensor([names.index(other[name]) for name in names])
        self.signs = torch.tensor([-1.0 if name in _MIRROR_NEGATES else 1.0 for name in names])
        self.markers = torch.tensor(
            [MARKER_NAMES.index(MIRRORED_MARKERS[n]) for n in MARKER_NAMES]
        )
        self.flip = torch.tensor([1.0, 1.0, -1.0])

    def __call__(self, positions_m: Tensor, truth: Truth, chosen: Tensor) -> tuple[Tensor, Truth]:
        """
        Mirror some clips about the plane of ground x and y.

        :param positions_m: [batch, frames, markers, 3].
        :param truth: of the clips.
        :param chosen: [batch] bool.
        """

        def pick(mirrored: Tensor, plain: Tensor) -> Tensor:
            return torch.where(chosen[(..., *[None] * (plain.ndim - 1))], mirrored, plain)

        flip = self.flip
        rotations = truth.pelvis_rotations
        return pick(positions_m[:, :, self.markers] * flip, positions_m), Truth(
            pick(truth.angles_rad[..., self.angles] * self.signs, truth.angles_rad),
            pick(rotations * flip[:, None] * flip, rotations),
            pick(truth.pelvis_positions_m * flip, truth.pelvis_positions_m),
            truth.factors,
        )
