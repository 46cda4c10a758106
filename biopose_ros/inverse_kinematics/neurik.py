"""
NeurIK: a window of virtual markers to joint coordinates, sizes and their uncertainty.

    markers [frames, markers, 3] -> axes of body parts -> spatial convolution   (marker_encoder)
      + 2D keypoints beside where the markers appear in the image               (keypoint_encoder)
      + features of the mesh network; any of the three may be missing
      -> causal transformer; the only notion of place is the time between frames (temporal)
      -> coordinates within their limits, pelvis attitude, size factors, standard deviations

Every frame is estimated from itself and those before it, so that one pass over a clip gives the
same as frame after frame with stored keys and values (:meth:`Neurik.step`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.held_pelvis import (
    HeldPelvis,
    hold_over_time,
    hold_stored,
    with_pelvis,
)
from biopose_ros.inverse_kinematics.keypoint_encoder import KeypointEncoder
from biopose_ros.inverse_kinematics.marker_encoder import POSE_FEATURES, MarkerEncoder
from biopose_ros.inverse_kinematics.temporal import TemporalLayer, time_waves
from biopose_ros.skeleton import Skeleton, scale_groups
from biopose_ros.virtual_markers.body_parts import BODY_PARTS
from biopose_ros.virtual_markers.part_axes import PartFrames

PELVIS_COORDINATES = 6
# A sigmoid never reaches its ends, joints do: it spans this share of the range more on either
# side, and what lies outside is cut off.
OVERSHOOT = 0.05
MAX_PELVIS_OFFSET_M = 0.3


@dataclass(frozen=True)
class Evidence:
    """
    The evidence of a clip, in ground axes with the camera as origin.

    :param positions_m: [batch, frames, markers, 3], any finite number where missing.
    :param weights: [batch, frames, markers], confidence 0 to 1, 0 where missing.
    :param times_s: [batch, frames], rising.
    :param keypoints_m: [batch, frames, keypoints, 3]: any points on the rays of 2D keypoints.
    :param keypoint_weights: [batch, frames, keypoints], confidence, 0 where unknown.
    :param features: [batch, frames, features], of the mesh network.
    :param feature_weights: [batch, frames], 1, or 0 where the features are unknown.
    """

    positions_m: Tensor
    weights: Tensor
    times_s: Tensor
    keypoints_m: Tensor
    keypoint_weights: Tensor
    features: Tensor
    feature_weights: Tensor


@dataclass(frozen=True)
class NeurikEstimate:
    """
    The network's outputs; leading axes as in the evidence.

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
    :param pelvis_origins_m: [batch, frames, 3], from markers or from the hips' keypoints.
    :param is_described: [batch, frames], 1 where features of the mesh network are known, else 0.
    """

    features: Tensor
    pose: Tensor
    pelvis_rotations: Tensor
    pelvis_origins_m: Tensor
    is_described: Tensor


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
        # Added to the logarithm of 1 sigma, without and with features of the mesh network: errors
        # of rendered images differ from simulated ones. Calibrated on validation data.
        self.num_deviations = coordinates + groups
        self.register_buffer('log_calibration', torch.zeros(2, self.num_deviations))
        self.encoder = MarkerEncoder(config)
        self.keypoint_encoder = KeypointEncoder(config)
        self.feature_layer = nn.Sequential(
            nn.Linear(config.feature_size + 1, size), nn.GELU(), nn.Linear(size, size)
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
        for encoder in (self.keypoint_encoder.layers, self.feature_layer):
            cast(nn.Linear, encoder[-1]).weight.zero_()
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
        frames = self.encoder.axes(evidence.positions_m, evidence.weights)
        held = hold_over_time(frames, evidence.keypoints_m, evidence.keypoint_weights)
        tokens = self.encode(evidence, frames, held)
        mixed, allowed = tokens.features, self._band(evidence.times_s)
        waves = time_waves(
            (evidence.times_s[:, :, None] - evidence.times_s[:, None, :]).clamp(min=0)
        )
        for layer in self._temporal():
            bias = layer.bias(waves).permute(0, 3, 1, 2)
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
        :param values: of the same shape, in the same order.
        :param ages_s: [batch, stored], seconds; negative where a place is empty.
        :returns: the estimate [batch, 1, ...]; keys and values of this frame [batch, layers,
            frame_size]; the pelvis's axes and origin to hold.
        """
        frames = self.encoder.axes(evidence.positions_m, evidence.weights)
        pelvis = hold_stored(frames, evidence.keypoints_m, evidence.keypoint_weights, held)
        tokens = self.encode(evidence, frames, pelvis)
        allowed = (ages_s >= 0) & (ages_s <= self.config.window_s)
        blocked = torch.cat([~allowed, torch.zeros_like(allowed[:, :1])], 1)
        waves = time_waves(torch.cat([ages_s.clamp(min=0), torch.zeros_like(ages_s[:, :1])], 1))
        mixed, new_keys, new_values = tokens.features, [], []
        for index, layer in enumerate(self._temporal()):
            query, key, value = layer.project(mixed)
            new_keys.append(key)
            new_values.append(value)
            bias = layer.bias(waves).transpose(-1, -2)[:, :, None]
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

    def encode(self, evidence: Evidence, frames: PartFrames, held: HeldPelvis) -> FrameTokens:
        """
        Run the spatial encoder.

        :param evidence: of clips.
        :param frames: of the parts.
        :param held: the pelvis, also where it is not seen.
        """
        parts = with_pelvis(frames, held)
        flat = PartFrames(*(value.flatten(0, 1) for value in vars(parts).values()))
        pose = self.encoder.pose_features(flat)
        features = self.encoder(
            evidence.positions_m.flatten(0, 1), evidence.weights.flatten(0, 1), flat, pose
        )
        shape = (held.origins_m.shape[0], held.origins_m.shape[1], -1)
        features = features.reshape(shape) + self.keypoint_encoder(
            (evidence.keypoints_m, evidence.keypoint_weights),
            (evidence.positions_m, evidence.weights),
            (held.rotations, held.origins_m),
        )
        is_known = evidence.feature_weights[..., None]
        described = torch.cat([evidence.features * is_known, is_known], -1)
        features = features + self.feature_layer(described)
        return FrameTokens(
            features,
            pose.reshape(shape),
            held.rotations,
            held.origins_m,
            evidence.feature_weights,
        )

    @torch.autocast('cpu', enabled=False)
    def decode(self, tokens: FrameTokens, mixed: Tensor) -> NeurikEstimate:
        """
        Read coordinates, sizes and uncertainty off.

        :param tokens: of the frames.
        :param mixed: [batch, frames, frame_size], after the temporal encoder.
        """
        outputs = self.head(self.norm(torch.cat([mixed, tokens.features], -1).float()))
        means, log_stddev = outputs.split([self.num_means, self.num_deviations], -1)
        angles, turn, shift, factors = (means + self.direct(tokens.pose)).split(
            [self.num_angles, 6, 3, self.num_groups], -1
        )
        raw = self._angles(angles)
        plain, described = self.log_calibration
        rotation = tokens.pelvis_rotations
        offset_m = MAX_PELVIS_OFFSET_M * torch.tanh(shift)
        return NeurikEstimate(
            raw.maximum(self.lower).minimum(self.upper) if self.config.is_bounded else raw,
            raw,
            rotation @ rotation_from_6d(turn),
            tokens.pelvis_origins_m + (rotation @ offset_m[..., None]).squeeze(-1),
            1 + self.config.scale_amplitude * torch.tanh(factors),
            log_stddev.clamp(-8, 2) + plain + (described - plain) * tokens.is_described[..., None],
        )

    def mean_outputs(self, truth: NeurikEstimate, tokens: FrameTokens) -> Tensor:
        """
        Give what the network must put out, before bounds, for a known answer.

        :param truth: angles, pelvis and factors of the frames.
        :param tokens: of the same frames.
        :returns: [batch, frames, outputs].
        """
        base = tokens.pelvis_rotations.transpose(-1, -2)
        turn = (base @ truth.pelvis_rotations)[..., :2].transpose(-1, -2).flatten(-2)
        turn = turn - torch.eye(3, device=turn.device)[:2].flatten()
        away_m = truth.pelvis_positions_m - tokens.pelvis_origins_m
        offset = (base @ away_m[..., None]).squeeze(-1) / MAX_PELVIS_OFFSET_M
        factors = (truth.factors - 1) / self.config.scale_amplitude
        return torch.cat(
            [
                self._outputs_of(truth.angles_rad),
                turn,
                torch.atanh(offset.clamp(-0.95, 0.95)),
                torch.atanh(factors.clamp(-0.95, 0.95)),
            ],
            -1,
        )

    def _angles(self, outputs: Tensor) -> Tensor:
        """Turn outputs into angles: along a sigmoid over their range, or unbounded as steep."""
        share = outputs.sigmoid() if self.config.is_bounded else 0.5 + outputs / 4
        share = (1 + 2 * OVERSHOOT) * share - OVERSHOOT
        return self.lower + (self.upper - self.lower) * share

    def _outputs_of(self, angles_rad: Tensor) -> Tensor:
        share = (angles_rad - self.lower) / (self.upper - self.lower)
        share = (share + OVERSHOOT) / (1 + 2 * OVERSHOOT)
        if self.config.is_bounded:
            return torch.logit(share.clamp(0.02, 0.98))
        return 4 * (share - 0.5)

    def _band(self, times_s: Tensor) -> Tensor:
        """Mark the frames (last axis) that a frame may attend to: [batch, frames, frames] bool."""
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
