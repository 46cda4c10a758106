"""
MQ-HMR: query tokens attend to multi-scale maps and give pose, shape and camera.

    maps, 2D keypoints, crop camera
      -> context: coarse maps, keypoints, camera         (an MLP; first pose, shape and camera)
      -> queries: one per joint, and a few more
      -> layers: self-attention, deformable cross-attention about each joint's present place in
         the image, feed-forward; each moves pose, places, shape and camera a little
      -> body pose theta, shape beta, pelvis, uncertainty; a summary for NeurIK

Rotations and positions are in the crop camera's axes
(:class:`~biopose_ros.mesh_recovery.crop_camera.CropCamera`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.rotations import relative_to_parents, six_to_matrix
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, landmark_index
from biopose_ros.mesh_recovery.attention import (
    DeformableAttention,
    DenseAttention,
    MapMemory,
    memory_channels,
)
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig

_JOINTS, _KEYPOINTS = len(JOINT_NAMES), len(LANDMARK_NAMES)
# Levels that the context reads as a whole, and the factor by which they are pooled for that.
_COARSE_LEVELS, _COARSE_CELLS = {'stride16': 2, 'stride32': 1}, 8
# Landmarks whose mean is the first reference point of a joint's query.
_FIRST_LOOK = {
    'pelvis': ('left_hip', 'right_hip'),
    'spine': ('left_hip', 'right_hip', 'left_shoulder', 'right_shoulder'),
    'neck': ('left_shoulder', 'right_shoulder'),
    'head': ('left_ear', 'right_ear'),
    'collar': ('shoulder',),
    'foot': ('foot_index',),
    'hand': ('index',),
}


@dataclass(frozen=True)
class CropEvidence:
    """
    What is known of a batch of crops.

    :param maps: by level, [batch, rows, columns, channels], as the encoder gives them.
    :param keypoints: [batch, 33, 3]: place, 0 to 1 across the crop, and confidence, 0 to 1.
    :param world_m: [batch, 33, 3], the encoder's own 3D landmarks, axes of the crop.
    :param view: [batch, 3]: logarithm of the crop camera's extent, and its slope.
    """

    maps: Mapping[str, Tensor]
    keypoints: Tensor
    world_m: Tensor
    view: Tensor


@dataclass(frozen=True)
class MeshEstimate:
    """
    The estimate after one layer of the network.

    :param pose: [batch, 24, 3, 3], each joint relative to its parent, the root to crop camera.
    :param turns: [batch, 24, 3, 3], each joint to crop camera.
    :param betas: [batch, components].
    :param place: [batch, 3]: the pelvis joint's place, 0 to 1 across the crop, and the logarithm
        of its depth times the crop camera's extent.
    :param joints: [batch, 24, 2], the joints' places, 0 to 1 across the crop.
    :param log_stddev: [batch, 24, 2], natural logarithm of 1 sigma: of the places (per axis, share
        of the crop), and of the joints' positions about the pelvis (per axis, metres).
    """

    pose: Tensor
    turns: Tensor
    betas: Tensor
    place: Tensor
    joints: Tensor
    log_stddev: Tensor


@dataclass(frozen=True)
class Draft:
    """An estimate between layers; ``six`` [batch, 24, 6] are two columns of each ``turns``."""

    six: Tensor
    betas: Tensor
    place: Tensor
    joints: Tensor
    log_stddev: Tensor


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention, feed-forward; then each query updates its estimate."""

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        size = config.size
        kinds = {'deformable': DeformableAttention, 'dense': DenseAttention}
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(4)])
        self.among = nn.MultiheadAttention(size, config.heads, batch_first=True)
        kind = kinds.get(config.attention)
        self.into_maps = kind(config) if kind is not None else None
        self.feedforward = nn.Sequential(
            nn.Linear(size, config.feedforward_size),
            nn.GELU(),
            nn.Linear(config.feedforward_size, size),
        )
        self.state = nn.Linear(2 + 6, size)
        per_joint = 1 if config.joint_queries else _JOINTS
        self.turn = _PerQuery(_JOINTS if config.joint_queries else 1, size, 6 * per_joint)
        self.shift = nn.Linear(size, 4 * per_joint)
        self.whole = nn.Linear(size, config.components + 3)
        for last in (self.shift, self.whole):
            nn.init.normal_(last.weight, std=1e-3)
            nn.init.zeros_(last.bias)

    def forward(
        self, tokens: Tensor, state: Tensor, reference: Tensor, memory: Mapping[str, Tensor]
    ) -> Tensor:
        """
        Update the queries by attention among themselves and to the maps.

        :param tokens: [batch, queries, size].
        :param state: [batch, queries, 8], the present estimate of each query's part.
        :param reference: [batch, queries, 2], where it looks.
        :param memory: projected maps.
        :returns: the tokens after this layer.
        """
        tokens = tokens + self.state(state)
        mixed = self.norms[0](tokens)
        tokens = tokens + self.among(mixed, mixed, mixed, average_attn_weights=False)[0]
        if self.into_maps is not None:
            tokens = tokens + self.into_maps(self.norms[1](tokens), reference, memory)
        return tokens + self.feedforward(self.norms[2](tokens))

    def read(self, tokens: Tensor, last: Draft) -> Draft:
        """
        Update the estimate.

        :param tokens: [batch, queries, size], after this layer.
        :param last: the estimate so far.
        :returns: the next one.
        """
        tokens = self.norms[3](tokens)
        count = self.turn.queries
        own, whole = tokens[:, :count], tokens[:, count]
        turn = self.turn(own).float().reshape(-1, _JOINTS, 6)
        shift = self.shift(own).float().reshape(-1, _JOINTS, 4)
        betas, place = self.whole(whole).float().split([last.betas.shape[-1], 3], -1)
        return Draft(
            last.six + turn,
            last.betas + betas,
            last.place + place,
            last.joints + shift[..., :2],
            last.log_stddev + shift[..., 2:],
        )


class _PerQuery(nn.Module):
    """A linear layer with weights of its own for each query."""

    def __init__(self, queries: int, size: int, outputs: int) -> None:
        super().__init__()
        self.queries = queries
        self.weight = nn.Parameter(torch.randn(queries, size, outputs) * 1e-3)
        self.bias = nn.Parameter(torch.zeros(queries, outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.einsum('bqs,qso->bqo', tokens, self.weight) + self.bias


class MeshRecovery(nn.Module):
    """
    The decoder; the encoder is the detector's landmark network.

    :param config: sizes.
    """

    look: Tensor

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.config = config
        size, channels = config.size, config.channels
        # Maps are brought to zero mean and unit variance; found on training images.
        for level, count in channels.items():
            self.register_buffer(f'gain_{level}', torch.ones(count))
            self.register_buffer(f'shift_{level}', torch.zeros(count))
        self.register_buffer('mean_pose', torch.eye(3)[:2].flatten().repeat(_JOINTS, 1))
        self.register_buffer('look', _first_look(), persistent=False)
        joint_queries = _JOINTS if config.joint_queries else 1
        self.queries = nn.Parameter(torch.randn(joint_queries + config.extra_queries, size) * 0.5)
        self.extra_look = nn.Parameter(0.5 + 0.15 * torch.randn(config.extra_queries, 2))
        coarse = {level: memory_channels(config)[level] for level in self._coarse()}
        inputs = 4 * channels['bottleneck'] + 6 * _KEYPOINTS + 3
        inputs += _COARSE_CELLS**2 * sum(coarse.values())
        self.context = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(inputs, 2 * size),
            nn.GELU(),
            nn.Linear(2 * size, size),
            nn.LayerNorm(size),
        )
        self.first = nn.Linear(size, 6 * _JOINTS + config.components + 3)
        nn.init.normal_(self.first.weight, std=1e-2)
        nn.init.zeros_(self.first.bias)
        self.memory = MapMemory(config)
        self.layers = nn.ModuleList([DecoderLayer(config) for _ in range(config.layers)])
        self.summary = nn.Sequential(
            nn.LayerNorm(2 * size), nn.Linear(2 * size, config.feature_size), nn.Tanh()
        )

    def forward(self, evidence: CropEvidence) -> tuple[list[MeshEstimate], Tensor]:
        """
        Estimate the bodies in crops.

        :param evidence: of the crops.
        :returns: the estimate of every layer, the last one being the answer; and the summary
            [batch, feature_size].
        """
        return self.recover(replace(evidence, maps=self.normalised(evidence.maps)))

    def recover(self, evidence: CropEvidence) -> tuple[list[MeshEstimate], Tensor]:
        """
        Estimate the bodies in crops whose maps are normalised already.

        :param evidence: of the crops.
        :returns: as :meth:`forward`.
        """
        memory = self.memory(evidence.maps)
        tokens, context = self.start(evidence, memory)
        return self.decode(tokens, context, memory, evidence)

    def _coarse(self) -> tuple[str, ...]:
        """Name the levels that are small enough to be read as a whole."""
        return tuple(level for level in self.config.levels if level in _COARSE_LEVELS)

    def start(self, evidence: CropEvidence, memory: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """
        Give the queries before the first layer.

        :param evidence: of the crops, with normalised maps.
        :param memory: projected maps.
        :returns: tokens [batch, queries, size] and context [batch, size].
        """
        points = torch.cat([evidence.keypoints - 0.5, 2 * evidence.world_m], -1)
        bottleneck = evidence.maps['bottleneck'].flatten(1)
        coarse = [
            nn.functional.avg_pool2d(memory[level], _COARSE_LEVELS[level]).flatten(1)
            for level in self._coarse()
        ]
        seen = torch.cat([bottleneck, points.flatten(1), evidence.view, *coarse], -1)
        context = self.context(seen)
        return context[:, None] + self.queries, context

    def decode(
        self,
        tokens: Tensor,
        context: Tensor,
        memory: Mapping[str, Tensor],
        evidence: CropEvidence,
    ) -> tuple[list[MeshEstimate], Tensor]:
        """
        Run the layers from given queries.

        :param tokens: [batch, queries, size].
        :param context: [batch, size].
        :param memory: projected maps.
        :param evidence: of the crops.
        :returns: as :meth:`forward`.
        """
        draft = self.first_draft(context, evidence)
        estimates = []
        for depth in range(len(self.layers)):
            tokens, draft = self.advance(depth, tokens, draft, memory)
            estimates.append(as_estimate(draft))
        return estimates, self.summary(torch.cat([tokens.mean(1), context], -1)).float()

    def advance(
        self, depth: int, tokens: Tensor, draft: Draft, memory: Mapping[str, Tensor]
    ) -> tuple[Tensor, Draft]:
        """
        Run one layer.

        :param depth: which, from 0.
        :param tokens: [batch, queries, size], before it.
        :param draft: the estimate before it.
        :param memory: projected maps.
        :returns: both after it.
        """
        layer = cast(DecoderLayer, self.layers[depth])
        state, reference = self._state(draft)
        tokens = layer(tokens, state, reference, memory)
        return tokens, layer.read(tokens, draft)

    def normalised(self, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """
        Bring maps to zero mean and unit variance.

        :param maps: by level, [batch, rows, columns, channels].
        """
        return {
            level: values * getattr(self, f'gain_{level}') + getattr(self, f'shift_{level}')
            for level, values in maps.items()
        }

    def first_draft(self, context: Tensor, evidence: CropEvidence) -> Draft:
        """
        Give the estimate before the first layer.

        :param context: [batch, size].
        :param evidence: of the crops.
        """
        pose, betas, place = (
            self.first(context).float().split([6 * _JOINTS, self.config.components, 3], -1)
        )
        joints = self.look @ evidence.keypoints[..., :2]
        level = torch.zeros_like(joints) + joints.new_tensor([-4.0, -3.0])
        middle = torch.cat([joints[:, 0], torch.full_like(joints[:, 0, :1], 0.8)], -1)
        return Draft(
            self.mean_pose + pose.reshape(-1, _JOINTS, 6), betas, middle + place, joints, level
        )

    def _state(self, estimate: Draft) -> tuple[Tensor, Tensor]:
        """Give each query's part of the estimate, [batch, queries, 8], and its reference point."""
        elsewhere = self.extra_look.expand(estimate.joints.shape[0], -1, -1)
        own = torch.cat([estimate.joints - 0.5, estimate.six], -1)
        places = estimate.joints
        if not self.config.joint_queries:
            own, places = own[:, :1], places[:, :1]
        nothing = torch.zeros_like(elsewhere).repeat(1, 1, 3)
        rest = torch.cat([elsewhere - 0.5, nothing], -1)
        # As in iterative refinement elsewhere, no gradient flows to the layers before.
        reference = torch.cat([places.detach(), elsewhere], 1)
        return torch.cat([own.detach(), rest], 1), reference


def as_estimate(draft: Draft) -> MeshEstimate:
    """
    Read pose, shape and place off a draft.

    :param draft: of a layer.
    """
    turns = six_to_matrix(draft.six)
    return MeshEstimate(
        relative_to_parents(turns),
        turns,
        draft.betas,
        draft.place,
        draft.joints,
        draft.log_stddev.clamp(-7.0, 0.5),
    )


def _first_look() -> Tensor:
    """Give weights [joints, landmarks] of the mean at which each joint's query first looks."""
    weights = torch.zeros(_JOINTS, _KEYPOINTS)
    for row, joint in enumerate(JOINT_NAMES):
        side, _, part = joint.rpartition('_')
        kind = part.rstrip('123')
        landmarks = _FIRST_LOOK.get(kind, (kind,))
        names = [f'{side}_{name}' if side else name for name in landmarks]
        for name in names:
            weights[row, landmark_index(name)] = 1.0 / len(names)
    return weights
