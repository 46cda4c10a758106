"""Which clips train, which validate, which test: fixed by their names, whole sources together."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum

from biopose_ros.training.motion.clip import MotionClip

# Evaluation only: a squat, walking with turns and a runner, each the only clips of their person.
HELD_OUT_GROUPS = frozenset(
    f'opensim_coordinates/{person}' for person in ('kirsten', 'camargo', 'welk002')
)
_TEST_SHARE = _VALIDATION_SHARE = 0.1
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
    if clip.startswith('salsa_'):
        number = int(clip.removeprefix('salsa_'))
        dance = number - _SALSA_PARTNER if number > _SALSA_PARTNER else number
        return f'{file}/salsa_{dance:02d}'
    return name


def split_of_name(group: str) -> Split:
    """
    Give the split of a synthetic clip, from its name alone.

    :param group: ``<activity>/<label>``.
    """
    place = _place(group)
    if place < _TEST_SHARE:
        return Split.TEST
    return Split.VALIDATION if place < _TEST_SHARE + _VALIDATION_SHARE else Split.TRAIN


def split_clips(clips: Iterable[MotionClip]) -> dict[Split, list[MotionClip]]:
    """
    Split recorded clips: of every file and, where it has enough clips, every activity some test.

    :param clips: all clips of all files; mirrored and cut ones follow their group.
    """
    clips = list(clips)
    splits = _split_groups(clips)
    result: dict[Split, list[MotionClip]] = {split: [] for split in Split}
    for clip in clips:
        result[splits[clip.group]].append(clip)
    return result


def _split_groups(clips: list[MotionClip]) -> dict[str, Split]:
    strata: dict[tuple[str, str], set[str]] = defaultdict(set)
    for clip in clips:
        strata[clip.source, clip.activity].add(clip.group)
    # Activities with few clips share the stratum of their file's rest.
    pooled: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (source, activity), groups in strata.items():
        pooled[source, activity if len(groups) >= 5 else ''] |= groups
    splits: dict[str, Split] = {}
    for groups in pooled.values():
        splits.update(_split_stratum(groups - splits.keys()))
    splits.update(dict.fromkeys(HELD_OUT_GROUPS & splits.keys(), Split.TEST))
    return splits


def _split_stratum(groups: set[str]) -> dict[str, Split]:
    ordered = sorted(groups, key=_place)
    few = max(round(len(ordered) * _TEST_SHARE), 1) if len(ordered) >= 3 else 0
    uses = [Split.TEST] * few + [Split.VALIDATION] * few
    uses += [Split.TRAIN] * (len(ordered) - len(uses))
    return dict(zip(ordered, uses, strict=True))


def _place(group: str) -> float:
    """Hash a name to 0..1, the same on every machine."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:8], 'big') / 2.0**64
