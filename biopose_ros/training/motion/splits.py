"""Which clips train, which validate, which test: fixed by their names, whole sources together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import Enum

from biopose_ros.training.motion.clip import MotionClip

# Evaluation only: a squat, walking with turns and a runner, each the only clips of their person.
HELD_OUT_GROUPS = frozenset(
    f'opensim_coordinates/{person}' for person in ('kirsten', 'camargo', 'welk002')
)
_TEST_SHARE = _VALIDATION_SHARE = 0.1
# Chosen such that every file of recordings, and nearly every activity with at least six clips,
# has clips in all three splits.
_SALT = 1035
_SALSA_PARTNER = 15  # file number of one partner minus that of the other


class Split(Enum):
    """The use of a clip."""

    TRAIN = 'train'
    VALIDATION = 'validation'
    TEST = 'test'


def group_of(name: str) -> str:
    """
    Name the group of a recorded clip: clips that share a take stay together.

    The numbered takes of one DeepMimic motion overlap; salsa partners dance the same dance.

    :param name: ``<file>/<clip>``.
    """
    file, _, clip = name.partition('/')
    if file == 'deepmimic':
        return f'{file}/{re.sub(r"[0-9]+$", "", clip)}'
    if file == 'react_idle':  # one person, acted and genuine
        return f'{file}/{clip.split("_")[0]}'
    if clip.startswith('salsa_'):
        number = int(clip.removeprefix('salsa_'))
        dance = number - _SALSA_PARTNER if number > _SALSA_PARTNER else number
        return f'{file}/salsa_{dance:02d}'
    return name


def split_of_group(group: str) -> Split:
    """
    Give the split of a clip from its group's name alone: other clips and seeds never change it.

    :param group: :attr:`MotionClip.group`, recorded or synthetic (``<activity>/<label>``).
    """
    if group in HELD_OUT_GROUPS:
        return Split.TEST
    digest = hashlib.sha256(f'{_SALT}:{group}'.encode()).digest()
    place = int.from_bytes(digest[:8], 'big') / 2.0**64
    if place < _TEST_SHARE:
        return Split.TEST
    return Split.VALIDATION if place < _TEST_SHARE + _VALIDATION_SHARE else Split.TRAIN


def split_clips(clips: Iterable[MotionClip]) -> dict[Split, list[MotionClip]]:
    """
    Sort clips by split; mirrored and cut ones follow their group.

    :param clips: any.
    """
    result: dict[Split, list[MotionClip]] = {split: [] for split in Split}
    for clip in clips:
        result[split_of_group(clip.group)].append(clip)
    return result
