"""
The spatial encoder: one frame of virtual markers to one feature vector.

Each body part gets axes from its own markers, so that the network sees joint rotations rather than
points in space; turning the person changes nothing but the directions of gravity and camera. Left
parts are mirrored and share the weights of right ones. A convolution along the limbs joins the
parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.body_parts import BODY_PARTS, MARKER_NAMES, Axis, BodyPart
from biopose_ros.inverse_kinematics.config import NeurikConfig

# Local marker positions are given in this unit, so that features are near one.
LENGTH_UNIT_M = 0.1
_EPSILON = 1e-6
# Markers closer together than this span no axes.
_LEAST_SPREAD_M = 1e-3
# Of each part: place and attitude relative to parent and pelvis, turns against the parent, where
# sky and camera are, known or not.
POSE_FEATURES = 2 * 9 + 3 + 6 + 1
# A shoulder goes through the attitude where two of three turns jump.
_WITHOUT_TURNS = 'humerus'


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
        names = MARKER_NAMES
        origin = torch.stack([_mean_of(part.origin, names) for part in BODY_PARTS])
        ends = [_mean_of(g, names) for part in BODY_PARTS for g in _axis_ends(part)]
        self.register_buffer('groups', torch.cat([origin, torch.stack(ends)]), persistent=False)
        # Columns of [primary, secondary, third] that become x, y and z, and the third's sign.
        orders, signs = zip(*(_column_order(part) for part in BODY_PARTS), strict=True)
        self.register_buffer('order', torch.stack(orders), persistent=False)
        self.register_buffer('signs', torch.tensor(signs), persistent=False)

    # A training may run its layers in bfloat16, but not what has to do with places and angles.
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
        means_m = weighted_m.transpose(-1, -2) / mass.clamp(min=_EPSILON)[..., None]
        is_known = (mass > _EPSILON).to(positions_m.dtype)
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


def _mean_of(group: tuple[str, ...], names: tuple[str, ...]) -> Tensor:
    return torch.tensor([float(name in group) / len(group) for name in names])


def _axis_ends(part: BodyPart) -> tuple[tuple[str, ...], ...]:
    return (*part.primary[1:], *part.secondary[1:])


def _column_order(part: BodyPart) -> tuple[Tensor, float]:
    letters: list[str] = [_letter(part.primary), _letter(part.secondary)]
    letters.append(next(letter for letter in 'xyz' if letter not in letters))
    order = torch.zeros(3, 3)
    for row, letter in enumerate(letters):
        order['xyz'.index(letter), row] = 1.0
    is_cyclic = (letters[0] + letters[1]) in ('xy', 'yz', 'zx')
    return order, 1.0 if is_cyclic else -1.0


def _letter(axis: Axis) -> str:
    return axis[0]


def _unit(vectors: Tensor) -> Tensor:
    return vectors / (vectors * vectors).sum(-1, keepdim=True).clamp(min=_EPSILON**2).sqrt()


class MarkerEncoder(nn.Module):
    """Features of one frame from the markers seen in the parts' own axes."""

    flips: Tensor
    parents: Tensor
    has_turns: Tensor

    def __init__(self, config: NeurikConfig) -> None:
        """
        Build the encoder.

        :param config: sizes.
        """
        super().__init__()
        self.axes = PartAxes()
        names = [part.name for part in BODY_PARTS]
        self.pelvis = names.index('pelvis')
        parents = torch.tensor([names.index(part.parent) for part in BODY_PARTS])
        self.register_buffer('parents', parents, persistent=False)
        flips = torch.tensor([-1.0 if part.is_left else 1.0 for part in BODY_PARTS])
        self.register_buffer('flips', flips, persistent=False)
        has_turns = torch.tensor([float(part.kind != _WITHOUT_TURNS) for part in BODY_PARTS])
        self.register_buffer('has_turns', has_turns, persistent=False)
        ends = list(accumulate(len(part.markers) for part in BODY_PARTS))
        self.markers_of = list(zip([0, *ends[:-1]], ends, strict=True))
        self.part_layers = nn.ModuleDict(
            {
                part.kind: nn.Sequential(
                    nn.Linear(POSE_FEATURES + 4 * len(part.markers), 2 * config.node_size),
                    nn.GELU(),
                    nn.Linear(2 * config.node_size, config.node_size),
                )
                for part in BODY_PARTS
            }
        )
        self.convolutions = nn.ModuleList(
            [nn.Conv1d(config.node_size, config.node_size, 3, padding=1) for _ in range(2)]
        )
        self.join = nn.Linear(len(BODY_PARTS) * config.node_size, config.frame_size)

    def forward(
        self, positions_m: Tensor, weights: Tensor, frames: PartFrames, pose: Tensor
    ) -> Tensor:
        """
        Encode frames.

        :param positions_m: [frames, markers, 3], ground frame; finite.
        :param weights: [frames, markers], confidence, 0 where missing.
        :param frames: of the parts.
        :param pose: [frames, parts, features], from :meth:`pose_features`.
        :returns: [frames, frame_size].
        """
        nodes = []
        for row, (part, (start, end)) in enumerate(zip(BODY_PARTS, self.markers_of, strict=True)):
            local = self._local(
                positions_m[:, start:end] - frames.origins_m[:, row, None],
                frames.rotations[:, row],
                part.is_left,
            )
            weight = weights[:, start:end] * frames.is_known[:, row, None]
            features = [pose[:, row], (local * weight[..., None]).flatten(1), weight]
            nodes.append(self.part_layers[part.kind](torch.cat(features, -1)))
        along = torch.stack(nodes, -1)  # [frames, node_size, parts]
        for convolution in self.convolutions:
            along = along + convolution(nn.functional.gelu(along))
        return self.join(nn.functional.gelu(along).flatten(1))

    @staticmethod
    def _local(away_m: Tensor, rotations: Tensor, is_left: bool) -> Tensor:
        """Give points in a part's own axes, mirrored on the left: [frames, points, 3]."""
        local = (away_m @ rotations) / LENGTH_UNIT_M
        return local * local.new_tensor([1.0, 1.0, -1.0]) if is_left else local

    @torch.autocast('cpu', enabled=False)
    def pose_features(self, frames: PartFrames) -> Tensor:
        """
        Describe each part relative to its parent, the pelvis, gravity and the camera.

        :param frames: [frames, ...]; the pelvis's axes must be known.
        :returns: [frames, parts, :data:`POSE_FEATURES`].
        """
        rotations, origins_m = frames.rotations, frames.origins_m
        known = frames.is_known[..., None]
        pelvis = torch.full_like(self.parents, self.pelvis)
        features = []
        for base in (self.parents, pelvis):
            axes = rotations[:, base]
            relative = self._mirrored(axes.transpose(-1, -2) @ rotations)
            away_m = ((origins_m - origins_m[:, base])[..., None, :] @ axes).squeeze(-2)
            both = known * known[:, base]
            features += [
                relative[..., :2].flatten(-2) * both,
                self._mirrored_points(away_m) / LENGTH_UNIT_M * both,
            ]
            if base is self.parents:
                features.append(_turns(relative) * both * self.has_turns[:, None])
        # Rows x and y of the rotation: where camera and sky are, seen from the part.
        world = self._mirrored_points(rotations[..., :2, :])
        features += [world.flatten(-2) * known, known]
        return torch.cat(features, -1)

    def _mirrored(self, rotations: Tensor) -> Tensor:
        """Mirror rotations of left parts, [frames, parts, 3, 3]."""
        sign = torch.stack([torch.ones_like(self.flips), torch.ones_like(self.flips), self.flips])
        sign = sign.transpose(-1, -2)  # [parts, 3]
        return rotations * (sign[:, :, None] * sign[:, None, :])

    def _mirrored_points(self, points: Tensor) -> Tensor:
        """Mirror vectors of left parts, [frames, parts, ..., 3]."""
        one = torch.ones_like(self.flips)
        sign = torch.stack([one, one, self.flips], -1)
        return points * (sign if points.ndim == 3 else sign[:, None])


def _turns(rotations: Tensor) -> Tensor:
    """Give turns about z, then x, then y, as most of the skeleton's joints have them: [..., 3]."""
    middle = torch.asin(rotations[..., 2, 1].clamp(-0.999, 0.999))
    first = torch.atan2(-rotations[..., 0, 1], rotations[..., 1, 1] + _EPSILON)
    last = torch.atan2(-rotations[..., 2, 0], rotations[..., 2, 2] + _EPSILON)
    return torch.stack([first, middle, last], -1)
