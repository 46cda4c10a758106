"""Axes of body parts, spanned by their virtual markers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES, BodyPart

EPSILON = 1e-6
# Markers closer together than this do not define an axis.
_LEAST_SPREAD_M = 1e-3


@dataclass(frozen=True)
class PartFrames:
    """
    Axes of the body parts, from markers alone.

    :param rotations: [..., parts, 3, 3], part axes to ground.
    :param origins_m: [..., parts, 3].
    :param is_known: [..., parts], 0 where markers that span the axes are missing, else 1.
    """

    rotations: Tensor
    origins_m: Tensor
    is_known: Tensor


class PartAxes(nn.Module):
    """Axes of all body parts from their markers; has no weights to train."""

    groups: Tensor
    order: Tensor
    signs: Tensor

    def __init__(self) -> None:
        super().__init__()
        groups = [part.origin for part in BODY_PARTS]
        for part in BODY_PARTS:
            groups += [*part.primary[1:], *part.secondary[1:]]
        self.register_buffer('groups', torch.stack(list(map(_mean_of, groups))), persistent=False)
        # Columns of [primary, secondary, third] that become x, y and z, and the third's sign.
        orders, signs = zip(*(_column_order(part) for part in BODY_PARTS), strict=True)
        self.register_buffer('order', torch.stack(orders), persistent=False)
        self.register_buffer('signs', torch.tensor(signs), persistent=False)

    # Training may run layers in bfloat16, whose precision is too low for positions and angles.
    @torch.autocast('cpu', enabled=False)
    def forward(self, positions_m: Tensor, weights: Tensor) -> PartFrames:
        """
        Span axes.

        :param positions_m: [..., markers, 3], ground frame; finite.
        :param weights: [..., markers], 0 where a marker is missing.
        """
        # One large matrix product instead of many small ones.
        mass = weights @ self.groups.T  # [..., groups]
        weighted_m = (positions_m * weights[..., None]).transpose(-1, -2) @ self.groups.T
        means_m = weighted_m.transpose(-1, -2) / mass.clamp(min=EPSILON)[..., None]
        is_known = (mass > EPSILON).to(positions_m.dtype)
        count = len(BODY_PARTS)
        ends = means_m[..., count:, :].reshape(*means_m.shape[:-2], count, 4, 3)
        along = ends[..., 1, :] - ends[..., 0, :]
        primary = _unit(along)
        across = ends[..., 3, :] - ends[..., 2, :]
        across = across - (across * primary).sum(-1, keepdim=True) * primary
        secondary = _unit(across)
        third = torch.linalg.cross(primary, secondary) * self.signs[:, None]
        axes = torch.stack([primary, secondary, third], -2)  # rows
        rotations = (self.order @ axes).transpose(-1, -2)
        spanned = is_known[..., count:].reshape(*is_known.shape[:-1], count, 4).amin(-1)
        shortest = (along * along).sum(-1).minimum((across * across).sum(-1))
        is_spread = (shortest > _LEAST_SPREAD_M**2).to(positions_m.dtype)
        known = is_known[..., :count] * spanned * is_spread
        return PartFrames(rotations, means_m[..., :count, :], known)


def _mean_of(group: tuple[str, ...]) -> Tensor:
    """Give weights [markers] that take the mean of some of them."""
    return torch.tensor([float(name in group) / len(group) for name in MARKER_NAMES])


def _column_order(part: BodyPart) -> tuple[Tensor, float]:
    letters = [part.primary[0], part.secondary[0]]
    letters.append(next(letter for letter in 'xyz' if letter not in letters))
    order = torch.zeros(3, 3)
    for row, letter in enumerate(letters):
        order['xyz'.index(letter), row] = 1.0
    is_cyclic = (letters[0] + letters[1]) in ('xy', 'yz', 'zx')
    return order, 1.0 if is_cyclic else -1.0


def _unit(vectors: Tensor) -> Tensor:
    return vectors / (vectors * vectors).sum(-1, keepdim=True).clamp(min=EPSILON**2).sqrt()
