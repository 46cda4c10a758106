"""Small turns of a body's joints: what they move, and how the chain follows."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.kinematic_tree import ancestors_of

JOINTS = len(JOINT_NAMES)
# [24, 24] bool: which joints (second axis) move each joint's bone (first axis).
MOVES = ancestors_of(JOINT_PARENTS).numpy()


def turned(
    rotations: FloatArray, joints_m: FloatArray, vectors_rad: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """
    Turn every joint a little about axes of the camera; what hangs on it follows.

    :param rotations: [24, 3, 3], each joint to camera.
    :param joints_m: [24, 3].
    :param vectors_rad: [24, 3], rotation vectors, camera axes.
    :returns: the same two after the turns; the root stays in place.
    """
    steps = Rotation.from_rotvec(vectors_rad).as_matrix()
    carried = np.empty_like(rotations)  # how the bone at each joint has turned in all
    moved = joints_m.copy()
    for joint, parent in enumerate(JOINT_PARENTS):
        carried[joint] = steps[joint]
        if parent >= 0:
            carried[joint] = carried[parent] @ steps[joint]
            moved[joint] = moved[parent] + carried[parent] @ (joints_m[joint] - joints_m[parent])
    return carried @ rotations, moved


def jacobian_m(points_m: FloatArray, carriers: np.ndarray, joints_m: FloatArray) -> FloatArray:
    """
    Give the derivative of points with respect to turns of joints and a shift of the body.

    :param points_m: [points, 3], camera axes.
    :param carriers: [points], the joint whose bone carries each.
    :param joints_m: [24, 3].
    :returns: [points, 3, 24 * 3 + 3]: per radian of each joint's turns about x, y and z, and per
        metre of the shift.
    """
    arms = (points_m[:, None] - joints_m) * MOVES[carriers][..., None]  # [points, joints, 3]
    x, y, z = np.moveaxis(arms, -1, 0)
    zero = np.zeros_like(x)
    # d(turn x arm) / d(turn) = -[arm]x
    by_turn = np.stack(
        [
            np.stack([zero, z, -y], -1),
            np.stack([-z, zero, x], -1),
            np.stack([y, -x, zero], -1),
        ],
        axis=1,
    )
    shift = np.broadcast_to(np.eye(3), (len(points_m), 3, 3))
    return np.concatenate([by_turn.reshape(len(points_m), 3, 3 * JOINTS), shift], axis=2)
