"""
Motion of any skeleton in one format, which `biopose_ros.training.motion.recordings` reads.

World and rest pose: x to the person's left, y up, z forward. In the rest pose, all rotations zero,
the person stands as a T: arms along +-x, legs along -y, elbow axes vertical. So knees bend about
+x, the left elbow about -y, the right one about +y.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import forward_kinematics, twist_and_swing

RATE_HZ = 30.0
# Joint, parent; parents come first.
_LIMBS = (
    ('Hips', ''), ('LeftUpLeg', 'Hips'), ('LeftLeg', 'LeftUpLeg'), ('LeftFoot', 'LeftLeg'),
    ('LeftToeBase', 'LeftFoot'), ('RightUpLeg', 'Hips'), ('RightLeg', 'RightUpLeg'),
    ('RightFoot', 'RightLeg'), ('RightToeBase', 'RightFoot'), ('LowerBack', 'Hips'),
    ('Spine', 'LowerBack'), ('Spine1', 'Spine'), ('Neck', 'Spine1'), ('Neck1', 'Neck'),
    ('Head', 'Neck1'), ('LeftShoulder', 'Spine1'), ('LeftArm', 'LeftShoulder'),
    ('LeftForeArm', 'LeftArm'), ('LeftHand', 'LeftForeArm'), ('RightShoulder', 'Spine1'),
    ('RightArm', 'RightShoulder'), ('RightForeArm', 'RightArm'), ('RightHand', 'RightForeArm'),
)  # fmt: skip
_ENDS = {
    'LeftToeEnd': 'LeftToeBase',
    'RightToeEnd': 'RightToeBase',
    'HeadEnd': 'Head',
    'LeftHandEnd': 'LeftHand',
    'RightHandEnd': 'RightHand',
}
JOINTS = tuple(name for name, _ in _LIMBS)
PARENTS = np.array([JOINTS.index(parent) if parent else -1 for _, parent in _LIMBS], np.int16)
ENDS = tuple(_ENDS)
END_PARENTS = np.array([JOINTS.index(joint) for joint in _ENDS.values()], np.int16)
# Faster turns, and further twists of a thigh, are flips of the solver that made the recording.
_FASTEST_DEG, _FURTHEST_TWIST_DEG = 60.0, 85.0
_FLOOR_PERCENTILE = 5.0
_HINGES = {'LeftLeg': 0, 'RightLeg': 0, 'LeftForeArm': 1, 'RightForeArm': 1}
_HINGE_SLACK_RAD = 0.01


@dataclass(frozen=True, eq=False)
class Figure:
    """
    One skeleton.

    :param offsets_m: [joints, 3], place of :data:`JOINTS` in the parent's frame.
    :param end_offsets_m: [ends, 3], place of :data:`ENDS` in their joint's frame.
    :param moved: [joints], False where the source has no such joint.
    """

    offsets_m: FloatArray
    end_offsets_m: FloatArray
    moved: np.ndarray


@dataclass(frozen=True, eq=False)
class SourceClip:
    """
    Motion of one figure, 30 frames per second.

    :param name: of the clip.
    :param activity: in words; may be empty.
    :param figure: its skeleton.
    :param rotations: [frames, joints, 3, 3], each joint against its parent.
    :param translation_m: [frames, 3], of the hips in the world.
    """

    name: str
    activity: str
    figure: Figure
    rotations: FloatArray
    translation_m: FloatArray


def from_world(
    name: str, activity: str, figure: Figure, world: FloatArray, translation_m: FloatArray
) -> SourceClip:
    """
    Make a clip of joints' attitudes in the world.

    :param name: of the clip.
    :param activity: in words.
    :param figure: its skeleton.
    :param world: [frames, joints, 3, 3].
    :param translation_m: [frames, 3].
    """
    above = np.concatenate([np.broadcast_to(np.eye(3), world[:, :1].shape), world], axis=1)
    local = above[:, PARENTS + 1].swapaxes(-1, -2) @ world
    return SourceClip(name, activity, figure, local, translation_m)


def resampled(
    rotations: FloatArray, translation_m: FloatArray, times_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """
    Bring motion to 30 frames per second.

    :param rotations: [frames, joints, 3, 3].
    :param translation_m: [frames, 3].
    :param times_s: [frames], rising.
    :returns: the same at the new times.
    """
    count = int(np.floor((times_s[-1] - times_s[0]) * RATE_HZ + 1e-6)) + 1
    wanted = np.minimum(times_s[0] + np.arange(count) / RATE_HZ, times_s[-1])
    turned = [
        Slerp(times_s, Rotation.from_matrix(rotations[:, joint]))(wanted).as_matrix()
        for joint in range(rotations.shape[1])
    ]
    moved = [np.interp(wanted, times_s, column) for column in translation_m.T]
    return np.stack(turned, axis=1), np.stack(moved, axis=1)


def check_clip(clip: SourceClip) -> None:
    """
    See that a clip keeps what the format promises.

    :param clip: converted.
    :raises ValueError: naming the clip and what is wrong with it.
    """
    if not (np.isfinite(clip.rotations).all() and np.isfinite(clip.translation_m).all()):
        raise ValueError(f'{clip.name}: numbers that are not finite')
    vectors = rotation_vectors(clip)
    for joint, axis in _HINGES.items():
        off = np.delete(vectors[:, JOINTS.index(joint)], axis, axis=1)
        if np.abs(off).max() > _HINGE_SLACK_RAD:
            worst = np.degrees(np.abs(off).max())
            raise ValueError(f'{clip.name}: {joint} is no hinge, {worst:.1f} degrees off its axis')
    left, right = (clip.figure.offsets_m[JOINTS.index(f'{side}UpLeg'), 0]
                   for side in ('Left', 'Right'))  # fmt: skip
    if not left > 0 > right:
        raise ValueError(f'{clip.name}: the left hip is not to the left ({left:.3f} m)')


def rotation_vectors(clip: SourceClip) -> FloatArray:
    """Give the clip's rotations as vectors, [frames, joints, 3]."""
    flat = Rotation.from_matrix(clip.rotations.reshape(-1, 3, 3)).as_rotvec()
    return np.asarray(flat).reshape(clip.rotations.shape[:3])


def placed_m(clip: SourceClip) -> tuple[FloatArray, FloatArray]:
    """
    Place joints and ends in the world.

    :param clip: of any figure.
    :returns: [frames, joints, 3] and [frames, ends, 3], metres.
    """
    turns, places = forward_kinematics(
        PARENTS.tolist(), clip.figure.offsets_m, clip.rotations, clip.translation_m
    )
    reach = np.einsum('fejk,ek->fej', turns[:, END_PARENTS], clip.figure.end_offsets_m)
    return places, places[:, END_PARENTS] + reach


def usable_frames(clip: SourceClip) -> np.ndarray:
    """
    Tell which frames are free of flips.

    :param clip: of any figure.
    :returns: [frames], False beside a turn of more than 60 degrees from frame to frame, and where
        a thigh is twisted by more than 85.
    """
    rotations = clip.rotations
    step = Rotation.from_matrix(
        (rotations[:-1].swapaxes(-1, -2) @ rotations[1:]).reshape(-1, 3, 3)
    ).magnitude()
    is_fast = (step.reshape(len(rotations) - 1, -1) > np.radians(_FASTEST_DEG)).any(axis=1)
    usable = np.ones(len(rotations), bool)
    usable[:-1] &= ~is_fast
    usable[1:] &= ~is_fast
    for side in ('Left', 'Right'):
        twist, _ = twist_and_swing(rotations[:, JOINTS.index(f'{side}UpLeg')], axis=1)
        usable &= np.abs(twist) <= np.radians(_FURTHEST_TWIST_DEG)
    return usable


def floor_m(clip: SourceClip) -> float:
    """Give the height of the floor: what 95 % of the frames' lowest points lie above."""
    joints_m, ends_m = placed_m(clip)
    feet = [JOINTS.index(name) for name in JOINTS if 'Foot' in name or 'Toe' in name]
    toes = [ENDS.index(name) for name in ENDS if 'Toe' in name]
    heights = np.concatenate([joints_m[:, feet, 1], ends_m[:, toes, 1]], axis=1)
    return float(np.percentile(heights.min(axis=1), _FLOOR_PERCENTILE))


def write_motion(path: Path, clips: Sequence[SourceClip]) -> None:
    """
    Check clips and write them into one file.

    :param path: ends in ``.npz``.
    :param clips: at least one.
    :raises ValueError: naming a clip that breaks the format's promises.
    """
    for clip in clips:
        check_clip(clip)
    figures = list(dict.fromkeys(clip.figure for clip in clips))
    lengths = np.array([len(clip.rotations) for clip in clips], np.int32)
    part = path.with_suffix('.part.npz')
    np.savez_compressed(
        part,
        joint_names=np.array(JOINTS),
        parents=PARENTS,
        offsets=np.stack([figure.offsets_m for figure in figures]).astype(np.float32),
        end_names=np.array(ENDS),
        end_parents=END_PARENTS,
        end_offsets=np.stack([figure.end_offsets_m for figure in figures]).astype(np.float32),
        joint_moved=np.stack([figure.moved for figure in figures]),
        rotvec=np.concatenate([rotation_vectors(clip) for clip in clips]).astype(np.float16),
        trans=np.concatenate([clip.translation_m for clip in clips]).astype(np.float32),
        frame_ok=np.concatenate([usable_frames(clip) for clip in clips]),
        fps=np.float32(RATE_HZ),
        clip_names=np.array([clip.name for clip in clips]),
        clip_activity=np.array([clip.activity for clip in clips]),
        clip_start=(lengths.cumsum() - lengths).astype(np.int32),
        clip_length=lengths,
        clip_skeleton=np.array([figures.index(clip.figure) for clip in clips], np.int16),
        clip_floor=np.array([floor_m(clip) for clip in clips], np.float32),
    )
    part.replace(path)
