"""
NeurIK: a window of virtual markers to joint coordinates, sizes and their uncertainty.

    markers [frames, markers, 3] -> axes of body parts -> spatial convolution   (marker_encoder)
      + 2D keypoints, where there are any
      -> causal temporal transformer; the only notion of place is the time between two frames
      -> coordinates within their limits, pelvis attitude, size factors, standard deviations

Every frame is estimated from itself and those before it, so that one pass over a clip gives the
same as frame after frame with stored keys and values (:meth:`Neurik.step`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.body_parts import BODY_PARTS
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.marker_encoder import (
    LENGTH_UNIT_M,
    POSE_FEATURES,
    MarkerEncoder,
    PartFrames,
)
from biopose_ros.skeleton import Skeleton, scale_groups

PELVIS_COORDINATES = 6
# A sigmoid never reaches its ends, joints do: it spans this much more than the range, and what
# lies outside is cut off.
OVERSHOOT = 0.05
MAX_PELVIS_OFFSET_M = 0.3
_TIME_RATES_HZ = (0.4, 0.8, 1.6, 3.2, 6.4)


@dataclass(frozen=True)
class Evidence:
    """
    What is known of a clip.

    :param positions_m: [batch, frames, markers, 3], ground frame, any finite number where missing.
    :param weights: [batch, frames, markers], confidence 0 to 1, 0 where missing.
    :param times_s: [batch, frames], rising.
    :param keypoints_m: [batch, frames, keypoints, 3], ground frame: where the rays of 2D keypoints
        cross the plane through the pelvis that faces the camera.
    :param keypoint_weights: [batch, frames, keypoints], confidence, 0 where unknown.
    """

    positions_m: Tensor
    weights: Tensor
    times_s: Tensor
    keypoints_m: Tensor
    keypoint_weights: Tensor


@dataclass(frozen=True)
class NeurikEstimate:
    """
    The network's answer; leading axes as in the evidence.

    :param angles_rad: [..., coordinates - 6], all but the pelvis's, within their limits.
    :param raw_angles_rad: the same before the cut at the limits; for training.
    :param pelvis_rotations: [..., 3, 3], pelvis axes to ground.
    :param pelvis_positions_m: [..., 3], pelvis origin.
    :param factors: [..., groups], size factors.
    :param log_stddev: [..., coordinates + groups], natural logarithm of 1 sigma.
    """

    angles_rad: Tensor
    raw_angles_rad: Tensor
    pelvis_rotations: Tensor
    pelvis_positions_m: Tensor
    factors: Tensor
    log_stddev: Tensor


@dataclass(frozen=True)
class FrameTokens:
    """
    Frames after the spatial encoder.

    :param features: [batch, frames, frame_size].
    :param pose: [batch, frames, parts * features], of the parts, see ``pose_features``.
    :param pelvis_rotations: [batch, frames, 3, 3], from markers; the last known where missing.
    :param pelvis_origins_m: [batch, frames, 3], likewise.
    """

    features: Tensor
    pose: Tensor
    pelvis_rotations: Tensor
    pelvis_origins_m: Tensor


class TimeBias(nn.Module):
    """How much a frame looks at another, by the seconds between them and for each head."""

    rates: Tensor

    def __init__(self, heads: int) -> None:
        super().__init__()
        rates = 2 * torch.pi * torch.tensor(_TIME_RATES_HZ)
        self.register_buffer('rates', rates, persistent=False)
        self.mix = nn.Linear(2 * len(_TIME_RATES_HZ) + 1, heads)

    def forward(self, ages_s: Tensor) -> Tensor:
        """
        Give the attention's bias.

        :param ages_s: [...], seconds, not negative.
        :returns: [..., heads].
        """
        phase = ages_s[..., None] * self.rates
        return self.mix(torch.cat([phase.sin(), phase.cos(), ages_s[..., None]], -1))


class TemporalLayer(nn.Module):
    """One layer of the temporal encoder."""

    def __init__(self, config: NeurikConfig) -> None:
        super().__init__()
        size = config.frame_size
        self.heads = config.heads
        self.head_size = size // config.heads
        self.attention_norm = nn.LayerNorm(size)
        self.query_key_value = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)
        self.bias = TimeBias(config.heads)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, config.feedforward_size),
            nn.GELU(),
            nn.Linear(config.feedforward_size, size),
        )

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Give queries, keys and values.

        :param tokens: [batch, frames, size].
        :returns: [batch, frames, size] each.
        """
        query, key, value = self.query_key_value(self.attention_norm(tokens)).chunk(3, -1)
        return query, key, value

    def attend(
        self, tokens: Tensor, query: Tensor, key: Tensor, value: Tensor, bias: Tensor
    ) -> Tensor:
        """
        Let frames look at others.

        :param tokens: [batch, frames, size].
        :param query: [batch, frames, size].
        :param key: [batch, others, size].
        :param value: [batch, others, size].
        :param bias: [batch, heads, frames, others], minus infinity where not allowed.
        :returns: the tokens after this layer.
        """
        query, key, value = (self._split(part) for part in (query, key, value))
        score = query @ key.transpose(-1, -2) * self.head_size**-0.5 + bias
        seen = score.softmax(-1) @ value
        tokens = tokens + self.output(seen.transpose(1, 2).flatten(-2))
        return tokens + self.feedforward(tokens)

    def _split(self, tokens: Tensor) -> Tensor:
        """Give every head its share: [batch, heads, frames, size / heads]."""
        # Not unflatten: its export to ONNX would fix the batch.
        shape = (tokens.shape[0], tokens.shape[1], self.heads, self.head_size)
        return tokens.reshape(shape).transpose(1, 2)


class Neurik(nn.Module):
    """The network; inputs and outputs are in metres, radians and seconds."""

    lower: Tensor
    upper: Tensor
    log_calibration: Tensor

    def __init__(self, config: NeurikConfig, skeleton: Skeleton) -> None:
        """
        Build an untrained network.

        :param config: sizes.
        :param skeleton: whose coordinates and sizes are estimated; the first six coordinates are
            the pelvis's.
        """
        super().__init__()
        self.config = config
        size = config.frame_size
        groups = len(scale_groups(skeleton).names)
        coordinates = len(skeleton.coordinate_names)
        self.num_angles = coordinates - PELVIS_COORDINATES
        self.num_groups = groups
        limits = (skeleton.lower_limits, skeleton.upper_limits)
        for name, limit in zip(('lower', 'upper'), limits, strict=True):
            self.register_buffer(name, limit[PELVIS_COORDINATES:].float(), persistent=False)
        # Added to the logarithm of 1 sigma; found on validation data.
        self.register_buffer('log_calibration', torch.zeros(coordinates + groups))
        self.encoder = MarkerEncoder(config)
        self.keypoint_layer = nn.Sequential(
            nn.Linear(4 * config.keypoints, size), nn.GELU(), nn.Linear(size, size)
        )
        self.layers = nn.ModuleList([TemporalLayer(config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(2 * size)
        self.num_means = self.num_angles + 9 + groups
        outputs = self.num_means + coordinates + groups
        self.head = nn.Sequential(
            nn.Linear(2 * size, 2 * size), nn.GELU(), nn.Linear(2 * size, outputs)
        )
        # Most coordinates are nearly linear in the parts' turns; the rest corrects that.
        self.direct = nn.Linear(len(BODY_PARTS) * POSE_FEATURES, self.num_means)
        self._start_small()

    @torch.no_grad()
    def _start_small(self) -> None:
        """Let the untrained network be little more than its direct path."""
        for layer in self._temporal():
            layer.output.weight.zero_()
            cast(nn.Linear, layer.feedforward[3]).weight.zero_()
        last = cast(nn.Linear, self.head[2])
        last.weight.mul_(0.1)
        last.bias.zero_()
        last.bias[self.num_means :] = -2.0
        self.direct.weight.zero_()

    def _temporal(self) -> list[TemporalLayer]:
        return [cast(TemporalLayer, layer) for layer in self.layers]

    def forward(self, evidence: Evidence) -> NeurikEstimate:
        """
        Estimate every frame of clips, each from itself and those before it.

        :param evidence: of the clips.
        """
        frames = _hold_pelvis(
            self.encoder.axes(evidence.positions_m, evidence.weights), self.encoder.pelvis
        )
        tokens = self.encode(evidence, frames)
        mixed, allowed = tokens.features, self._band(evidence.times_s)
        ages_s = (evidence.times_s[:, :, None] - evidence.times_s[:, None, :]).clamp(min=0)
        for layer in self._temporal():
            bias = layer.bias(ages_s).permute(0, 3, 1, 2)
            bias = bias.masked_fill(~allowed[:, None], -torch.inf)
            mixed = layer.attend(mixed, *layer.project(mixed), bias)
        return self.decode(tokens, mixed)

    def step(
        self,
        evidence: Evidence,
        held: tuple[Tensor, Tensor],
        keys: Tensor,
        values: Tensor,
        ages_s: Tensor,
    ) -> tuple[NeurikEstimate, Tensor, Tensor, Tensor, Tensor]:
        """
        Estimate one new frame from what was stored of those before.

        :param evidence: of one frame.
        :param held: pelvis axes [batch, 3, 3] and origin [batch, 3] of the last known frame.
        :param keys: [batch, layers, stored, frame_size], in any order.
        :param values: likewise.
        :param ages_s: [batch, stored], seconds; negative where a place is empty.
        :returns: the estimate [batch, 1, ...]; keys and values of this frame [batch, layers,
            frame_size]; the pelvis's axes and origin to hold.
        """
        frames = self.encoder.axes(evidence.positions_m, evidence.weights)
        tokens = self.encode(evidence, _with_held(frames, self.encoder.pelvis, held))
        allowed = (ages_s >= 0) & (ages_s <= self.config.window_s)
        blocked = torch.cat([~allowed, torch.zeros_like(allowed[:, :1])], 1)
        ages_s = torch.cat([ages_s.clamp(min=0), torch.zeros_like(ages_s[:, :1])], 1)
        mixed, new_keys, new_values = tokens.features, [], []
        for index, layer in enumerate(self._temporal()):
            query, key, value = layer.project(mixed)
            new_keys.append(key)
            new_values.append(value)
            bias = layer.bias(ages_s).transpose(-1, -2)[:, :, None]
            bias = bias.masked_fill(blocked[:, None, None], -torch.inf)
            every = torch.cat([keys[:, index], key], 1), torch.cat([values[:, index], value], 1)
            mixed = layer.attend(mixed, query, *every, bias)
        return (
            self.decode(tokens, mixed),
            torch.cat(new_keys, 1),
            torch.cat(new_values, 1),
            tokens.pelvis_rotations[:, 0],
            tokens.pelvis_origins_m[:, 0],
        )

    def encode(self, evidence: Evidence, frames: PartFrames) -> FrameTokens:
        """
        Run the spatial encoder.

        :param evidence: of clips.
        :param frames: of the parts, with the pelvis held where it is not seen.
        """
        flat = PartFrames(
            frames.rotations.flatten(0, 1),
            frames.origins_m.flatten(0, 1),
            frames.is_known.flatten(0, 1),
        )
        pose = self.encoder.pose_features(flat)
        features = self.encoder(
            evidence.positions_m.flatten(0, 1), evidence.weights.flatten(0, 1), flat, pose
        )
        rotation = frames.rotations[:, :, self.encoder.pelvis]
        origin_m = frames.origins_m[:, :, self.encoder.pelvis]
        away = (evidence.keypoints_m - origin_m[:, :, None]) @ rotation / LENGTH_UNIT_M
        weight = evidence.keypoint_weights[..., None]
        seen = torch.cat([away * weight, weight], -1).flatten(-2)
        shape = (rotation.shape[0], rotation.shape[1], -1)
        features = features.reshape(shape) + self.keypoint_layer(seen)
        return FrameTokens(features, pose.reshape(shape), rotation, origin_m)

    def decode(self, tokens: FrameTokens, mixed: Tensor) -> NeurikEstimate:
        """
        Read coordinates, sizes and uncertainty off.

        :param tokens: of the frames.
        :param mixed: [batch, frames, frame_size], after the temporal encoder.
        """
        outputs = self.head(self.norm(torch.cat([mixed, tokens.features], -1)))
        means, log_stddev = outputs.split([self.num_means, len(self.log_calibration)], -1)
        angles, turn, shift, factors = (means + self.direct(tokens.pose)).split(
            [self.num_angles, 6, 3, self.num_groups], -1
        )
        share = (1 + 2 * OVERSHOOT) * angles.sigmoid() - OVERSHOOT
        raw = self.lower + (self.upper - self.lower) * share
        rotation = tokens.pelvis_rotations
        offset_m = MAX_PELVIS_OFFSET_M * torch.tanh(shift)
        return NeurikEstimate(
            raw.maximum(self.lower).minimum(self.upper),
            raw,
            rotation @ rotation_from_6d(turn),
            tokens.pelvis_origins_m + (rotation @ offset_m[..., None]).squeeze(-1),
            1 + self.config.scale_amplitude * torch.tanh(factors),
            log_stddev.clamp(-8, 2) + self.log_calibration,
        )

    def mean_outputs(self, truth: NeurikEstimate, tokens: FrameTokens) -> Tensor:
        """
        Give what the network must put out, before bounds, for a known answer.

        :param truth: angles, pelvis and factors of the frames.
        :param tokens: of the same frames.
        :returns: [batch, frames, outputs].
        """
        share = (truth.angles_rad - self.lower) / (self.upper - self.lower)
        share = (share + OVERSHOOT) / (1 + 2 * OVERSHOOT)
        base = tokens.pelvis_rotations.transpose(-1, -2)
        turn = (base @ truth.pelvis_rotations)[..., :2].transpose(-1, -2).flatten(-2)
        turn = turn - torch.eye(3, device=turn.device)[:2].flatten()
        away_m = truth.pelvis_positions_m - tokens.pelvis_origins_m
        offset = (base @ away_m[..., None]).squeeze(-1) / MAX_PELVIS_OFFSET_M
        factors = (truth.factors - 1) / self.config.scale_amplitude
        return torch.cat(
            [
                torch.logit(share.clamp(0.02, 0.98)),
                turn,
                torch.atanh(offset.clamp(-0.95, 0.95)),
                torch.atanh(factors.clamp(-0.95, 0.95)),
            ],
            -1,
        )

    def _band(self, times_s: Tensor) -> Tensor:
        """Tell which frames (last axis) a frame may look at: [batch, frames, frames]."""
        count = times_s.shape[1]
        order = torch.arange(count, device=times_s.device)
        back = order[:, None] - order
        near = (back >= 0) & (back < self.config.window_frames)
        ages_s = times_s[:, :, None] - times_s[:, None, :]
        return near & (ages_s <= self.config.window_s)


def rotation_from_6d(numbers: Tensor) -> Tensor:
    """
    Give the rotation nearest in kind to two columns (Zhou et al., CVPR 2019); zero is no turn.

    :param numbers: [..., 6], added to the first two columns of the identity.
    :returns: [..., 3, 3].
    """
    columns = numbers.reshape(*numbers.shape[:-1], 2, 3) + torch.eye(3, device=numbers.device)[:2]
    first = nn.functional.normalize(columns[..., 0, :], dim=-1)
    second = columns[..., 1, :]
    second = second - (first * second).sum(-1, keepdim=True) * first
    second = nn.functional.normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -1)


def _hold_pelvis(frames: PartFrames, pelvis: int) -> PartFrames:
    """Where the pelvis's axes are not known take the last ones; before the first, the ground's."""
    known = frames.is_known[..., pelvis] > 0  # [batch, frames]
    count = known.shape[1]
    order = torch.arange(count, device=known.device).expand_as(known)
    last = torch.where(known, order, -1).cummax(1).values
    index = last.clamp(min=0)
    rows = torch.arange(len(known), device=known.device)[:, None]
    ever = (last >= 0)[..., None]
    identity = torch.eye(3, device=known.device)
    rotation = torch.where(
        ever[..., None], frames.rotations[rows, index, pelvis], identity.to(frames.rotations)
    )
    origin_m = torch.where(ever, frames.origins_m[rows, index, pelvis], 0.0)
    return _replace_pelvis(frames, pelvis, rotation, origin_m)


def _with_held(frames: PartFrames, pelvis: int, held: tuple[Tensor, Tensor]) -> PartFrames:
    """Where the pelvis's axes are not known take those held; one frame per batch entry."""
    known = frames.is_known[..., pelvis, None] > 0  # [batch, 1, 1]
    rotation = torch.where(known[..., None], frames.rotations[:, :, pelvis], held[0][:, None])
    origin_m = torch.where(known, frames.origins_m[:, :, pelvis], held[1][:, None])
    return _replace_pelvis(frames, pelvis, rotation, origin_m)


def _replace_pelvis(
    frames: PartFrames, pelvis: int, rotation: Tensor, origin_m: Tensor
) -> PartFrames:
    is_pelvis = torch.arange(len(BODY_PARTS), device=rotation.device) == pelvis
    return PartFrames(
        torch.where(is_pelvis[:, None, None], rotation[..., None, :, :], frames.rotations),
        torch.where(is_pelvis[:, None], origin_m[..., None, :], frames.origins_m),
        frames.is_known,
    )
