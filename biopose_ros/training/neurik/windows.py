"""Windows drawn from labelled motion on the fly, with simulated evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.rotations import matrix_to_six, six_to_matrix
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.keypoint_encoder import View
from biopose_ros.inverse_kinematics.neurik import Evidence
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.keypoints import SimulatedDetector
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.training.neurik.noise import (
    VIEW_SHARE,
    MeshNoise,
    NoiseLevels,
    drift,
    move_parts,
)
from biopose_ros.training.neurik.turning import Mirror, random_turns, turned
from biopose_ros.virtual_markers.part_axes import PartAxes

# Where persons stand: metres from the camera, and degrees off its axis, 1 sigma.
_NEAREST_M, _FARTHEST_M = 1.8, 7.0
_ASIDE_DEG, _ABOVE_DEG = 15.0, 7.0
_DRIFT_M_S = 0.6
# Recovered meshes of rendered sequences are twice as far off as noise of strength 1, single ones
# much farther, and turned as much about the line of sight as about others.
_STRONGEST, _STRENGTH_POWER, _CLEAN_SHARE = 5.0, 1.3, 0.15
_USELESS = 6.0  # markers that are as good as none
# Windows with measured errors: their share; strength, log-normal, so that the mean error is the
# measured one though its tails are heavy; the greatest strength of other noise on top. Shares of
# the variance and how long they last, seconds, are those of 17 rendered sequences, whose errors
# correlate by 0.89 after one image (1/30 s), 0.72 after half a second, 0.55 after 1.5.
_MEASURED_SHARE = 0.65
_MEASURED_MEDIAN, _MEASURED_SPREAD, _MEASURED_MOST = 0.65, 0.45, 1.5
_ON_TOP = 0.6
_LASTING = ((0.5, 100.0), (0.4, 0.8), (0.1, 0.03))


@dataclass(frozen=True)
class WindowConfig:
    """
    How windows are drawn.

    :param frames: in a window.
    :param slowest_hz: lowest frame rate.
    :param fastest_hz: highest frame rate.
    :param keypoint_share: of windows with 2D keypoints.
    :param blind_share: of these, with no markers, or with useless ones.
    :param tilt_deg: 1 sigma of the camera's tilt.
    """

    frames: int = 32
    slowest_hz: float = 10.0
    fastest_hz: float = 60.0
    keypoint_share: float = 0.6
    blind_share: float = 0.25
    tilt_deg: float = 8.0


class WindowSampler:
    """
    Draws windows with random rate, heading, side, place, noise and evidence.

    :param motion: of one split.
    :param skeleton: whose coordinates the labels are.
    :param config: how windows are drawn.
    :param seed: of the random numbers.
    :param errors: of a mesh network, given to most windows; None for assumed noise alone.
    """

    def __init__(
        self,
        motion: LabelledMotion,
        skeleton: Skeleton,
        config: WindowConfig,
        seed: int,
        errors: MeshErrors | None = None,
    ) -> None:
        self.motion = motion
        self.config = config
        self.errors = errors
        self.axes = PartAxes()
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = MeshNoise(self.generator)
        self.detector = SimulatedDetector(self.generator)
        # Long clips are drawn more often, but not in proportion: they repeat themselves.
        self.weights = motion.lengths.float().sqrt()
        self.mirror = Mirror(skeleton)

    def draw(self, count: int, levels: NoiseLevels | None = None) -> tuple[Evidence, Truth]:
        """
        Draw windows.

        :param count: how many.
        :param levels: of the noise; None draws them, and which evidence there is.
        """
        clips = torch.multinomial(self.weights, count, True, generator=self.generator)
        times_s = self._times(count)
        positions_m, truth = self._sample(clips, times_s)
        positions_m, truth = self._turn(*self._mirrored(positions_m, truth))
        has_keypoints = self._uniform(count) < self.config.keypoint_share
        is_blind = has_keypoints & (self._uniform(count) < self.config.blind_share)
        origins_m = places(times_s, self.generator)
        shift_m = origins_m[:, :, None]
        seen_m = positions_m
        if levels is None:
            levels = self._levels(count, is_blind)
            is_blind &= self._uniform(count) < 0.6
            if self.errors is not None:
                is_measured = self._uniform(count) < _MEASURED_SHARE
                share = _ON_TOP * self._uniform(count)
                strength = torch.where(is_measured & ~is_blind, share, levels.strength)
                levels = replace(levels, strength=strength)
                seen_m = self._as_measured(positions_m, times_s, origins_m, is_measured)
        noisy_m, weights = self.noise(seen_m, times_s, levels)
        keypoints_m, confidence = self.detector(positions_m + shift_m, origins_m, times_s)
        seen = has_keypoints[:, None] & (self._uniform(*times_s.shape) > 0.05)
        evidence = Evidence(
            noisy_m + shift_m,
            weights * ~is_blind[:, None, None],
            times_s,
            keypoints_m,
            confidence * seen[..., None],
            *no_features(*times_s.shape),
        )
        return evidence, moved(truth, origins_m)

    def _as_measured(
        self, positions_m: Tensor, times_s: Tensor, origins_m: Tensor, chosen: Tensor
    ) -> Tensor:
        """Turn the body parts of chosen windows as the mesh network would."""
        assert self.errors is not None
        strength = _MEASURED_MEDIAN * torch.exp(
            _MEASURED_SPREAD * torch.randn(len(chosen), generator=self.generator)
        )
        strength = (strength.clamp(max=_MEASURED_MOST) * chosen)[:, None].expand_as(times_s)
        frames = self.axes(positions_m, torch.ones_like(positions_m[..., 0]))
        view = View.of(origins_m).rotations[:, :, None]
        size = (*times_s.shape, self.errors.shift.shape[0])
        noise = drift(size, times_s, _LASTING, self.generator)
        estimated = view.mT @ self.errors(view @ frames.rotations, noise, strength)
        return move_parts(positions_m, frames, estimated @ frames.rotations.mT)

    def _levels(self, count: int, is_blind: Tensor) -> NoiseLevels:
        strength = _STRONGEST * self._uniform(count) ** _STRENGTH_POWER
        strength = torch.where(self._uniform(count) < _CLEAN_SHARE, 0.0, strength)
        strength = torch.where(is_blind, _USELESS, strength)
        missing = torch.where(self._uniform(count) < 0.5, 0.0, self._uniform(count) * 0.5)
        view_share = VIEW_SHARE + (1 - VIEW_SHARE) * self._uniform(count)
        return NoiseLevels(strength, missing, 0.03 * (strength > 0), view_share)

    def _times(self, count: int) -> Tensor:
        """Give stamps [count, frames] with jitter, dropped frames and few long gaps."""
        low, high = np.log(self.config.slowest_hz), np.log(self.config.fastest_hz)
        rate_hz = torch.exp(low + (high - low) * self._uniform(count, 1))
        size = (count, self.config.frames)
        steps = 1 + 0.1 * (self._uniform(*size) - 0.5)
        steps = steps + (self._uniform(*size) < 0.04) * (4 * self._uniform(*size)).ceil()
        gaps_s = (self._uniform(*size) < 0.003) * 2.0 * self._uniform(*size)
        times_s = (steps / rate_hz + gaps_s).cumsum(1)
        return times_s - times_s[:, :1]

    def _sample(self, clips: Tensor, times_s: Tensor) -> tuple[Tensor, Truth]:
        """Read the motion at those times; at its ends a clip runs back and forth."""
        motion = self.motion
        last = (motion.lengths[clips] - 1).float()[:, None]
        speed = torch.exp(0.2 * torch.randn(len(clips), 1, generator=self.generator))
        passed = times_s * speed * motion.rates_hz[clips, None]
        place = self._uniform(len(clips), 1) * last + passed
        place = torch.remainder(place, (2 * last).clamp(min=1e-3))
        place = torch.minimum(place, 2 * last - place).clamp(min=0)
        before = place.floor().minimum(last)
        share = place - before
        first = motion.starts[clips, None] + before.long()
        second = first + (before < last).long()

        def mix(values: Tensor) -> Tensor:
            weight = share[(..., *[None] * (values.ndim - 1))]
            return values[first].float().lerp(values[second].float(), weight)

        angles = motion.angles_rad[first].float()
        step = motion.angles_rad[second].float() - angles
        angles = angles + torch.where(step.abs() < 1.0, step, 0.0) * share[..., None]
        truth = Truth(
            angles,
            six_to_matrix(matrix_to_six(mix(motion.pelvis_rotations))),
            mix(motion.pelvis_positions_m),
            motion.factors[clips].float()[:, None].expand(-1, times_s.shape[1], -1),
        )
        return mix(motion.markers_m), truth

    def _mirrored(self, positions_m: Tensor, truth: Truth) -> tuple[Tensor, Truth]:
        chosen = self._uniform(len(positions_m)) < 0.5
        return self.mirror(positions_m, truth, chosen)

    def _turn(self, positions_m: Tensor, truth: Truth) -> tuple[Tensor, Truth]:
        """Let the person stand any way before a camera that leans a little."""
        turns = random_turns(len(positions_m), self.generator, self.config.tilt_deg)
        return turned(positions_m, truth, turns)

    def _uniform(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self.generator)


def places(times_s: Tensor, generator: torch.Generator) -> Tensor:
    """
    Let persons walk about before a camera.

    :param times_s: [batch, frames].
    :param generator: of the random numbers.
    :returns: [batch, frames, 3], ground axes from the camera.
    """
    count = len(times_s)
    away_m = _NEAREST_M + (_FARTHEST_M - _NEAREST_M) * torch.rand(count, generator=generator)
    angles = torch.randn(2, count, generator=generator) * torch.tensor(
        [[radians(_ASIDE_DEG)], [radians(_ABOVE_DEG)]]
    )
    sideways, up = angles.clamp(-0.6, 0.6).tan() * away_m
    speed_m_s = _DRIFT_M_S * torch.randn((count, 1, 3), generator=generator)
    walked_m = (speed_m_s * times_s[..., None]).clamp(-1.0, 1.0) * torch.tensor([1.0, 0.2, 1.0])
    return torch.stack([-away_m, up, sideways], -1)[:, None] + walked_m


def moved(truth: Truth, origins_m: Tensor) -> Truth:
    """
    Put persons somewhere.

    :param truth: about the origin.
    :param origins_m: [batch, frames, 3].
    """
    return replace(truth, pelvis_positions_m=truth.pelvis_positions_m + origins_m)


def no_features(batch: int, frames: int) -> tuple[Tensor, Tensor]:
    """
    Say that the mesh network said nothing.

    :param batch: clips.
    :param frames: of each.
    :returns: features and their weights, as :class:`Evidence` takes them.
    """
    return torch.zeros(batch, frames, NeurikConfig().feature_size), torch.zeros(batch, frames)


def without(evidence: Evidence, *weights: str) -> Evidence:
    """
    Leave out kinds of evidence.

    :param evidence: all.
    :param weights: ``weights``, ``keypoint_weights`` or ``feature_weights``.
    """
    return replace(evidence, **{name: 0 * getattr(evidence, name) for name in weights})
