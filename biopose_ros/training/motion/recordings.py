"""
Read recorded motion from ``.npz`` files in the common format, with every field checked.

The format (rest pose, axes, signs) is described beside the data; forward kinematics here follows
that description and is the reference for the retargeted poses.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import forward_kinematics, matrices_from_vectors

# Climbing, hanging and swinging have no floor under the feet; 03 walks on uneven ground.
_NO_FLOOR = ('cmu_subjects_01_02_03/03_', 'cmu_subjects_01_02_03/01_', 'cmu_gymnastics_jumps/43_')


class MotionFileError(ValueError):
    """A motion file that cannot be used; the message names the file and the field."""


@dataclass(frozen=True, eq=False)
class Recording:
    """
    One recorded clip on its own skeleton.

    :param name: ``<file>/<clip>``.
    :param activity: in words.
    :param source: file name without ending.
    :param fps: frames per second.
    :param joint_names: of the source skeleton.
    :param parents: [joints], -1 for the root.
    :param offsets_m: [joints, 3], in the parent's frame, metres.
    :param moved: [joints], False where the source has no such joint.
    :param rotvec: [frames, joints, 3], radians, from the T-pose.
    :param translation_m: [frames, 3], root in the world, the estimated floor at 0.
    :param valid: [frames].
    :param floor_known: False where feet do not stand on the floor.
    """

    name: str
    activity: str
    source: str
    fps: float
    joint_names: tuple[str, ...]
    parents: np.ndarray
    offsets_m: FloatArray
    moved: np.ndarray
    rotvec: FloatArray
    translation_m: FloatArray
    valid: np.ndarray
    floor_known: bool

    def forward_kinematics(self) -> tuple[FloatArray, FloatArray]:
        """
        Place the source skeleton.

        :returns: rotations [frames, joints, 3, 3] and positions [frames, joints, 3],
            world, metres.
        """
        local = matrices_from_vectors(self.rotvec)
        return forward_kinematics(self.parents.tolist(), self.offsets_m, local, self.translation_m)


def read_recordings(path: Path | str) -> Iterator[Recording]:
    """
    Read all clips of one file.

    :param path: an ``.npz`` file in the common motion format.
    :raises MotionFileError: naming the file and the field that is missing or wrong.
    """
    path = Path(path)
    fields = load_fields(path)
    _check(path, fields)
    return _clips(path.stem, fields)


def recording_files(folder: Path | str) -> list[Path]:
    """
    List the recordings of a data folder; files in OpenSim coordinates are not among them.

    :raises MotionFileError: if there are none.
    """
    files = sorted(Path(folder).glob('*.npz'))
    files = [file for file in files if file.stem != 'opensim_coordinates']
    if not files:
        raise MotionFileError(f'no recorded motion (*.npz) in {folder}; pass its folder')
    return files


def load_fields(path: Path) -> dict[str, np.ndarray]:
    """
    Load all arrays of an ``.npz`` file; pickled objects are refused.

    :raises MotionFileError: if it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise MotionFileError(f'{path}: not a readable .npz file ({error})') from error


def _check(path: Path, fields: dict[str, np.ndarray]) -> None:
    sizes = check_fields(path, fields, _FIELDS, required=_REQUIRED)
    _check_tree(path, fields)
    if not set(fields['clip_skeleton'].tolist()) <= set(range(sizes['skeletons'])):
        raise MotionFileError(
            f"{path}: field 'clip_skeleton' names a skeleton outside the {sizes['skeletons']}"
        )


def check_fields(
    path: Path,
    fields: dict[str, np.ndarray],
    wanted: dict[str, tuple[str, tuple[str | int, ...]]],
    *,
    required: Collection[str],
    may_be_nan: Collection[str] = (),
) -> dict[str, int]:
    """
    Check presence, kind, shape and content of every field that is used.

    :param path: for messages.
    :param fields: the arrays.
    :param wanted: allowed numpy kinds and named or fixed axis lengths of each field.
    :param required: fields that must be there.
    :param may_be_nan: fields that may hold values that are not finite.
    :returns: lengths of the named axes.
    :raises MotionFileError: naming the file and the field.
    """
    if missing := sorted(set(required) - fields.keys()):
        raise MotionFileError(f'{path}: field {missing[0]!r} is missing')
    sizes: dict[str, int] = {}
    for key, (kinds, axes) in wanted.items():
        if key not in fields:
            continue
        array = fields[key]
        if array.dtype.kind not in kinds:
            raise MotionFileError(f'{path}: field {key!r} has type {array.dtype}')
        _check_shape(path, key, array, axes, sizes)
        if array.dtype.kind == 'f' and key not in may_be_nan and not np.isfinite(array).all():
            raise MotionFileError(f'{path}: field {key!r} holds values that are not finite')
    _check_clips(path, fields, sizes)
    return sizes


_FIELDS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    'joint_names': ('U', ('joints',)),
    'parents': ('iu', ('joints',)),
    'offsets': ('f', ('skeletons', 'joints', 3)),
    'rotvec': ('f', ('frames', 'joints', 3)),
    'trans': ('f', ('frames', 3)),
    'frame_ok': ('b', ('frames',)),
    'fps': ('fiu', ()),
    'clip_names': ('U', ('clips',)),
    'clip_start': ('iu', ('clips',)),
    'clip_length': ('iu', ('clips',)),
    'clip_skeleton': ('iu', ('clips',)),
    'clip_floor': ('f', ('clips',)),
    'clip_activity': ('U', ('clips',)),
    'joint_moved': ('b', ('skeletons', 'joints')),
}
_REQUIRED = _FIELDS.keys() - {'clip_activity', 'joint_moved'}


def _check_shape(
    path: Path, key: str, array: np.ndarray, axes: tuple[str | int, ...], sizes: dict[str, int]
) -> None:
    expected = ', '.join(str(axis) for axis in axes)
    if array.ndim != len(axes):
        raise MotionFileError(f'{path}: field {key!r} has shape {array.shape}, not [{expected}]')
    for axis, size in zip(axes, array.shape, strict=True):
        wanted = axis if isinstance(axis, int) else sizes.setdefault(axis, size)
        if size != wanted:
            raise MotionFileError(
                f'{path}: field {key!r} has shape {array.shape}, not [{expected}] '
                f'with {axis if isinstance(axis, str) else "last axis"} = {wanted}'
            )


def _check_tree(path: Path, fields: dict[str, np.ndarray]) -> None:
    for joint, parent in enumerate(fields['parents']):
        if not -1 <= parent < joint or (parent < 0) != (joint == 0):
            raise MotionFileError(
                f"{path}: field 'parents' is not a tree with parents before children "
                f'(joint {joint} has parent {parent})'
            )


def _check_clips(path: Path, fields: dict[str, np.ndarray], sizes: dict[str, int]) -> None:
    start, length = (fields[key].astype(np.int64) for key in ('clip_start', 'clip_length'))
    if (start < 0).any() or (length <= 0).any() or (start + length > sizes['frames']).any():
        raise MotionFileError(
            f"{path}: fields 'clip_start' and 'clip_length' leave the {sizes['frames']} frames"
        )
    if fields['fps'] <= 0:
        raise MotionFileError(f"{path}: field 'fps' must be positive, got {fields['fps']}")


def _clips(source: str, fields: dict[str, np.ndarray]) -> Iterator[Recording]:
    names = tuple(str(name) for name in fields['joint_names'])
    moved = fields.get('joint_moved', np.ones(fields['offsets'].shape[:2], dtype=bool))
    for clip, clip_name in enumerate(fields['clip_names']):
        start = int(fields['clip_start'][clip])
        frames = slice(start, start + int(fields['clip_length'][clip]))
        skeleton = fields['clip_skeleton'][clip]
        name = f'{source}/{clip_name}'
        floor = np.array([0.0, fields['clip_floor'][clip], 0.0])
        yield Recording(
            name=name,
            activity=_activity(fields, clip),
            source=source,
            fps=float(fields['fps']),
            joint_names=names,
            parents=fields['parents'],
            offsets_m=fields['offsets'][skeleton].astype(np.float64),
            moved=moved[skeleton],
            rotvec=fields['rotvec'][frames].astype(np.float64),
            translation_m=fields['trans'][frames] - floor,
            valid=fields['frame_ok'][frames],
            floor_known=not name.startswith(_NO_FLOOR),
        )


def _activity(fields: dict[str, np.ndarray], clip: int) -> str:
    if 'clip_activity' in fields:
        return str(fields['clip_activity'][clip])
    parts = str(fields['clip_names'][clip]).split('/')
    return parts[1] if len(parts) == 3 else parts[-1]
