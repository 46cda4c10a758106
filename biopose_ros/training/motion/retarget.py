"""
Give recorded motion to the SMPL-format body.

Both share the rest pose and the axes, so a joint's rotation carries over as it is; where the
source has more joints they are composed, where it has fewer they are split.
"""

from __future__ import annotations

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip, drop_to_floor
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.recordings import Recording
from biopose_ros.training.motion.rotations import (
    about,
    fraction_of,
    matrices_from_vectors,
    twist_and_swing,
    unit,
    vectors_from_matrices,
)
from biopose_ros.training.motion.splits import group_of

_DIRECT = {
    'pelvis': 'Hips',
    **{
        f'{side}_{joint}': f'{side.capitalize()}{source}'
        for side in ('left', 'right')
        for joint, source in (
            ('hip', 'UpLeg'),
            ('knee', 'Leg'),
            ('ankle', 'Foot'),
            ('foot', 'ToeBase'),
            ('elbow', 'ForeArm'),
        )
    },
}
_TRUNK = {'spine1': 'LowerBack', 'spine2': 'Spine', 'spine3': 'Spine1'}
_NECK = ('Neck', 'Neck1', 'Head')

# Turning the palm: forearm bones twist +-85 degrees about neutral (Boone and Azen 1979); the wrist
# itself does not twist, it bends 75 degrees at most.
FOREARM_TWIST_LIMIT_RAD = np.radians(90.0)
WRIST_SWING_LIMIT_RAD = np.radians(75.0)

# Clavicle and scapula add to arm elevation beyond the first 30 degrees (Inman 1944); about 0.15 of
# it shows as a rise of the shoulder (Ludewig 2009).
_COLLAR_SHARE = 0.15
_COLLAR_START_RAD = np.radians(30.0)


def retarget(recording: Recording, proportions: Proportions) -> MotionClip:
    """
    Carry one recording over to a body.

    The path is scaled by leg length, so that steps fit the legs, and the clip is set on the floor.

    :param recording: on its own skeleton.
    :param proportions: the body.
    :raises ValueError: if the recording lacks a joint that nothing can replace.
    """
    clip = MotionClip(
        name=recording.name,
        group=group_of(recording.name),
        activity=recording.activity,
        source=recording.source,
        fps=recording.fps,
        pose=vectors_from_matrices(_local_rotations(recording)).astype(np.float32),
        translation_m=_translation(recording, proportions).astype(np.float32),
        valid=recording.valid.copy(),
        floor_known=recording.floor_known,
        proportions=proportions,
    )
    return drop_to_floor(clip) if clip.floor_known else clip


def _translation(recording: Recording, proportions: Proportions) -> FloatArray:
    index = {name: place for place, name in enumerate(recording.joint_names)}
    names = ('LeftLeg', 'LeftFoot', 'RightLeg', 'RightFoot')
    offsets = [recording.offsets_m[index[name]] for name in names]
    ratio = proportions.leg_length_m / (np.linalg.norm(offsets, axis=1).sum() / 2.0)
    # The source's root may lie elsewhere from its hips than our pelvis joint does from ours.
    hips = recording.offsets_m[[index['LeftUpLeg'], index['RightUpLeg']]].mean(axis=0)
    ours = proportions.offsets_m[[JOINT['left_hip'], JOINT['right_hip']]].mean(axis=0)
    pelvis = matrices_from_vectors(recording.rotvec[:, 0])
    return recording.translation_m * ratio + pelvis @ (hips * ratio - ours)


def _local_rotations(recording: Recording) -> FloatArray:
    source = _SourceRotations(recording)
    result = np.tile(np.eye(3), (len(recording.rotvec), len(JOINT_NAMES), 1, 1))
    for joint, name in _DIRECT.items():
        result[:, JOINT[joint]] = source.get(name)
    _put_trunk(source, result)
    _put_neck(source, result)
    for side in ('left', 'right'):
        _put_shoulder(source, result, side)
        _put_hand(source, result, side)
    return result


class _SourceRotations:
    """Local rotations of a recording by name; joints that the source lacks do not turn."""

    def __init__(self, recording: Recording) -> None:
        self._name = recording.name
        self._index = {name: place for place, name in enumerate(recording.joint_names)}
        self._moved = recording.moved
        self._rotations = matrices_from_vectors(recording.rotvec)

    def moves(self, name: str) -> bool:
        return name in self._index and bool(self._moved[self._index[name]])

    def get(self, name: str) -> FloatArray:
        if self.moves(name):
            return self._rotations[:, self._index[name]]
        if name not in self._index and name not in _REPLACEABLE:
            raise ValueError(f'{self._name}: the skeleton has no joint {name!r}')
        return np.tile(np.eye(3), (len(self._rotations), 1, 1))


_REPLACEABLE = {
    *_TRUNK.values(),
    *_NECK,
    *(f'{side}{joint}' for side in ('Left', 'Right') for joint in ('ToeBase', 'Shoulder', 'Hand')),
}


def _put_trunk(source: _SourceRotations, result: FloatArray) -> None:
    """Keep the curve of the spine where the source has three joints, else spread it evenly."""
    if all(source.moves(name) for name in _TRUNK.values()):
        for joint, name in _TRUNK.items():
            result[:, JOINT[joint]] = source.get(name)
        return
    lower, middle, upper = (source.get(name) for name in _TRUNK.values())
    third = fraction_of(lower @ middle @ upper, 1.0 / 3.0)
    for joint in _TRUNK:
        result[:, JOINT[joint]] = third


def _put_neck(source: _SourceRotations, result: FloatArray) -> None:
    if source.moves('Head'):
        result[:, JOINT['neck']] = source.get('Neck')
        result[:, JOINT['head']] = source.get('Neck1') @ source.get('Head')
        return
    half = fraction_of(source.get('Neck') @ source.get('Neck1'), 0.5)
    result[:, JOINT['neck']] = result[:, JOINT['head']] = half


def _put_shoulder(source: _SourceRotations, result: FloatArray, side: str) -> None:
    collar_name, arm = f'{side.capitalize()}Shoulder', source.get(f'{side.capitalize()}Arm')
    if source.moves(collar_name):
        collar = source.get(collar_name)
    else:
        collar = collar_rotation(arm, side)
        arm = np.swapaxes(collar, -1, -2) @ arm
    result[:, JOINT[f'{side}_collar']], result[:, JOINT[f'{side}_shoulder']] = collar, arm


def collar_rotation(arm: FloatArray, side: str) -> FloatArray:
    """
    Guess how far the shoulder girdle follows a raised arm.

    :param arm: [..., 3, 3], upper arm in the chest's axes, from the T-pose.
    :param side: ``left`` or ``right``.
    :returns: [..., 3, 3], rotation of the collar joint; zero at and below 30 degrees of elevation.
    """
    outward = 1.0 if side == 'left' else -1.0
    direction = arm[..., 0] * outward
    elevation = np.arccos(np.clip(-direction[..., 1], -1.0, 1.0))
    angle = _COLLAR_SHARE * np.maximum(elevation - _COLLAR_START_RAD, 0.0)
    # Raise, and follow forward or backward reach about the vertical by the same share.
    forward = np.sin(elevation) * direction[..., 2] * _COLLAR_SHARE
    swing = np.stack([np.zeros_like(angle), -outward * forward, outward * angle], axis=-1)
    return matrices_from_vectors(swing)


def _put_hand(source: _SourceRotations, result: FloatArray, side: str) -> None:
    """Give forearm twist and wrist flexion, one joint in the source, to their own joints."""
    hand = source.get(f'{side.capitalize()}Hand')
    elbow, wrist = split_hand(hand)
    result[:, JOINT[f'{side}_elbow']] = result[:, JOINT[f'{side}_elbow']] @ elbow
    result[:, JOINT[f'{side}_wrist']] = wrist


def split_hand(hand: FloatArray) -> tuple[FloatArray, FloatArray]:
    """
    Split the rotation of a hand in its forearm into forearm twist and wrist swing, within limits.

    :param hand: [..., 3, 3].
    :returns: twist about the forearm and swing of the wrist, both [..., 3, 3].
    """
    twist, swing = twist_and_swing(hand, axis=0)
    twist = np.clip(twist, -FOREARM_TWIST_LIMIT_RAD, FOREARM_TWIST_LIMIT_RAD)
    vector = vectors_from_matrices(swing)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    vector = unit(vector) * np.minimum(angle, WRIST_SWING_LIMIT_RAD)
    return about(0, twist), matrices_from_vectors(vector)
