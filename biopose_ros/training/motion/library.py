"""Many clips at once: all recordings of a folder, or any number of synthesised activities."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from biopose_ros.training.motion.activities import draw_activity, generate_activity
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.knee_twist import with_turning_knees
from biopose_ros.training.motion.opensim_coordinates import read_opensim_clips
from biopose_ros.training.motion.proportions import Proportions, random_body
from biopose_ros.training.motion.recordings import read_recordings, recording_files
from biopose_ros.training.motion.retarget import retarget
from biopose_ros.training.motion.splits import Split, group_of, split_of_group
from biopose_ros.training.motion.straightening import straightened


def recorded_clips(
    folder: Path | str, proportions: Proportions, split: Split | None = None
) -> list[MotionClip]:
    """
    Read the recordings of a folder, and the OpenSim coordinates if they are there.

    :param folder: of ``.npz`` files.
    :param proportions: the body that moves.
    :param split: whose clips, which takes less time; None for all.
    :raises MotionFileError: naming the file and the field that is wrong.
    """
    clips = [
        with_turning_knees(straightened(retarget(recording, proportions)))
        for file in recording_files(folder)
        for recording in read_recordings(file)
        if split in (None, split_of_group(group_of(recording.name)))
    ]
    coordinates = Path(folder) / 'opensim_coordinates.npz'
    if coordinates.exists():
        others = read_opensim_clips(coordinates, proportions)
        clips += [clip for clip in others if split in (None, split_of_group(clip.group))]
    return clips


def activity_clips(
    count: int, seed: int, split: Split, proportions: Proportions | None = None
) -> list[MotionClip]:
    """
    Synthesise everyday activities, drawn by weight, of one split.

    :param count: how many clips.
    :param seed: the same seed, split and body give the same clips.
    :param split: clips of different splits never share a name, whatever their seeds.
    :param proportions: the body that moves; None draws another for each clip.
    """
    clips: list[MotionClip] = []
    number = 0
    while len(clips) < count:
        rng = np.random.default_rng([seed, number])
        name, label = draw_activity(rng), f'{seed}-{number}'
        if split_of_group(f'{name}/{label}') is split:
            body = random_body(rng) if proportions is None else proportions
            clips.append(with_turning_knees(generate_activity(name, rng, body, label)))
        number += 1
    return clips
