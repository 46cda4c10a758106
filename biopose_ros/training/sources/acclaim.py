"""
Motion of the CMU database: skeletons in ``.asf``, motion in ``.amc`` (Acclaim's format).

A bone turns at its beginning, about the axes that its ``axis`` line gives; our joint is there. In
CMU's rest pose the legs stand 20 degrees apart and the elbow axes are tilted by 30: rotations are
converted to the common T-pose, the poses stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray
from biopose_ros.training.sources.common_format import (
    END_PARENTS,
    ENDS,
    JOINTS,
    PARENTS,
    RATE_HZ,
    Figure,
    SourceClip,
    from_world,
)

_UNIT_M = 0.0254 / 0.45  # inches, scaled by the files' ``length 0.45``
_SOURCE_HZ = 120.0
# The bones whose rotations, one after the other, make a joint's; the first begins at the joint.
_SIDES = {'l': 'Left', 'r': 'Right'}
_SIDED = {
    'UpLeg': ('femur',),
    'Leg': ('tibia',),
    'Foot': ('foot',),
    'ToeBase': ('toes',),
    'Shoulder': ('clavicle',),
    'Arm': ('humerus',),
    'ForeArm': ('radius',),
    'Hand': ('wrist', 'hand'),
}
_BONES = {
    'LowerBack': ('lowerback',),
    'Spine': ('upperback',),
    'Spine1': ('thorax',),
    'Neck': ('lowerneck',),
    'Neck1': ('upperneck',),
    'Head': ('head',),
    **{
        f'{side}{part}': tuple(f'{letter}{bone}' for bone in bones)
        for letter, side in _SIDES.items()
        for part, bones in _SIDED.items()
    },
}
# Bones between our joint and its parent's first bone: their lengths make the offset.
_BETWEEN = {
    'UpLeg': ('hipjoint',),
    'Leg': ('femur',),
    'Foot': ('tibia',),
    'ToeBase': ('foot',),
    'Arm': ('clavicle',),
    'ForeArm': ('humerus',),
    'Hand': ('radius', 'wrist'),
}
_OFFSETS = {
    'Spine': ('lowerback',),
    'Spine1': ('upperback',),
    'Neck': ('thorax',),
    'Neck1': ('lowerneck',),
    'Head': ('upperneck',),
    'LeftShoulder': ('thorax',),
    'RightShoulder': ('thorax',),
    **{
        f'{side}{part}': tuple(f'{letter}{bone}' for bone in bones)
        for letter, side in _SIDES.items()
        for part, bones in _BETWEEN.items()
    },
}
_END_BONES: dict[str, tuple[str, ...]] = {
    'LeftToeEnd': ('ltoes',),
    'RightToeEnd': ('rtoes',),
    'HeadEnd': ('head',),
    'LeftHandEnd': ('lhand', 'lfingers'),
    'RightHandEnd': ('rhand', 'rfingers'),
}


@dataclass(frozen=True, eq=False)
class Bone:
    """
    One bone of a skeleton.

    :param reach_m: [3], from its beginning to its end in the rest pose, world axes.
    :param axes: [3, 3], about which it turns, world axes.
    :param freedoms: of ``rx``, ``ry``, ``rz``.
    """

    reach_m: FloatArray
    axes: FloatArray
    freedoms: tuple[str, ...]


def read_skeleton(text: str) -> dict[str, Bone]:
    """
    Read an ``.asf`` file.

    :param text: of the file.
    :returns: bones by name.
    :raises ValueError: where a bone that we need is missing, or a field cannot be read.
    """
    bones = {}
    for block in text.split(':bonedata')[-1].split(':hierarchy')[0].split('begin')[1:]:
        fields = {words[0]: words[1:] for line in block.split('\n') if (words := line.split())}
        try:
            reach = np.array(fields['direction'], float) * float(fields['length'][0]) * _UNIT_M
            axes = _euler(np.array(fields['axis'][:3], float))
            bones[fields['name'][0]] = Bone(reach, axes, tuple(fields.get('dof', ())))
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f'bone {fields.get("name")}: {error!r}') from error
    wanted = {bone for names in (*_BONES.values(), *_OFFSETS.values()) for bone in names}
    if missing := sorted(wanted - bones.keys()):
        raise ValueError(f'the skeleton lacks {", ".join(missing)}')
    return bones


def read_frames(text: str) -> Iterator[dict[str, list[float]]]:
    """
    Read an ``.amc`` file.

    :param text: of the file.
    :returns: per frame, bone to its numbers: degrees, and of the root three lengths first.
    """
    frame: dict[str, list[float]] = {}
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith(('#', ':')):
            continue
        if len(words) > 1:
            frame[words[0]] = [float(word) for word in words[1:]]
        elif frame:
            yield frame
            frame = {}
    if frame:
        yield frame


def figure_of(bones: Mapping[str, Bone]) -> Figure:
    """
    Turn a skeleton into ours.

    :param bones: of :func:`read_skeleton`.
    """
    rest = _rest_attitudes(bones)
    offsets = np.zeros((len(JOINTS), 3))
    for name, between in _OFFSETS.items():
        joint = JOINTS.index(name)
        reach = np.sum([bones[bone].reach_m for bone in between], axis=0)
        offsets[joint] = rest[PARENTS[joint]].T @ reach
    ends = np.zeros((len(ENDS), 3))
    for end, owner in enumerate(END_PARENTS):
        reach = np.sum([bones[bone].reach_m for bone in _END_BONES[ENDS[end]]], axis=0)
        ends[end] = rest[owner].T @ reach
    return Figure(offsets, ends, np.ones(len(JOINTS), bool))


def read_clip(
    name: str, activity: str, bones: Mapping[str, Bone], figure: Figure, text: str
) -> SourceClip:
    """
    Convert a take of 120 frames per second; every fourth frame is kept.

    :param name: of the clip.
    :param activity: in words.
    :param bones: of its skeleton.
    :param figure: made of them.
    :param text: of the ``.amc`` file.
    """
    frames = list(read_frames(text))[:: round(_SOURCE_HZ / RATE_HZ)]
    root = np.array([frame['root'] for frame in frames])
    rest = _rest_attitudes(bones)
    world = np.empty((len(frames), len(JOINTS), 3, 3))  # in CMU's own rest pose
    world[:, 0] = _euler(root[:, 3:])
    for joint, parent in enumerate(PARENTS[1:], 1):
        world[:, joint] = world[:, parent]
        for bone in _BONES[JOINTS[joint]]:
            world[:, joint] = world[:, joint] @ _turns(bones[bone], bone, frames)
    return from_world(name, activity, figure, world @ rest, root[:, :3] * _UNIT_M)


def _turns(bone: Bone, name: str, frames: list[dict[str, list[float]]]) -> FloatArray:
    """Give a bone's rotations against its parent, [frames, 3, 3], world axes of the rest pose."""
    angles = np.zeros((len(frames), 3))
    columns = [['rx', 'ry', 'rz'].index(freedom) for freedom in bone.freedoms]
    angles[:, columns] = [frame.get(name, [0.0] * len(columns)) for frame in frames]
    return bone.axes @ _euler(angles) @ bone.axes.T


def _euler(degrees: FloatArray) -> FloatArray:
    """Turn about x, then y, then z, all fixed."""
    return np.asarray(Rotation.from_euler('xyz', degrees, degrees=True).as_matrix())


def _rest_attitudes(bones: Mapping[str, Bone]) -> FloatArray:
    """Give how the T-pose's joints stand in CMU's rest pose, [joints, 3, 3]."""
    rest = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    for letter, side in _SIDES.items():
        for part in ('UpLeg', 'Leg', 'Foot', 'ToeBase'):
            rest[JOINTS.index(f'{side}{part}')] = bones[f'{letter}tibia'].axes
        forearm, outwards = bones[f'{letter}radius'], 1.0 if letter == 'l' else -1.0
        along = outwards * forearm.reach_m / np.linalg.norm(forearm.reach_m)
        upwards = -outwards * forearm.axes[:, 0]  # the elbow bends about it
        attitude = np.stack([along, upwards, np.cross(along, upwards)], axis=1)
        for part in ('Arm', 'ForeArm'):
            rest[JOINTS.index(f'{side}{part}')] = attitude
    return rest
