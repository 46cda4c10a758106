"""
Who and what is drawn: shapes of persons and frames of motion, split so that nothing leaks.

A subject's number alone decides its split, so no seed can move a test subject into training;
clips are split by :mod:`biopose_ros.training.motion.splits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from biopose_ros.body.body_data import Population
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.postures import is_sitting
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.balance import balanced
from biopose_ros.training.synthesis.chance import pick

_SUBJECTS_PER_TENTH = 4000
# Last digits of the subjects' numbers.
SUBJECT_TENTHS = {
    Split.TRAIN: (0, 1, 2, 3, 4, 5, 6, 7),
    Split.VALIDATION: (8,),
    Split.TEST: (9,),
}
_BETA_LIMIT = 4.0
# Feet in the air by less than this are taken as standing: recordings are not better.
_CLEARANCE_NOISE_M = 0.05
# A jump ends within this time; what lasts longer is an error of the floor's height.
_LONGEST_JUMP_S = 1.2


def split_named(name: str) -> Split:
    """
    Find a split by its name.

    :param name: ``train``, ``validation`` or ``test``.
    :raises ValueError: for any other name.
    """
    try:
        return Split(name)
    except ValueError:
        known = ', '.join(split.value for split in Split)
        raise ValueError(f'unknown split {name!r}; choose one of {known}') from None


def choose_subject(random: np.random.Generator, split: Split) -> int:
    """
    Choose a person of a split; the last digit is the tenth.

    :param random: source of chance.
    :param split: whose persons.
    """
    return int(10 * random.integers(_SUBJECTS_PER_TENTH) + pick(random, SUBJECT_TENTHS[split]))


def subject_betas(subject: int, population: Population | None, components: int) -> FloatArray:
    """
    Give a subject's shape: an adult of the population, or unit normal where none is known.

    :param subject: number.
    :param population: of the body model.
    :param components: of the body model.
    :returns: [components] float32.
    """
    random = np.random.default_rng([20250103, subject])
    betas: FloatArray = random.standard_normal(components)
    if population is not None:
        betas = population.sample(int(random.integers(2)), 1, random)[0, :components]
    return np.clip(betas, -_BETA_LIMIT, _BETA_LIMIT).astype(np.float32)


@dataclass(frozen=True)
class MotionPool:
    """
    Frames to draw from.

    :param pose: [frames, 24, 3] float32.
    :param clearance_m: [frames], height of the lowest sole over the floor.
    :param clip: [frames], number of the clip.
    :param frame: [frames], number within the clip.
    :param names: of the clips.
    :param sits: [clips], whether the activity is about sitting on a seat.
    :param likelihood: [frames], how often each is drawn, summed up to the frame.
    """

    pose: NDArray[np.float32]
    clearance_m: NDArray[np.float32]
    clip: NDArray[np.int64]
    frame: NDArray[np.int64]
    names: tuple[str, ...]
    sits: NDArray[np.bool_]
    likelihood: FloatArray

    def choose(self, random: np.random.Generator) -> int:
        """
        Choose a frame.

        :param random: source of chance.
        """
        place = random.uniform(0.0, self.likelihood[-1])
        return int(np.searchsorted(self.likelihood, place, side='right'))


def motion_pool(clips: Iterable[MotionClip]) -> MotionPool:
    """
    Collect the usable frames of clips.

    :param clips: of one split.
    :raises ValueError: where no clip has a usable frame, or one holds numbers that are not finite.
    """
    chosen = [clip for clip in clips if clip.valid.any()]
    if not chosen:
        raise ValueError('no motion clip with a usable frame falls into this split; give more')
    for clip in chosen:
        _check_finite(clip)
    lengths = np.array([int(clip.valid.sum()) for clip in chosen])
    pose = np.concatenate([clip.pose[clip.valid] for clip in chosen]).astype(np.float32)
    # The root of their length keeps long takes from drowning short ones.
    weights = np.repeat(1.0 / np.sqrt(lengths), lengths)
    return MotionPool(
        pose=pose,
        clearance_m=np.concatenate([_clearance(clip)[clip.valid] for clip in chosen]),
        clip=np.repeat(np.arange(len(chosen)), lengths),
        frame=np.concatenate([np.flatnonzero(clip.valid) for clip in chosen]),
        names=tuple(clip.name for clip in chosen),
        sits=np.array([is_sitting(clip.activity) for clip in chosen]),
        likelihood=np.cumsum(balanced(pose, weights)),
    )


def save_pool(path: Path, pool: MotionPool) -> None:
    """
    Write a pool.

    :param path: ``.npz``; appears when it is complete.
    :param pool: of one split.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix('.part')
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(pool).items()}
    with part.open('wb') as file:
        np.savez(file, **arrays)
    part.replace(path)


def load_pool(path: Path) -> MotionPool:
    """
    Read a pool.

    :param path: written by :func:`save_pool`.
    """
    arrays = dict(np.load(path))
    names = tuple(map(str, arrays.pop('names')))
    return MotionPool(**arrays, names=names)


def _check_finite(clip: MotionClip) -> None:
    for field in ('pose', 'translation_m'):
        values = getattr(clip, field)[clip.valid]
        if not np.isfinite(values).all():
            raise ValueError(f'motion clip {clip.name}: {field} holds numbers that are not finite')


def _clearance(clip: MotionClip) -> NDArray[np.float32]:
    """Height of the lowest sole over its nearest contact; zero where the floor is unknown."""
    if not clip.floor_known:
        return np.zeros(len(clip), np.float32)
    lowest = clip.placed.soles_m[..., 1].min(axis=(1, 2))
    window = max(int(_LONGEST_JUMP_S * clip.fps), 1)
    height = lowest - minimum_filter1d(lowest, window, mode='nearest')
    return np.where(height > _CLEARANCE_NOISE_M, height, 0.0).astype(np.float32)
