"""
Motion in ``.bvh`` files, whose skeletons differ: a rig maps their joints to ours.

A joint's T-pose attitude follows from the direction of its bone in the file's own zero pose, so
bends that are built into a figure count as straight. Knees and elbows of such files turn about
three axes; ours are hinges: the upper segment takes the turn about its own length that puts the
bend into the hinge's plane, the lower one keeps its direction, and the end segment its attitude.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray
from biopose_ros.training.sources.common_format import (
    ENDS,
    JOINTS,
    PARENTS,
    Figure,
    SourceClip,
    from_world,
    resampled,
)

# Below the first bend the segment's own turn counts, from the second on the plane of the bend.
_KNEE_DEG, _ELBOW_DEG = (5.0, 20.0), (5.0, 15.0)
_HINGES = (
    ('UpLeg', 'Leg', np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]), _KNEE_DEG),
    ('Arm', 'ForeArm', np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0]), _ELBOW_DEG),
)


@dataclass(frozen=True)
class Rig:
    """
    How one family of files names its joints.

    :param joints: ours to theirs; what is missing does not move.
    :param unit_m: metres in a unit of length.
    :param ends: our ends and unmoved toes to their places in their joint's frame, metres, where
        the file does not tell.
    """

    joints: Mapping[str, str]
    unit_m: float
    ends: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Bvh:
    """
    One file.

    :param names: [joints].
    :param parents: [joints], -1 for the root.
    :param offsets: [joints, 3], in the parent's frame, units of the file.
    :param rotations: [frames, joints, 3, 3], against the parent.
    :param root: [frames, 3], units of the file.
    :param frame_s: seconds from frame to frame, as the file says.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: FloatArray
    rotations: FloatArray
    root: FloatArray
    frame_s: float


def read_bvh(text: str) -> Bvh:
    """
    Read a file.

    :param text: of the file.
    :raises ValueError: where it is no BVH file, or a frame has not all channels.
    """
    hierarchy, found, motion = text.partition('MOTION')
    if not found or not hierarchy.lstrip().startswith('HIERARCHY'):
        raise ValueError('not a BVH file: no HIERARCHY and MOTION')
    names, parents, offsets, channels = _hierarchy(hierarchy)
    lines = motion.strip().splitlines()
    values = np.array(' '.join(lines[2:]).split(), float)
    width = sum(map(len, channels))
    if values.size % width:
        raise ValueError(f'{values.size} numbers do not fill frames of {width} channels')
    frames = values.reshape(-1, width)
    rotations = np.tile(np.eye(3), (len(frames), len(names), 1, 1))
    root, column = np.zeros((len(frames), 3)), 0
    for joint, kinds in enumerate(channels):
        columns = dict(zip(kinds, frames[:, column : column + len(kinds)].T, strict=True))
        column += len(kinds)
        turns = [kind for kind in kinds if kind.endswith('rotation')]
        order = ''.join(kind[0] for kind in turns)  # upper case: about axes that turn along
        angles = np.stack([columns[kind] for kind in turns], axis=1)
        rotations[:, joint] = Rotation.from_euler(order, angles, degrees=True).as_matrix()
        if joint == 0:
            root = np.stack([columns[f'{axis}position'] for axis in 'XYZ'], axis=1)
    frame_s = float(lines[1].split(':')[1])
    return Bvh(tuple(names), tuple(parents), np.array(offsets), rotations, root, frame_s)


def _hierarchy(
    text: str,
) -> tuple[list[str], list[int], list[list[float]], list[list[str]]]:
    """Give names, parents, offsets and channels of the joints; end sites are left out."""
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[list[str]] = []
    above: list[int] = []  # open blocks; -2 for an end site
    following = -1
    for line in text.splitlines():
        words = line.split()
        match words[:1]:
            case ['ROOT' | 'JOINT']:
                following = len(names)
                names.append(words[1])
                parents.append(above[-1] if above else -1)
            case ['End']:
                following = -2
            case ['{']:
                above.append(following)
            case ['}']:
                above.pop()
            case ['OFFSET'] if above[-1] >= 0:
                offsets.append([float(word) for word in words[1:4]])
            case ['CHANNELS']:
                channels.append(words[2:])
    return names, parents, offsets, channels


def figure_of(file: Bvh, rig: Rig) -> Figure:
    """
    Turn a file's skeleton into ours.

    :param file: of the rig's family.
    :param rig: its names.
    :raises ValueError: naming a joint that the file lacks.
    """
    rest = _rest_attitudes(file, rig)
    zero = _zero_places(file)
    offsets = np.zeros((len(JOINTS), 3))
    for joint, parent in enumerate(PARENTS[1:], 1):
        name, above = JOINTS[joint], int(parent)
        if name in rig.ends:
            offsets[joint] = rig.ends[name]
        elif name in rig.joints:
            while above and JOINTS[above] not in rig.joints:
                above = int(PARENTS[above])
            way = zero[_row(file, rig, name)] - zero[_row(file, rig, JOINTS[above])]
            offsets[joint] = rest[above].T @ way * rig.unit_m
    ends = np.array([rig.ends.get(end, (0.0, 0.0, 0.0)) for end in ENDS])
    moved = np.isin(JOINTS, list(rig.joints))
    return Figure(offsets, ends, moved)


def read_clip(
    name: str,
    activity: str,
    file: Bvh,
    rig: Rig,
    figure: Figure,
    first: int = 0,
    rate_hz: float | None = None,
) -> SourceClip:
    """
    Convert a file.

    :param name: of the clip.
    :param activity: in words.
    :param file: read.
    :param rig: its names.
    :param figure: of :func:`figure_of`.
    :param first: frame to begin with; many files open with a T-pose.
    :param rate_hz: of the file, where its own is wrong.
    """
    own = np.empty_like(file.rotations)
    for joint, parent in enumerate(file.parents):
        own[:, joint] = file.rotations[:, joint]
        if parent >= 0:
            own[:, joint] = own[:, parent] @ own[:, joint]
    world = np.empty((len(own), len(JOINTS), 3, 3))
    for joint, ours in enumerate(JOINTS):
        known = ours in rig.joints
        world[:, joint] = own[:, _row(file, rig, ours)] if known else world[:, PARENTS[joint]]
    for side, sign in (('Left', 1.0), ('Right', -1.0)):
        for upper, lower, axis, along, bends in _HINGES:
            mirrored = sign if upper == 'Arm' else 1.0
            above, below = (JOINTS.index(f'{side}{part}') for part in (upper, lower))
            world[:, above], world[:, below] = as_hinge(
                world[:, above], world[:, below], mirrored * axis, mirrored * along, bends
            )
    clip = from_world(name, activity, figure, world[first:], file.root[first:] * rig.unit_m)
    times_s = np.arange(len(clip.rotations)) * (1 / rate_hz if rate_hz else file.frame_s)
    rotations, translation_m = resampled(clip.rotations, clip.translation_m, times_s)
    return SourceClip(name, activity, figure, rotations, translation_m)


def as_hinge(
    upper: FloatArray,
    lower: FloatArray,
    axis: FloatArray,
    along: FloatArray,
    bends_deg: Sequence[float],
) -> tuple[FloatArray, FloatArray]:
    """
    Let a joint be a hinge; both segments keep their directions.

    :param upper: [frames, 3, 3], attitude of the upper segment.
    :param lower: [frames, 3, 3], of the lower one.
    :param axis: [3], of the hinge in both; positive turns bend.
    :param along: [3], of both segments.
    :param bends_deg: below the first the upper segment keeps its turn about its length, from the
        second on the bend alone decides about it.
    :returns: both attitudes.
    """
    way = np.einsum('fji,fjk,k->fi', upper, lower, along)  # the lower segment, seen from above it
    across = np.cross(axis, along)  # where a bend leads
    turn = np.arctan2(way @ axis, way @ across)
    bend = np.degrees(np.arccos(np.clip(way @ along, -1, 1)))
    share = np.clip((bend - bends_deg[0]) / (bends_deg[1] - bends_deg[0]), 0.0, 1.0)
    turned = upper @ Rotation.from_rotvec((share * turn)[:, None] * along).as_matrix()
    seen = np.einsum('fji,fjk,k->fi', turned, lower, along)
    flexion = np.arctan2(seen @ across, seen @ along)
    hinged = turned @ Rotation.from_rotvec(flexion[:, None] * axis).as_matrix()
    return turned, hinged


def _row(file: Bvh, rig: Rig, joint: str) -> int:
    name = rig.joints[joint]
    if name not in file.names:
        raise ValueError(f'no joint {name!r} (our {joint}) in the file')
    return file.names.index(name)


def _zero_places(file: Bvh) -> FloatArray:
    """Give where the file's joints lie when all rotations are zero, [joints, 3]."""
    places = np.zeros_like(file.offsets)
    for joint, parent in enumerate(file.parents):
        if parent >= 0:
            places[joint] = places[parent] + file.offsets[joint]
    return places


def _rest_attitudes(file: Bvh, rig: Rig) -> FloatArray:
    """Give how the T-pose's joints stand in the file's zero pose, [joints, 3, 3]."""
    zero = _zero_places(file)
    rest = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    for side, outwards in (('Left', 1.0), ('Right', -1.0)):
        for joint, child, along in (
            ('UpLeg', 'Leg', (0.0, -1.0, 0.0)),
            ('Leg', 'Foot', (0.0, -1.0, 0.0)),
            ('Arm', 'ForeArm', (outwards, 0.0, 0.0)),
            ('ForeArm', 'Hand', (outwards, 0.0, 0.0)),
        ):
            way = zero[_row(file, rig, side + child)] - zero[_row(file, rig, side + joint)]
            rest[JOINTS.index(side + joint)] = _shortest_turn(np.array(along), way)
    return rest


def _shortest_turn(first: FloatArray, second: FloatArray) -> FloatArray:
    """Turn one direction into another, [3, 3]."""
    second = second / np.linalg.norm(second)
    axis = np.cross(first, second)
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, first @ second)
    return np.asarray(Rotation.from_rotvec(axis / max(sine, 1e-12) * angle).as_matrix())


DAZ = Rig(
    {
        'Hips': 'hip', 'LowerBack': 'abdomen', 'Spine': 'chest', 'Neck': 'neck', 'Head': 'head',
        **{
            f'{side}{ours}': f'{side[0].lower()}{theirs}'
            for side in ('Left', 'Right')
            for ours, theirs in (
                ('UpLeg', 'Thigh'), ('Leg', 'Shin'), ('Foot', 'Foot'), ('Shoulder', 'Collar'),
                ('Arm', 'Shldr'), ('ForeArm', 'ForeArm'), ('Hand', 'Hand'),
            )
        },
    },
    0.01,
    {
        'LeftToeBase': (0.0073, -0.037, 0.09), 'RightToeBase': (-0.0073, -0.037, 0.09),
        'LeftToeEnd': (0.004, 0.0, 0.075), 'RightToeEnd': (-0.004, 0.0, 0.075),
        'HeadEnd': (0.0, 0.18, 0.03),
        'LeftHandEnd': (0.17, 0.0, 0.0), 'RightHandEnd': (-0.17, 0.0, 0.0),
    },
)  # fmt: skip
