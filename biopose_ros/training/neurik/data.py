"""Labelled motion in one file, and windows drawn from it on the fly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.body_parts import MARKER_NAMES, mirrored_marker
from biopose_ros.inverse_kinematics.neurik import PELVIS_COORDINATES, Evidence
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.neurik.keypoints import simulated_keypoints
from biopose_ros.training.neurik.noise import MeshNoise, NoiseLevels

if TYPE_CHECKING:
    from typing_extensions import Self

# Coordinates that change sign when left and right are exchanged.
_MIRROR_NEGATES = (
    *('lumbar_bending', 'lumbar_rotation', 'neck_bending', 'neck_rotation'),
    *('pelvis_list', 'pelvis_rotation'),
)


@dataclass(frozen=True, eq=False)
class LabelledMotion:
    """
    Clips of one split, end to end. Positions are relative to the middle of the hips.

    :param markers_m: [frames, markers, 3], order of :data:`MARKER_NAMES`, ground axes.
    :param angles_rad: [frames, coordinates - 6].
    :param pelvis_rotations: [frames, 3, 3].
    :param pelvis_positions_m: [frames, 3].
    :param starts: [clips], first frame.
    :param lengths: [clips].
    :param rates_hz: [clips].
    :param factors: [clips, groups], size factors.
    :param names: [clips].
    """

    markers_m: Tensor
    angles_rad: Tensor
    pelvis_rotations: Tensor
    pelvis_positions_m: Tensor
    starts: Tensor
    lengths: Tensor
    rates_hz: Tensor
    factors: Tensor
    names: tuple[str, ...]

    def save(self, path: Path) -> None:
        """
        Write to a file.

        :param path: ends in ``.npz``.
        """
        arrays: dict[str, Any] = {
            field.name: np.asarray(getattr(self, field.name)) for field in fields(self)
        }
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """
        Read a file.

        :param path: written by :meth:`save`.
        :raises ValueError: when it lacks a field, or its markers are not those of this release.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if missing := {field.name for field in fields(cls)} - arrays.keys():
            raise ValueError(
                f'{path} lacks {", ".join(sorted(missing))}; delete the file to make it again'
            )
        names = tuple(str(name) for name in arrays.pop('names'))
        motion = cls(**{k: torch.from_numpy(v) for k, v in arrays.items()}, names=names)
        if motion.markers_m.shape[1] != len(MARKER_NAMES):
            raise ValueError(
                f'{path} holds {motion.markers_m.shape[1]} markers, the network takes '
                f'{len(MARKER_NAMES)}; delete the file to make it again'
            )
        return motion


@dataclass(frozen=True)
class Truth:
    """
    What the network should say; leading axes [batch, frames].

    :param angles_rad: [..., coordinates - 6].
    :param pelvis_rotations: [..., 3, 3].
    :param pelvis_positions_m: [..., 3].
    :param factors: [..., groups].
    """

    angles_rad: Tensor
    pelvis_rotations: Tensor
    pelvis_positions_m: Tensor
    factors: Tensor


@dataclass(frozen=True)
class WindowConfig:
    """
    How windows are drawn.

    :param frames: in a window.
    :param slowest_hz: lowest frame rate.
    :param fastest_hz: highest frame rate.
    :param keypoint_share: of windows with 2D keypoints.
    :param tilt_deg: 1 sigma of the camera's tilt.
    """

    frames: int = 32
    slowest_hz: float = 10.0
    fastest_hz: float = 60.0
    keypoint_share: float = 0.5
    tilt_deg: float = 8.0


class WindowSampler:
    """Draws windows with random rate, heading, side, noise and evidence."""

    def __init__(
        self, motion: LabelledMotion, skeleton: Skeleton, config: WindowConfig, seed: int
    ) -> None:
        """
        Prepare.

        :param motion: of one split.
        :param skeleton: whose coordinates the labels are.
        :param config: how windows are drawn.
        :param seed: of the random numbers.
        """
        self.motion = motion
        self.config = config
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = MeshNoise(self.generator)
        # Long clips are drawn more often, but not in proportion: they repeat themselves.
        self.weights = motion.lengths.float().sqrt()
        self.mirror = _Mirror(skeleton)

    def draw(self, count: int, levels: NoiseLevels | None = None) -> tuple[Evidence, Truth]:
        """
        Draw windows.

        :param count: how many.
        :param levels: of the noise; None draws them too.
        """
        clips = torch.multinomial(self.weights, count, True, generator=self.generator)
        times_s = self._times(count)
        positions_m, truth = self._sample(clips, times_s)
        positions_m, truth = self._turn(*self._mirrored(positions_m, truth))
        noisy_m, weights = self.noise(positions_m, times_s, levels or self._levels(count))
        keypoints_m, confidence = simulated_keypoints(positions_m, times_s, self.generator)
        used = self._uniform(count, 1, 1) < self.config.keypoint_share
        evidence = Evidence(noisy_m, weights, times_s, keypoints_m, confidence * used)
        return evidence, truth

    def _levels(self, count: int) -> NoiseLevels:
        strength = 2.2 * self._uniform(count)
        strength = torch.where(self._uniform(count) < 0.15, 0.0, strength)
        missing = torch.where(self._uniform(count) < 0.5, 0.0, self._uniform(count) * 0.5)
        return NoiseLevels(strength, missing, 0.03 * (strength > 0))

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
            orthonormal(mix(motion.pelvis_rotations)),
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
    return _axis_turn(tilt[0], 0) @ _axis_turn(tilt[1], 2) @ _axis_turn(heading, 1)


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


class _Mirror:
    """Exchanges left and right."""

    def __init__(self, skeleton: Skeleton) -> None:
        names = skeleton.coordinate_names[PELVIS_COORDINATES:]
        self.angles = torch.tensor([names.index(_other_side(name)) for name in names])
        self.signs = torch.tensor([-1.0 if name in _MIRROR_NEGATES else 1.0 for name in names])
        self.markers = torch.tensor([MARKER_NAMES.index(mirrored_marker(n)) for n in MARKER_NAMES])
        self.flip = torch.tensor([1.0, 1.0, -1.0])

    def __call__(self, positions_m: Tensor, truth: Truth, chosen: Tensor) -> tuple[Tensor, Truth]:
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


def _other_side(name: str) -> str:
    sides = {'_r': '_l', '_l': '_r'}
    return name[:-2] + sides[name[-2:]] if name[-2:] in sides else name


def orthonormal(matrices: Tensor) -> Tensor:
    """
    Make nearly orthonormal matrices so.

    :param matrices: [..., 3, 3].
    """
    first = torch.nn.functional.normalize(matrices[..., 0], dim=-1)
    second = matrices[..., 1]
    second = second - (first * second).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -1)


def _axis_turn(angles_rad: Tensor, axis: int) -> Tensor:
    """Turn about a coordinate axis: [batch] to [batch, 3, 3]."""
    matrix = torch.eye(3).repeat(len(angles_rad), 1, 1)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, i, i] = matrix[:, j, j] = angles_rad.cos()
    matrix[:, j, i] = angles_rad.sin()
    matrix[:, i, j] = -angles_rad.sin()
    return matrix
