"""
Motion of the DeepMimic humanoid: one ``.txt`` file per clip, JSON.

A frame is its duration, the root's position and quaternion (w first), then per joint a quaternion
or an angle. Source axes: x forward, y up, z right; arms hang down at rest.
"""

from __future__ import annotations

import json

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import about
from biopose_ros.training.sources.common_format import (
    ENDS,
    JOINTS,
    Figure,
    SourceClip,
    from_world,
    resampled,
)

# In the order of a frame's numbers: joint of the source, ours, its parent's, and how it moves.
_JOINTS = (
    ('chest', 'Spine1', 'Hips', 4),
    ('neck', 'Neck', 'Spine1', 4),
    ('right_hip', 'RightUpLeg', 'Hips', 4),
    ('right_knee', 'RightLeg', 'RightUpLeg', 1),
    ('right_ankle', 'RightFoot', 'RightLeg', 4),
    ('right_shoulder', 'RightArm', 'Spine1', 4),
    ('right_elbow', 'RightForeArm', 'RightArm', 1),
    ('left_hip', 'LeftUpLeg', 'Hips', 4),
    ('left_knee', 'LeftLeg', 'LeftUpLeg', 1),
    ('left_ankle', 'LeftFoot', 'LeftLeg', 4),
    ('left_shoulder', 'LeftArm', 'Spine1', 4),
    ('left_elbow', 'LeftForeArm', 'LeftArm', 1),
)
_WRISTS = (('right_wrist', 'RightHand'), ('left_wrist', 'LeftHand'))
# Ours from the source's axes.
_AXES = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
# From the T-pose to hanging arms.
_HANGING = {
    'Left': Rotation.from_euler('z', -90, degrees=True).as_matrix(),
    'Right': Rotation.from_euler('z', 90, degrees=True).as_matrix(),
}
# The humanoid has no such points: estimated from its collision shapes.
_ESTIMATED = {
    'LeftToeBase': (0.0, -0.045, 0.09),
    'RightToeBase': (0.0, -0.045, 0.09),
    'LeftToeEnd': (0.0, -0.005, 0.0435),
    'RightToeEnd': (0.0, -0.005, 0.0435),
    'HeadEnd': (0.0, 0.28, 0.0),
    'LeftHandEnd': (0.17, 0.0, 0.0),
    'RightHandEnd': (-0.17, 0.0, 0.0),
}


def read_figure(text: str) -> Figure:
    """
    Read the humanoid.

    :param text: of ``data/characters/humanoid3d.txt``.
    """
    attached = {
        joint['Name']: np.array([joint[f'Attach{axis}'] for axis in 'XYZ'], float)
        for joint in json.loads(text)['Skeleton']['Joints']
    }
    offsets = np.zeros((len(JOINTS), 3))
    for source, ours, *_ in (*_JOINTS, *_WRISTS):
        offset = _AXES @ attached[source]
        if ours.endswith(('ForeArm', 'Hand')):
            offset = _HANGING[_side(ours)].T @ offset
        offsets[JOINTS.index(ours)] = offset
    for name in ('LeftToeBase', 'RightToeBase'):
        offsets[JOINTS.index(name)] = _ESTIMATED[name]
    moved = np.isin(JOINTS, ['Hips', *(ours for _, ours, *_ in _JOINTS)])
    return Figure(offsets, np.array([_ESTIMATED[end] for end in ENDS]), moved)


def read_clip(name: str, activity: str, figure: Figure, text: str) -> SourceClip:
    """
    Convert a clip.

    :param name: of the clip.
    :param activity: in words.
    :param figure: of :func:`read_figure`.
    :param text: of the clip's file.
    :raises ValueError: where frames have another number of columns.
    """
    frames = np.array(json.loads(text)['Frames'], float)
    wanted = 8 + sum(size for *_, size in _JOINTS)
    if frames.ndim != 2 or frames.shape[1] != wanted:
        raise ValueError(f'{name}: frames of shape {frames.shape}, expected [frames, {wanted}]')
    world = np.tile(np.eye(3), (len(frames), len(JOINTS), 1, 1))
    world[:, 0] = _quaternions(frames[:, 4:8])
    column = 8
    for _, ours, parent, size in _JOINTS:
        values = frames[:, column : column + size]
        column += size
        # A hinge turns about the source's z, which points to the right, against our x.
        turn = _quaternions(values) if size == 4 else about(0, -values[:, 0])
        world[:, JOINTS.index(ours)] = world[:, JOINTS.index(parent)] @ turn
    for joint, follower in (
        ('Hips', 'LowerBack'), ('Hips', 'Spine'), ('Neck', 'Neck1'), ('Neck', 'Head'),
        ('Spine1', 'LeftShoulder'), ('Spine1', 'RightShoulder'),
        ('LeftFoot', 'LeftToeBase'), ('RightFoot', 'RightToeBase'),
        ('LeftForeArm', 'LeftHand'), ('RightForeArm', 'RightHand'),
    ):  # fmt: skip
        world[:, JOINTS.index(follower)] = world[:, JOINTS.index(joint)]
    for joint in JOINTS:
        if joint.endswith(('Arm', 'Hand')):
            world[:, JOINTS.index(joint)] = world[:, JOINTS.index(joint)] @ _HANGING[_side(joint)]
    clip = from_world(name, activity, figure, world, frames[:, 1:4] @ _AXES.T)
    times_s = np.concatenate([[0.0], frames[:-1, 0].cumsum()])
    rotations, translation_m = resampled(clip.rotations, clip.translation_m, times_s)
    return SourceClip(name, activity, figure, rotations, translation_m)


def _side(joint: str) -> str:
    return 'Left' if joint.startswith('Left') else 'Right'


def _quaternions(values: FloatArray) -> FloatArray:
    """Turn quaternions, w first and not always of unit length, into matrices in our axes."""
    turns = Rotation.from_quat(values[:, [1, 2, 3, 0]]).as_matrix()
    return np.asarray(_AXES @ turns @ _AXES.T)
