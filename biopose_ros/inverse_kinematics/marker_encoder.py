"""
The spatial encoder: one frame of virtual markers to one feature vector.

Each body part gets axes from its own markers, so that the network sees joint rotations rather than
points in space; turning the person changes nothing but the directions of gravity and camera. Left
parts are mirrored and share the weights of right ones. A convolution along the limbs joins the
parts.
"""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.virtual_markers.body_parts import BODY_PARTS
from biopose_ros.virtual_markers.part_axes import EPSILON, PartAxes, PartFrames

# Local marker positions are given in this unit, so that features are near one.
LENGTH_UNIT_M = 0.1
# Of each part: place and attitude relative to parent and pelvis, turns against the parent, where
# sky and camera are, known or not.
POSE_FEATURES = 2 * 9 + 3 + 6 + 1
# A shoulder passes through gimbal lock, where two of the three angles jump.
_WITHOUT_TURNS = 'humerus'


class MarkerEncoder(nn.Module):
    """Features of one frame from the markers seen in the parts' own axes."""

    signs: Tensor
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
        # Of x, y and z of each part: left parts are mirrored.
        signs = torch.tensor([[1.0, 1.0, -1.0 if part.is_left else 1.0] for part in BODY_PARTS])
        self.register_buffer('signs', signs, persistent=False)
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
        return rotations * (self.signs[:, :, None] * self.signs[:, None, :])

    def _mirrored_points(self, points: Tensor) -> Tensor:
        """Mirror vectors of left parts, [frames, parts, ..., 3]."""
        return points * (self.signs if points.ndim == 3 else self.signs[:, None])


def _turns(rotations: Tensor) -> Tensor:
    """Give turns about z, then x, then y, as most of the skeleton's joints have them: [..., 3]."""
    middle = torch.asin(rotations[..., 2, 1].clamp(-0.999, 0.999))
    first = torch.atan2(-rotations[..., 0, 1], rotations[..., 1, 1] + EPSILON)
    last = torch.atan2(-rotations[..., 2, 0], rotations[..., 2, 2] + EPSILON)
    return torch.stack([first, middle, last], -1)
