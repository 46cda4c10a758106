"""
Give motion in OpenSim coordinates to the SMPL-format body, through the default skeleton.

A segment's rotation away from where it is in the standing body, changed to the body's axes, is the
turn of the joint that carries the segment. What the source did not measure gets a plausible
posture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from biopose_ros.body import load_body
from biopose_ros.body.rotations import relative_to_parents
from biopose_ros.frames import OPENSIM_FROM_BODY
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.labels.anthropometry import Anthropometry, standing_pose
from biopose_ros.training.labels.start_pose import CARRIERS, KnownPose, joint_rotations
from biopose_ros.training.motion.clip import MotionClip, drop_to_floor
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.recordings import MotionFileError, check_fields, load_fields
from biopose_ros.training.motion.retarget import collar_rotation
from biopose_ros.training.motion.rotations import fraction_of, vectors_from_matrices

# Ulna and radius both hang on the elbow; the radius has the forearm's twist.
_SEGMENTS = {joint: segment for segment, joint in CARRIERS.items() if segment[:4] != 'ulna'}

_FIELDS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    'coord_names': ('U', ('coordinates',)),
    'angles': ('f', ('frames', 'coordinates')),
    'pelvis_trans': ('f', ('frames', 3)),
    'clip_names': ('U', ('clips',)),
    'clip_start': ('iu', ('clips',)),
    'clip_length': ('iu', ('clips',)),
    'clip_activity': ('U', ('clips',)),
    'clip_quality': ('iu', ('clips',)),
    'fps': ('fiu', ()),
}


def read_opensim_clips(path: Path | str, proportions: Proportions) -> Iterator[MotionClip]:
    """
    Read all good clips of a file of OpenSim coordinates as motion of the body.

    :param path: ``opensim_coordinates.npz``.
    :param proportions: the body.
    :raises MotionFileError: naming the file and the field that is missing or wrong.
    """
    path = Path(path)
    fields = load_fields(path)
    check_fields(
        path, fields, _FIELDS, required=_FIELDS.keys(), may_be_nan={'angles', 'pelvis_trans'}
    )
    skeleton = load_skeleton()
    known = set(skeleton.coordinate_names)
    if unknown := [name for name in fields['coord_names'] if str(name) not in known]:
        raise MotionFileError(f"{path}: field 'coord_names' holds unknown {unknown[0]!r}")
    for clip in np.flatnonzero(fields['clip_quality'] > 0):
        yield _clip(path.stem, fields, int(clip), skeleton, proportions)


def _clip(
    source: str,
    fields: dict[str, np.ndarray],
    clip: int,
    skeleton: Skeleton,
    proportions: Proportions,
) -> MotionClip:
    start = int(fields['clip_start'][clip])
    frames = slice(start, start + int(fields['clip_length'][clip]))
    name, activity = (str(fields[key][clip]) for key in ('clip_names', 'clip_activity'))
    names = [str(item) for item in fields['coord_names']]
    angles = dict(zip(names, fields['angles'][frames].astype(np.float64).T, strict=True))
    fill_unmeasured(angles, running='run' in activity or 'sprint' in activity)
    local = body_rotations(skeleton, angles)
    translation = np.nan_to_num(fields['pelvis_trans'][frames].astype(np.float64))
    motion = MotionClip(
        name=f'{source}/{name}',
        group=f'{source}/{_subject(name)}',
        activity=activity,
        source=source,
        fps=float(fields['fps']),
        pose=vectors_from_matrices(local).astype(np.float32),
        translation_m=(translation @ OPENSIM_FROM_BODY).astype(np.float32),
        valid=np.ones(len(local), dtype=bool),
        floor_known=True,
        proportions=proportions,
    )
    return drop_to_floor(motion)


def _subject(name: str) -> str:
    """Name the person of a clip: clips of one person stay in one split."""
    return name.split('_')[0]


def fill_unmeasured(angles_rad: dict[str, FloatArray], *, running: bool) -> None:
    """
    Replace what the source did not measure by a plausible posture, in place.

    :param angles_rad: [frames] per coordinate, NaN where unknown.
    :param running: bent elbows and a wide arm swing instead of those of walking.
    """
    tilt = np.nan_to_num(angles_rad['pelvis_tilt'])
    guesses: dict[str, FloatArray | float] = {'lumbar_extension': -0.7 * tilt}
    for side, other in (('r', 'l'), ('l', 'r')):
        hip = np.nan_to_num(angles_rad[f'hip_flexion_{other}'])
        swing = (hip - hip.mean()) * (0.9 if running else 0.6)
        guesses[f'arm_flex_{side}'] = swing - (0.15 if running else 0.0)
        guesses[f'arm_add_{side}'] = np.radians(-15.0 if running else -8.0)
        guesses[f'elbow_flex_{side}'] = np.radians(85.0 if running else 22.0)
        guesses[f'pro_sup_{side}'] = np.radians(95.0)
    for name, values in angles_rad.items():
        angles_rad[name] = np.where(np.isnan(values), guesses.get(name, 0.0), values)
    # These models have no neck; a leaning person still looks ahead.
    lean = angles_rad['pelvis_tilt'] + angles_rad['lumbar_extension']
    angles_rad['neck_extension'] = -0.5 * lean


def body_rotations(skeleton: Skeleton, angles_rad: dict[str, FloatArray]) -> FloatArray:
    """
    Turn skeleton coordinates into joint rotations of the body.

    :param skeleton: the default skeleton.
    :param angles_rad: [frames] per coordinate; coordinates left out are zero.
    :returns: local rotations [frames, 24, 3, 3].
    """
    frames, known = len(next(iter(angles_rad.values()))), _standing_body()
    coordinates = torch.zeros(frames, len(skeleton.coordinate_names), dtype=torch.float64)
    for name, values in angles_rad.items():
        coordinates[:, skeleton.coordinate_index(name)] = torch.as_tensor(values)
    posed, standing = (
        skeleton.forward_kinematics(q).rotations.numpy() for q in (coordinates, known.coordinates)
    )
    joints = joint_rotations(known.pose)
    worlds: FloatArray = np.tile(np.eye(3), (frames, 24, 1, 1))
    for name, segment in _SEGMENTS.items():
        index, joint = skeleton.segment_index(segment), JOINT[name]
        turned = posed[:, index] @ standing[index].T @ joints[joint]
        worlds[:, joint] = OPENSIM_FROM_BODY.T @ turned @ OPENSIM_FROM_BODY
    return _local(worlds)


@lru_cache(maxsize=1)
def _standing_body() -> KnownPose:
    """Give the mean body's standing pose as body and as skeleton: labels start from the same."""
    body = load_body()
    subject = Anthropometry(body).subject(torch.zeros(body.num_components))
    return KnownPose(standing_pose(), subject.neutral)


def _local(worlds: FloatArray) -> FloatArray:
    """Spread trunk and neck over their joints, add the collars, and go from world to local."""
    pelvis, chest, head = (worlds[:, JOINT[name]] for name in ('pelvis', 'spine3', 'head'))
    third = fraction_of(np.swapaxes(pelvis, -1, -2) @ chest, 1.0 / 3.0)
    worlds[:, JOINT['spine1']] = pelvis @ third
    worlds[:, JOINT['spine2']] = pelvis @ third @ third
    worlds[:, JOINT['neck']] = chest @ fraction_of(np.swapaxes(chest, -1, -2) @ head, 0.5)
    for side in ('left', 'right'):
        arm = np.swapaxes(chest, -1, -2) @ worlds[:, JOINT[f'{side}_shoulder']]
        worlds[:, JOINT[f'{side}_collar']] = chest @ collar_rotation(arm, side)
        worlds[:, JOINT[f'{side}_hand']] = worlds[:, JOINT[f'{side}_wrist']]
    return relative_to_parents(torch.from_numpy(worlds)).numpy()
