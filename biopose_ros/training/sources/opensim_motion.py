"""Inverse kinematics of other people's OpenSim models, from ``.mot`` files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biopose_ros.files.mot import read_mot
from biopose_ros.records import FloatArray
from biopose_ros.training.sources.common_format import RATE_HZ

_SIDED = (
    *('hip_flexion', 'hip_adduction', 'hip_rotation', 'knee_angle', 'ankle_angle'),
    *('subtalar_angle', 'mtp_angle'),
)
_ARMS = ('arm_flex', 'arm_add', 'arm_rot', 'elbow_flex', 'pro_sup', 'wrist_flex', 'wrist_dev')
COORDINATES = (
    *('pelvis_tilt', 'pelvis_list', 'pelvis_rotation'),
    *(f'{name}_{side}' for side in 'rl' for name in _SIDED),
    *('lumbar_extension', 'lumbar_bending', 'lumbar_rotation'),
    *(f'{name}_{side}' for side in 'rl' for name in _ARMS),
)
TRANSLATIONS = ('pelvis_tx', 'pelvis_ty', 'pelvis_tz')
# Models of gait2392's family turn these the other way round.
FLIPPED = ('knee_angle_r', 'knee_angle_l', 'mtp_angle_r', 'mtp_angle_l')
# What moves less than this is locked in the model, and says nothing of the person.
_LOCKED_RAD = 1e-4


@dataclass(frozen=True, eq=False)
class OpenSimClip:
    """
    Joint angles of one trial, 30 frames per second.

    :param name: of the clip.
    :param activity: in words.
    :param source: ``owner/name@commit:path``.
    :param licence: of the source.
    :param quality: 1 good, 0 doubtful.
    :param angles_rad: [frames, 34], of :data:`COORDINATES`; NaN where the source has none.
    :param pelvis_m: [frames, 3], NaN where the source has none.
    """

    name: str
    activity: str
    source: str
    licence: str
    quality: int
    angles_rad: FloatArray
    pelvis_m: FloatArray


def read_clip(
    name: str,
    activity: str,
    source: str,
    licence: str,
    path: Path,
    is_flipped: bool = False,
    quality: int = 1,
    unmeasured: Sequence[str] = (),
    is_in_degrees: bool = False,
) -> OpenSimClip:
    """
    Convert a trial.

    :param name: of the clip.
    :param activity: in words.
    :param source: ``owner/name@commit:path``.
    :param licence: of the source.
    :param path: of the ``.mot`` file.
    :param is_flipped: whether the model bends knees and toes as gait2392 does.
    :param quality: 1 good, 0 doubtful.
    :param unmeasured: columns that the file fills without having measured them.
    :param is_in_degrees: whether the file holds degrees although its header does not say so.
    :raises ValueError: when the file is no table of coordinates.
    """
    times_s, columns = read_mot(path)
    count = int(np.floor((times_s[-1] - times_s[0]) * RATE_HZ + 1e-6)) + 1
    wanted = times_s[0] + np.arange(count) / RATE_HZ

    def at_times(column: str) -> FloatArray:
        if column not in columns or column in unmeasured:
            return np.full(count, np.nan)
        values = columns[column]
        if column in COORDINATES:
            if np.ptp(values) < _LOCKED_RAD:
                return np.full(count, np.nan)
            values = np.radians(values) if is_in_degrees else values
            values = np.unwrap(values) * (-1.0 if is_flipped and column in FLIPPED else 1.0)
        return np.asarray(np.interp(wanted, times_s, values))

    angles = np.stack([at_times(column) for column in COORDINATES], axis=1)
    pelvis = np.stack([at_times(column) for column in TRANSLATIONS], axis=1)
    return OpenSimClip(name, activity, source, licence, quality, angles, pelvis)


def write_coordinates(path: Path, clips: Sequence[OpenSimClip]) -> None:
    """
    Check clips and write them into one file.

    :param path: ends in ``.npz``.
    :param clips: at least one.
    :raises ValueError: naming a clip without a knee that bends forward in the mean.
    """
    knees = [COORDINATES.index(f'knee_angle_{side}') for side in 'rl']
    for clip in clips:
        if not np.nanmean(clip.angles_rad[:, knees]) > 0:
            raise ValueError(f'{clip.name}: knees bend the wrong way, or are not there')
    lengths = np.array([len(clip.angles_rad) for clip in clips], np.int32)
    part = path.with_suffix('.part.npz')
    np.savez_compressed(
        part,
        coord_names=np.array(COORDINATES),
        angles=np.concatenate([clip.angles_rad for clip in clips]).astype(np.float16),
        pelvis_trans=np.concatenate([clip.pelvis_m for clip in clips]).astype(np.float32),
        fps=np.float32(RATE_HZ),
        clip_names=np.array([clip.name for clip in clips]),
        clip_start=(lengths.cumsum() - lengths).astype(np.int32),
        clip_length=lengths,
        clip_activity=np.array([clip.activity for clip in clips]),
        clip_quality=np.array([clip.quality for clip in clips], np.int8),
        clip_source=np.array([clip.source for clip in clips]),
        clip_licence=np.array([clip.licence for clip in clips]),
    )
    part.replace(path)
