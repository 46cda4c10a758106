"""One piece of motion of the body, and what can be done to any: mirror, cut, refit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from biopose_ros.body.joints import MIRRORED_JOINTS
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import MIRROR_POINT, MIRROR_ROTVEC
from biopose_ros.training.motion.proportions import Placed, Proportions, place
from biopose_ros.training.motion.rotations import (
    matrices_from_vectors,
)


@dataclass(frozen=True, eq=False)
class MotionClip:
    """
    A motion of one SMPL-format body.

    World axes: X = the subject's left at heading zero, Y = up, Z = forward; the floor is y = 0.

    :param name: unique, ``<file>/<clip>`` or ``<activity>/<seed>``; derived clips add a suffix.
    :param group: clips with the same group share a source and stay in one split.
    :param activity: in words.
    :param source: file of recordings, or ``synthetic``.
    :param fps: frames per second.
    :param pose: [frames, 24, 3] float32, rotation vectors in SMPL's joint order, radians.
    :param translation_m: [frames, 3] float32, world position of the pelvis joint (an SMPL layer's
        ``transl`` is this minus the pelvis joint's rest position).
    :param valid: [frames], False where the source is known to be wrong.
    :param floor_known: False where feet never stand on a floor (climbing, hanging).
    :param proportions: the body that the translation and the contacts were made for.
    """

    name: str
    group: str
    activity: str
    source: str
    fps: float
    pose: FloatArray
    translation_m: FloatArray
    valid: np.ndarray
    floor_known: bool
    proportions: Proportions

    def __post_init__(self) -> None:
        frames = len(self.pose)
        shapes = {
            'pose': (self.pose, (frames, 24, 3)),
            'translation_m': (self.translation_m, (frames, 3)),
            'valid': (self.valid, (frames,)),
        }
        for field, (array, shape) in shapes.items():
            if array.shape != shape:
                raise ValueError(f'{self.name}: {field} has shape {array.shape}, expected {shape}')
        if frames == 0:
            raise ValueError(f'{self.name}: the clip has no frames')

    def __len__(self) -> int:
        return len(self.pose)

    @cached_property
    def placed(self) -> Placed:
        """Forward kinematics of all frames."""
        return place(self.proportions, matrices_from_vectors(self.pose), self.translation_m)

    @cached_property
    def speeds_mps(self) -> FloatArray:
        """[frames], how fast the person travels over the floor, over a second: not sway."""
        half = max(round(self.fps / 2), 1)
        path = self.translation_m[:, [0, 2]].astype(np.float64)
        frames = np.arange(len(self))
        begins, ends = np.maximum(frames - half, 0), np.minimum(frames + half, len(self) - 1)
        seconds = np.maximum(ends - begins, 1) / self.fps
        return np.asarray(np.linalg.norm(path[ends] - path[begins], axis=1) / seconds)

    def usable_runs(self) -> list[tuple[int, int]]:
        """Give first frame and the one past the end of each run of valid frames."""
        edges = np.flatnonzero(np.diff(np.pad(self.valid.astype(int), 1))).tolist()
        return list(zip(edges[::2], edges[1::2], strict=True))


def mirror(clip: MotionClip) -> MotionClip:
    """Swap left and right; the body's own left-right differences are swapped too."""
    body = clip.proportions
    mirrored_body = Proportions(
        body.rest_joints_m[list(MIRRORED_JOINTS)] * MIRROR_POINT,
        body.soles_m[::-1] * MIRROR_POINT,
        body.ends_m[[0, 2, 1]] * MIRROR_POINT,
    )
    name = clip.name.removesuffix('~mirror')
    return replace(
        clip,
        name=name if name != clip.name else f'{name}~mirror',
        pose=(clip.pose[:, list(MIRRORED_JOINTS)] * MIRROR_ROTVEC).astype(np.float32),
        translation_m=(clip.translation_m * MIRROR_POINT).astype(np.float32),
        proportions=mirrored_body,
    )


def cut(clip: MotionClip, start: int, stop: int) -> MotionClip:
    """Keep frames ``start`` to ``stop`` (excluded)."""
    return replace(
        clip,
        name=f'{clip.name}[{start}:{stop}]',
        pose=clip.pose[start:stop],
        translation_m=clip.translation_m[start:stop],
        valid=clip.valid[start:stop],
    )


def refit(clip: MotionClip, proportions: Proportions) -> MotionClip:
    """
    Give the motion to another body: same rotations, path scaled by leg length, feet on the floor.

    :param clip: the source.
    :param proportions: the new body.
    """
    ratio = proportions.leg_length_m / clip.proportions.leg_length_m
    scaled = replace(
        clip,
        translation_m=(clip.translation_m * ratio).astype(np.float32),
        proportions=proportions,
    )
    return drop_to_floor(scaled) if clip.floor_known else scaled


def drop_to_floor(clip: MotionClip) -> MotionClip:
    """
    Stand the clip on the floor: no sole below it, and the lowest soles on it.

    :param clip: the source.
    """
    lowest = clip.placed.soles_m[..., 1].min(axis=(1, 2))
    # Robust against single bad frames, and the recordings' own rule; what sinks in is lifted.
    floor = np.percentile(lowest, 5.0)
    # Averaging a running maximum over a window no wider than its own never falls below the source.
    sinking = maximum_filter1d(np.maximum(floor - lowest, 0.0), 9, mode='nearest')
    lift = gaussian_filter1d(sinking, 2.0, truncate=2.0, mode='nearest') - floor
    translation = clip.translation_m + lift[:, None] * [0.0, 1.0, 0.0]
    return replace(clip, translation_m=translation.astype(np.float32))
