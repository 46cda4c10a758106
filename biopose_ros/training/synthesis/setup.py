"""Put the parts together: the shipped body, motion, markers and backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from biopose_ros.body import BodyModel, load_body
from biopose_ros.training.motion.activities import ACTIVITIES, draw_activity, generate_activity
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.knee_twist import with_turning_knees
from biopose_ros.training.motion.library import recorded_clips
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.samplers import wide_poses
from biopose_ros.training.motion.splits import Split, split_clips, split_of_group
from biopose_ros.training.synthesis.backdrop import Photos
from biopose_ros.training.synthesis.casting import Casting
from biopose_ros.training.synthesis.generator import SampleGenerator, SkeletonTie
from biopose_ros.training.synthesis.sequence import MotionTie, SequenceGenerator
from biopose_ros.training.synthesis.sources import (
    load_pool,
    motion_pool,
    save_pool,
    split_named,
)
from biopose_ros.virtual_markers import load_markers

_CLIP_SEED = 20250104
_WIDE_POSES = 400


@dataclass(frozen=True)
class SynthesisConfig:
    """
    What to draw.

    :param split: ``train``, ``validation`` or ``test``.
    :param seed: of the stream.
    :param motion_folder: with recordings (``*.npz``), or with the pools that :func:`save_pools`
        made of such; None takes synthetic ones alone.
    :param synthetic_clips: how many everyday activities to make, all splits together; the first so
        many of an endless list.
    :param activities: words, one of which a clip's activity or name must hold; none takes all.
    :param backgrounds: folder of photographs; None draws backgrounds.
    :param side_px: width and height of the images.
    :param facing_deg: greatest angle between where persons face and the way to the camera; of
        sequences.
    """

    split: str = 'train'
    seed: int = 0
    motion_folder: Path | None = None
    synthetic_clips: int = 300
    activities: tuple[str, ...] = ()
    backgrounds: Path | None = None
    side_px: int = 256
    facing_deg: float = 180.0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
        if not 32 <= self.side_px <= 2048:
            raise ValueError(f'side_px must lie between 32 and 2048, got {self.side_px}')


def build_generator(
    config: SynthesisConfig,
    clips: Sequence[MotionClip] | None = None,
    tie: SkeletonTie | None = None,
) -> SampleGenerator:
    """
    Assemble a generator from what ships with the package.

    :param config: what to draw.
    :param clips: motion of the config's split, to use in place of its folder and activities.
    :param tie: skeleton coordinates and scales, where they are wanted.
    :returns: the generator.
    :raises ValueError: for an unknown split or activity, an empty background folder, or motion
        that cannot be used.
    """
    split = split_named(config.split)
    photos = Photos(config.backgrounds) if config.backgrounds else None
    body = load_body()
    made = pool_file(config.motion_folder, split) if config.motion_folder else None
    if clips is None and made is not None and made.exists():
        pool = load_pool(made)
    else:
        pool = motion_pool(load_clips(body, config, split) if clips is None else clips)
    markers = load_markers(body.topology)
    return SampleGenerator(body, pool, split, config.seed, config.side_px, photos, markers, tie)


def save_pools(folder: Path, config: SynthesisConfig) -> None:
    """
    Make the motion of the splits to train and to check with ready once, for many processes.

    :param folder: to give as ``motion_folder`` then; pools that it holds stay.
    :param config: whose motion.
    :raises ValueError: for motion that cannot be used.
    """
    splits = (Split.TRAIN, Split.VALIDATION)
    with ProcessPoolExecutor(len(splits), get_context('spawn')) as processes:
        list(processes.map(partial(_save_pool, folder, config), splits))


def _save_pool(folder: Path, config: SynthesisConfig, split: Split) -> None:
    path = pool_file(folder, split)
    if not path.exists():
        save_pool(path, motion_pool(load_clips(load_body(), config, split)))


def pool_file(folder: Path, split: Split) -> Path:
    """Name the file of a split's motion that is made ready."""
    return folder / f'pool_{split.value}.npz'


def build_sequence_generator(
    config: SynthesisConfig, tie: MotionTie | None = None
) -> SequenceGenerator:
    """
    Assemble a generator of image sequences; backgrounds are always drawn.

    :param config: what to draw.
    :param tie: skeleton coordinates and scales, where they are wanted.
    :raises ValueError: for an unknown split or activity, or motion that cannot be used.
    """
    split, body = split_named(config.split), load_body()
    casting = Casting(
        body,
        split,
        _recordings(measure(body), config, split),
        [name for name in ACTIVITIES if _is_wanted(name, config.activities)],
    )
    markers = load_markers(body.topology)
    return SequenceGenerator(
        body, casting, config.seed, config.side_px, markers, tie, np.radians(config.facing_deg)
    )


def load_clips(body: BodyModel, config: SynthesisConfig, split: Split) -> list[MotionClip]:
    """
    Collect motion of the mean body: recordings, everyday activities, wide random poses.

    :param body: whose proportions the clips get.
    :param config: what is wanted.
    :param split: whose clips.
    :raises ValueError: naming an activity that neither is known nor was recorded.
    """
    proportions = measure(body)
    clips = _recordings(proportions, config, split)
    clips += _synthesised(proportions, config, split)
    if not config.activities:
        random = np.random.default_rng([_CLIP_SEED, *split.value.encode()])
        clips.append(with_turning_knees(wide_poses(random, proportions, _WIDE_POSES)))
    return clips


def _recordings(
    proportions: Proportions, config: SynthesisConfig, split: Split
) -> list[MotionClip]:
    """Read a split's recordings that are wanted."""
    folder, words = config.motion_folder, config.activities
    if not words:
        return recorded_clips(folder, proportions, split) if folder else []
    # A word may stand for recordings of another split alone: it is known all the same.
    recorded = recorded_clips(folder, proportions) if folder else []
    _check_words(words, recorded)
    return [
        clip
        for clip in split_clips(recorded)[split]
        if _is_wanted(f'{clip.activity} {clip.name}', words)
    ]


def _synthesised(
    proportions: Proportions, config: SynthesisConfig, split: Split
) -> list[MotionClip]:
    """Clips of everyday activities; a clip's number fixes all of it, its name the split."""
    if not any(_is_wanted(name, config.activities) for name in ACTIVITIES):
        return []
    clips, wanted, numbers = [], 0, count()
    while wanted < config.synthetic_clips:
        number = next(numbers)
        random = np.random.default_rng([_CLIP_SEED, number])
        name, label = draw_activity(random), f'{number:05d}'
        if not _is_wanted(name, config.activities):
            continue
        wanted += 1
        if split_of_group(f'{name}/{label}') is split:
            clip = generate_activity(name, random, proportions, label)
            clips.append(with_turning_knees(clip))
    return clips


def _is_wanted(text: str, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in text.lower() for word in words)


def _check_words(words: Sequence[str], recorded: Sequence[MotionClip]) -> None:
    texts = [*ACTIVITIES, *(f'{clip.activity} {clip.name}' for clip in recorded)]
    for word in words:
        if not any(_is_wanted(text, [word]) for text in texts):
            known = ', '.join([*ACTIVITIES, *sorted({clip.activity for clip in recorded})])
            raise ValueError(f'unknown activity {word!r}; there are: {known}')
