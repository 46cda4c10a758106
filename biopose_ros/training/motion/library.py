"""All recorded motion of a folder, on one body."""

from __future__ import annotations

from pathlib import Path

from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.opensim_coordinates import read_opensim_clips
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.recordings import read_recordings, recording_files
from biopose_ros.training.motion.retarget import retarget


def recorded_clips(folder: Path | str, proportions: Proportions) -> list[MotionClip]:
    """
    Read every recording of a folder, and the OpenSim coordinates if they are there.

    :param folder: of ``.npz`` files.
    :param proportions: the body that moves.
    :raises MotionFileError: naming the file and the field that is wrong.
    """
    clips = [
        retarget(recording, proportions)
        for file in recording_files(folder)
        for recording in read_recordings(file)
    ]
    coordinates = Path(folder) / 'opensim_coordinates.npz'
    if coordinates.exists():
        clips.extend(read_opensim_clips(coordinates, proportions))
    return clips
