"""
Pose correctives: what linear blend skinning gets wrong at one joint, as SMPL's linear correction.

Blending two rotation matrices shrinks the flesh between them: a twisted wrist collapses like a
candy wrapper, a bent knee or elbow thins. The target here blends the rotation itself (its angle,
about the joint's centre), which keeps every distance to the joint, and spreads the twist of the
forearm, upper arm and thigh along the limb, as skin does. The correction that comes closest to the
target over the joint's range of motion follows by least squares, vertex by vertex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.body.body_data import PoseBlock
from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS, MIRRORED_JOINTS
from biopose_ros.records import FloatArray

# Rotation vectors (x, y, z) of a joint, lowest and highest, radians, T-pose axes, left side.
# Roughly the range of motion; the arm's includes raising it overhead and across the chest.
RANGES = {
    'left_hip': ((-2.3, 0.5), (-0.7, 0.7), (-0.5, 0.9)),
    'left_knee': ((0.0, 2.5), (-0.2, 0.2), (-0.1, 0.1)),
    'left_ankle': ((-0.5, 0.9), (-0.3, 0.3), (-0.4, 0.4)),
    'left_foot': ((-1.0, 0.5), (0.0, 0.0), (0.0, 0.0)),
    'spine1': ((-0.4, 0.8), (-0.4, 0.4), (-0.5, 0.5)),
    'spine2': ((-0.4, 0.8), (-0.4, 0.4), (-0.5, 0.5)),
    'spine3': ((-0.4, 0.6), (-0.4, 0.4), (-0.4, 0.4)),
    'neck': ((-0.6, 0.6), (-0.7, 0.7), (-0.5, 0.5)),
    'head': ((-0.5, 0.5), (-0.7, 0.7), (-0.4, 0.4)),
    'left_collar': ((-0.2, 0.2), (-0.4, 0.3), (-0.2, 0.6)),
    'left_shoulder': ((-1.2, 1.2), (-2.0, 0.8), (-1.5, 1.2)),
    'left_elbow': ((-0.8, 0.8), (-2.6, 0.1), (-0.1, 0.1)),
    'left_wrist': ((-1.6, 1.6), (-0.5, 0.5), (-1.2, 1.2)),
    'left_hand': ((0.0, 0.0), (-0.3, 0.3), (-1.5, 0.4)),
}
SAMPLES = 160
# Offsets that never move a vertex by more than this are left out.
SMALLEST_M = 4e-4
RIDGE = 2e-3


@dataclass(frozen=True)
class TwistSpread:
    """
    A limb along which a joint's twist fades in.

    :param start: joint where the limb begins.
    :param end: joint where it ends.
    :param shares: from where to where along it the twist grows from none to all.
    """

    start: str
    end: str
    shares: tuple[float, float]


TWISTS = {
    'left_wrist': TwistSpread('left_elbow', 'left_wrist', (0.1, 1.0)),
    'left_shoulder': TwistSpread('left_shoulder', 'left_elbow', (-0.25, 0.6)),
    'left_hip': TwistSpread('left_hip', 'left_knee', (-0.25, 0.6)),
}


def fit_correctives(
    template_m: FloatArray,
    joints_m: FloatArray,
    weights: FloatArray,
    mirror: np.ndarray,
    generator: np.random.Generator,
    progress: Callable[[int], None],
) -> tuple[PoseBlock, ...]:
    """
    Fit the correctives of every joint on the mean body.

    :param template_m: [vertices, 3], T-pose.
    :param joints_m: [24, 3].
    :param weights: [vertices, 24].
    :param mirror: [vertices], the partner on the other side.
    :param generator: source of randomness.
    :param progress: called once per joint of the left side and the middle.
    """
    blocks = []
    for name, ranges in RANGES.items():
        joint = JOINT_NAMES.index(name)
        low, high = np.array(ranges).T
        turns = generator.uniform(low, high, (SAMPLES, 3))
        if not name.startswith('left_'):
            turns = np.concatenate([turns, turns * [1.0, -1.0, -1.0]])
        block = _fit_joint(template_m, joints_m, weights, joint, turns)
        blocks.append(block)
        if name.startswith('left_'):
            blocks.append(_mirrored(block, mirror))
        progress(1)
    return tuple(sorted((b for b in blocks if len(b.vertices)), key=lambda block: block.joint))


def _fit_joint(
    template_m: FloatArray,
    joints_m: FloatArray,
    weights: FloatArray,
    joint: int,
    turns: FloatArray,
) -> PoseBlock:
    share = weights[:, _moved_by(joint)].sum(axis=1)
    swing_share, twist_share = share, _twist_share(template_m, joints_m, share, joint)
    near = np.flatnonzero((share * (1 - share) > 1e-4) | (np.abs(twist_share - share) > 1e-4))
    arms = template_m[near] - joints_m[joint]
    axis = _twist_axis(joints_m, joint)
    matrices = Rotation.from_rotvec(turns).as_matrix()
    features = (matrices - np.eye(3)).reshape(len(turns), 9)
    normal = np.zeros((len(near), 27, 27))
    right = np.zeros((len(near), 27))
    for turn, matrix, feature in zip(turns, matrices, features, strict=True):
        target = _turned(arms, turn, axis, swing_share[near], twist_share[near])
        blended = np.eye(3) + share[near, None, None] * (matrix - np.eye(3))
        missing = target - np.einsum('vij,vj->vi', blended, arms)
        # Row (feature, coordinate) of the correction reaches the posed vertex through the blend.
        reach = np.einsum('f,vij->vfji', feature, blended).reshape(len(near), 27, 3)
        normal += reach @ np.swapaxes(reach, 1, 2)
        right += np.einsum('vri,vi->vr', reach, missing)
    normal += RIDGE * len(turns) * np.eye(27)
    solved = np.linalg.solve(normal, right[..., None]).reshape(len(near), 9, 3)
    moved = np.linalg.norm(np.einsum('sf,vfk->svk', features, solved), axis=-1).max(axis=0)
    keep = moved > SMALLEST_M
    return PoseBlock(joint, near[keep], np.moveaxis(solved[keep], 1, 0))


def _moved_by(joint: int) -> list[int]:
    """List a joint and all that follow it."""
    moved = [joint]
    for child, parent in enumerate(JOINT_PARENTS):
        if parent in moved:
            moved.append(child)
    return moved


def _twist_axis(joints_m: FloatArray, joint: int) -> FloatArray | None:
    spread = TWISTS.get(JOINT_NAMES[joint])
    if spread is None:
        return None
    along = joints_m[JOINT_NAMES.index(spread.end)] - joints_m[JOINT_NAMES.index(spread.start)]
    return along / np.linalg.norm(along)


def _twist_share(
    template_m: FloatArray, joints_m: FloatArray, share: FloatArray, joint: int
) -> FloatArray:
    """How much of the joint's twist each vertex takes; where it does not spread, its weight."""
    spread = TWISTS.get(JOINT_NAMES[joint])
    if spread is None:
        return share
    start = joints_m[JOINT_NAMES.index(spread.start)]
    along = joints_m[JOINT_NAMES.index(spread.end)] - start
    place = (template_m - start) @ along / (along @ along)
    low, high = spread.shares
    ramp = np.clip((place - low) / (high - low), 0.0, 1.0)
    ramp = ramp * ramp * (3.0 - 2.0 * ramp)
    if spread.start == JOINT_NAMES[joint]:
        return share * ramp
    # The limb lies before the joint: only its own flesh takes part, not the trunk beside it.
    offset = template_m - start - np.clip(place, 0, 1)[:, None] * along
    is_limb = (np.linalg.norm(offset, axis=1) < 0.09) & (place > low)
    return np.where(is_limb, np.maximum(ramp, share), share)


def _turned(
    arms: FloatArray,
    turn: FloatArray,
    axis: FloatArray | None,
    swing_share: FloatArray,
    twist_share: FloatArray,
) -> FloatArray:
    """Turn [vertices, 3] about the joint by shares of a rotation; twist and swing apart."""
    if axis is None:
        return Rotation.from_rotvec(swing_share[:, None] * turn).apply(arms)
    swing, twist = swing_and_twist(Rotation.from_rotvec(turn), axis)
    twisted = Rotation.from_rotvec(twist_share[:, None] * twist.as_rotvec()).apply(arms)
    return Rotation.from_rotvec(swing_share[:, None] * swing.as_rotvec()).apply(twisted)


def swing_and_twist(rotation: Rotation, axis: FloatArray) -> tuple[Rotation, Rotation]:
    """
    Split a rotation into a twist about an axis, done first, and a swing across it.

    :param axis: [3], unit length.
    """
    quaternion = rotation.as_quat()
    twist = np.append(quaternion[:3] @ axis * axis, quaternion[3])
    twist_rotation = Rotation.from_quat(twist / np.linalg.norm(twist))
    return rotation * twist_rotation.inv(), twist_rotation


def _mirrored(block: PoseBlock, mirror: np.ndarray) -> PoseBlock:
    """Carry a left joint's correctives over to the right."""
    flip = np.array([-1.0, 1.0, 1.0])
    feature_signs = np.outer(flip, flip).reshape(9)
    offsets = block.offsets_m * feature_signs[:, None, None] * flip
    return PoseBlock(MIRRORED_JOINTS[block.joint], mirror[block.vertices], offsets)
