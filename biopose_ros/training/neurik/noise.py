"""
Marker noise as a mesh-recovery network makes it.

Such a network errs in joint rotations, so whole limbs are off together, and more in depth than
across the image; most of the error drifts slowly; sizes are off because one image shows no scale.
The magnitudes are assumptions, chosen so that level 1 gives root-relative joint errors of about
45 mm, where published networks are (see the paper's table).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import radians

import torch
from torch import Tensor

from biopose_ros.body.rotations import axis_angle_to_matrix
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES, MIRRORED_MARKERS
from biopose_ros.virtual_markers.part_axes import PartAxes, PartFrames

# 1 sigma of each part's rotation against its parent, degrees, about an axis across the view.
_TURN_DEG = {
    'pelvis': 3.0,
    'torso': 2.5,
    'head': 4.0,
    'femur': 3.0,
    'tibia': 3.5,
    'foot': 6.0,
    'humerus': 5.0,
    'forearm': 6.0,
    'hand': 8.0,
}
# Turns about the line of sight show in the image, others hide in depth.
VIEW_SHARE = 0.5
# Shares of the variance: constant over seconds, drifting, and new in nearly every frame.
_DRIFT = ((0.3, 100.0), (0.45, 0.7), (0.25, 0.05))  # share, correlation time in seconds
_DEPTH_M = 0.010
_JITTER_M = 0.003
_MISPLACED_M = 0.004
_SIZE_ERROR, _BODY_SIZE_ERROR = 0.02, 0.03
_ORDER = (
    *('pelvis', 'torso', 'head', 'femur_r', 'tibia_r', 'foot_r', 'femur_l', 'tibia_l', 'foot_l'),
    *('humerus_r', 'forearm_r', 'hand_r', 'humerus_l', 'forearm_l', 'hand_l'),
)
_NAMES = [part.name for part in BODY_PARTS]
_PART_OF = torch.tensor([_NAMES.index(p.name) for p in BODY_PARTS for _ in p.markers])
_SWAPPED = torch.tensor([MARKER_NAMES.index(MIRRORED_MARKERS[name]) for name in MARKER_NAMES])
_LIMBS = [
    torch.tensor([any(kind in _NAMES[p] for kind in kinds) for p in _PART_OF.tolist()])
    for kinds in (('femur', 'tibia', 'foot'), ('humerus', 'forearm', 'hand'))
]


@dataclass(frozen=True)
class NoiseLevels:
    """
    How strong the noise of each clip is.

    :param strength: [batch], 0 for none, 1 for a good network, 2 for a bad day.
    :param missing: [batch], chance of a marker or a limb to be missing.
    :param swaps: [batch], chance that left and right are confused for a while.
    :param view_share: [batch], turns about the line of sight, relative to all others.
    """

    strength: Tensor
    missing: Tensor
    swaps: Tensor
    view_share: Tensor

    @staticmethod
    def uniform(count: int, strength: float, missing: float, swaps: float) -> NoiseLevels:
        """Give every clip the same."""
        values = (strength, missing, swaps, VIEW_SHARE)
        return NoiseLevels(*(torch.full((count,), value) for value in values))


class MeshNoise:
    """
    Adds noise to clips of clean markers.

    :param generator: of the random numbers.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.axes = PartAxes()
        self.turn_rad = torch.tensor([[radians(_TURN_DEG[part.kind])] for part in BODY_PARTS])

    def __call__(
        self, positions_m: Tensor, times_s: Tensor, levels: NoiseLevels
    ) -> tuple[Tensor, Tensor]:
        """
        Disturb clips.

        :param positions_m: [batch, frames, markers, 3], ground frame: x points to the camera.
        :param times_s: [batch, frames].
        :param levels: of each clip.
        :returns: positions like the given ones, and confidence [batch, frames, markers], 0 where
            missing.
        """
        batch, frames, markers = positions_m.shape[:3]
        confidence = 0.4 + 0.6 * self._uniform(batch, 1, len(BODY_PARTS))
        strength = levels.strength[:, None, None] * (1.6 - confidence) / 0.9
        noisy = self._move_parts(positions_m, times_s, strength, levels.view_share)
        level = levels.strength[:, None, None, None]
        noisy = noisy + level * (
            _JITTER_M * self._normal(batch, frames, markers, 3)
            + _MISPLACED_M * self._normal(batch, 1, markers, 3)
        )
        noisy = self._swap(noisy, levels.swaps)
        clean = (levels.strength == 0)[:, None, None]
        weights = torch.where(clean, 1.0, confidence)[..., _PART_OF].expand(batch, frames, markers)
        return noisy, weights * self._visible(batch, frames, markers, levels.missing)

    def _move_parts(
        self, positions_m: Tensor, times_s: Tensor, strength: Tensor, view_share: Tensor
    ) -> Tensor:
        frames = self.axes(positions_m, torch.ones_like(positions_m[..., 0]))
        size = (*positions_m.shape[:2], len(BODY_PARTS), 3)
        one = torch.ones_like(view_share)
        axes = torch.stack([view_share, one, one], -1)[:, None, None]
        turns = drift(size, times_s, _DRIFT, self.generator) * self.turn_rad * axes
        turns = turns * strength[..., None]
        depth_m = _DEPTH_M * drift(size, times_s, _DRIFT, self.generator) * strength[..., None]
        depth_m = depth_m * torch.tensor([1.0, 0.2, 0.2])
        stretch = 1 + self._size_errors(len(positions_m)) * strength[..., None]
        rotations = axis_angle_to_matrix(turns)
        turned: dict[str, Tensor] = {}
        for name in _ORDER:
            row = _NAMES.index(name)
            turned[name] = rotations[:, :, row]
            if name != (parent := BODY_PARTS[row].parent):
                turned[name] = turned[name] @ turned[parent]
        every = torch.stack([turned[name] for name in _NAMES], 2)
        return move_parts(positions_m, frames, every, depth_m, stretch)

    def _size_errors(self, batch: int) -> Tensor:
        """Give errors of the parts' sizes, both sides alike: [batch, 1, parts, 1]."""
        kinds = list(dict.fromkeys(part.kind for part in BODY_PARTS))
        of_kind = _SIZE_ERROR * self._normal(batch, len(kinds))
        rows = torch.tensor([kinds.index(part.kind) for part in BODY_PARTS])
        return (of_kind[:, rows] + _BODY_SIZE_ERROR * self._normal(batch, 1))[:, None, :, None]

    def _swap(self, positions_m: Tensor, chance: Tensor) -> Tensor:
        """Confuse left and right arms or legs for a few frames."""
        batch, frames = positions_m.shape[:2]
        for limbs in _LIMBS:
            hit = self._uniform(batch) < chance
            span = spans(batch, frames, 0.25, self.generator) & hit[:, None]
            where = span[..., None] & limbs
            positions_m = torch.where(where[..., None], positions_m[:, :, _SWAPPED], positions_m)
        return positions_m

    def _visible(self, batch: int, frames: int, markers: int, chance: Tensor) -> Tensor:
        """Hide single markers, parts for a while, and seldom everything: 0 or 1."""
        hidden = self._uniform(batch, frames, markers) < chance[:, None, None] * 0.3
        for _ in range(2):
            part = torch.randint(len(BODY_PARTS), (batch, 1, 1), generator=self.generator)
            span = (
                spans(batch, frames, 0.5, self.generator)
                & (self._uniform(batch) < chance)[:, None]
            )
            hidden |= span[..., None] & (part == _PART_OF)
        everything = (self._uniform(batch) < chance * 0.5)[:, None]
        hidden |= (spans(batch, frames, 0.3, self.generator) & everything)[..., None]
        return (~hidden).float()

    def _normal(self, *size: int) -> Tensor:
        return torch.randn(size, generator=self.generator)

    def _uniform(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self.generator)


def move_parts(
    positions_m: Tensor,
    frames: PartFrames,
    turns: Tensor,
    shifts_m: Tensor | None = None,
    stretch: Tensor | None = None,
) -> Tensor:
    """
    Turn body parts, each about where it hangs on its parent, and all that hangs on them.

    :param positions_m: [batch, frames, markers, 3], ground frame.
    :param frames: of the parts.
    :param turns: [batch, frames, parts, 3, 3], of each part, in ground axes.
    :param shifts_m: [batch, frames, parts, 3], of each part against its parent; None for none.
    :param stretch: [batch or 1, frames or 1, parts, 1], factors on the parts' sizes; None for 1.
    :returns: positions like the given ones.
    """
    shifts_m = torch.zeros_like(frames.origins_m) if shifts_m is None else shifts_m
    stretch = torch.ones_like(frames.origins_m[..., :1]) if stretch is None else stretch
    centres: dict[str, Tensor] = {}
    moved = torch.empty_like(positions_m)
    for name in _ORDER:
        row = _NAMES.index(name)
        parent = BODY_PARTS[row].parent
        origin_m = centres[name] = frames.origins_m[:, :, row]
        if name != parent:
            above = _NAMES.index(parent)
            arm_m = origin_m - frames.origins_m[:, :, above]
            arm_m = (turns[:, :, above] @ arm_m[..., None]).squeeze(-1)
            centres[name] = centres[parent] + arm_m * stretch[:, :, above]
        centres[name] = centres[name] + shifts_m[:, :, row]
        own = row == _PART_OF
        away_m = (positions_m[:, :, own] - origin_m[:, :, None]) @ turns[:, :, row].mT
        moved[:, :, own] = centres[name][:, :, None] + away_m * stretch[:, :, row, None]
    return moved


def drift(
    size: tuple[int, ...],
    times_s: Tensor,
    lasting: Sequence[tuple[float, float]],
    generator: torch.Generator,
) -> Tensor:
    """
    Draw unit noise that forgets itself over time.

    :param size: [batch, frames, ...].
    :param times_s: [batch, frames].
    :param lasting: shares of the variance, and how long each lasts, seconds.
    :param generator: of the random numbers.
    """
    steps_s = times_s.diff(dim=1)[(..., *[None] * (len(size) - 2))]
    total = torch.zeros(size)
    for share, memory_s in lasting:
        keep = torch.exp(-steps_s / memory_s)
        fresh = (1 - keep * keep).clamp(min=0).sqrt()
        noise = torch.randn(size, generator=generator)
        values = [noise[:, 0]]
        for frame in range(size[1] - 1):
            values.append(values[-1] * keep[:, frame] + noise[:, frame + 1] * fresh[:, frame])
        total = total + share**0.5 * torch.stack(values, 1)
    return total


def spans(batch: int, frames: int, longest: float, generator: torch.Generator) -> Tensor:
    """
    Draw one stretch of frames per clip.

    :param batch: clips.
    :param frames: of each.
    :param longest: share of the clip.
    :param generator: of the random numbers.
    :returns: [batch, frames] bool.
    """
    length = (torch.rand((batch, 1), generator=generator) * longest * frames).ceil()
    start = torch.rand((batch, 1), generator=generator) * frames
    order = torch.arange(frames)
    return (order >= start.floor()) & (order < start.floor() + length)
