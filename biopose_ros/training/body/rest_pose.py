"""
From anny's rest pose (arms 45 degrees down, elbows bent, legs apart) to the SMPL T-pose.

Arms along +-x with the palms down and the elbow axis vertical, legs straight down with the knee
axis along x, feet forward: the posture in which the OpenSim models read zero at the hip, knee and
ankle.
"""

from __future__ import annotations

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import about, axes_along, rotate

# LaiUhlrich2022 at zero: the line from marker r_calc to r_toe points 3.3 degrees outward.
TOE_OUT_RAD = np.deg2rad(3.3)

X_AXIS, Y_AXIS = np.eye(3)[:2]


def straighten(
    vertices_m: FloatArray, left: dict[str, FloatArray], weights: FloatArray, mirror: np.ndarray
) -> FloatArray:
    """
    Bring symmetric bodies into the T-pose, the pelvis joint at the origin.

    The left limbs are straightened segment by segment, then mirrored to the right.

    :param vertices_m: [bodies, vertices, 3], SMPL axes, anny's rest pose.
    :param left: [bodies, 3] per point, in the same pose: pelvis, and of the left side shoulder,
        elbow, wrist, index_knuckle, middle_knuckle, little_knuckle, hip, knee, ankle, heel,
        toe, knee_medial, knee_lateral.
    :param weights: [vertices, 24].
    :param mirror: [vertices], the partner on the other side.
    :returns: [bodies, vertices, 3].
    """
    pelvis = left['pelvis']
    vertices = vertices_m - pelvis[:, None]
    left = {name: point - pelvis for name, point in left.items()}
    posed = vertices.copy()
    for joint, moved in {**_arm_moves(vertices, left), **_leg_moves(vertices, left)}.items():
        weight = weights[:, JOINT_NAMES.index(joint), None]
        posed += weight * (moved - vertices)
    is_left = vertices.mean(axis=0)[:, 0] >= 0.0
    posed = np.where(is_left[:, None], posed, posed[:, mirror] * [-1.0, 1.0, 1.0])
    posed[:, mirror == np.arange(len(mirror)), 0] = 0.0
    return posed


def _arm_moves(vertices: FloatArray, left: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Where each vertex goes with each joint of the left arm."""
    upper, fore = left['elbow'] - left['shoulder'], left['wrist'] - left['elbow']
    # The left elbow bends from +x towards +z: about -y.
    hinge = np.cross(upper, fore)
    turn_upper = alignment(upper, hinge, X_AXIS, -Y_AXIS)
    turn_fore = alignment(fore, hinge, X_AXIS, -Y_AXIS)
    hand = left['middle_knuckle'] - left['wrist']
    back_of_hand = np.cross(left['index_knuckle'] - left['little_knuckle'], hand)
    turn_hand = alignment(hand, back_of_hand, X_AXIS, Y_AXIS)
    new_elbow = left['shoulder'] + rotate(turn_upper, upper)
    new_wrist = new_elbow + rotate(turn_fore, fore)
    moved_hand = _turn_about(turn_hand, vertices, left['wrist'], new_wrist)
    moved_fore = _turn_about(turn_fore, vertices, left['elbow'], new_elbow)
    share = np.clip(
        (moved_fore - new_elbow[:, None])[..., 0] / np.linalg.norm(fore, axis=-1)[:, None], 0, 1
    )
    # The forearm takes up the palm's pronation evenly along its length.
    pronation = _angle_about_x(turn_hand @ np.swapaxes(turn_fore, -1, -2))
    return {
        'left_shoulder': _turn_about(turn_upper, vertices, left['shoulder'], left['shoulder']),
        'left_elbow': _turn_about(
            about(0, share * pronation[:, None]), moved_fore, new_elbow, new_elbow
        ),
        'left_wrist': moved_hand,
        'left_hand': moved_hand,
    }


def _leg_moves(vertices: FloatArray, left: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Where each vertex goes with each joint of the left leg."""
    thigh, shank = left['knee'] - left['hip'], left['ankle'] - left['knee']
    hinge = left['knee_lateral'] - left['knee_medial']
    turn_thigh = alignment(thigh, hinge, -Y_AXIS, X_AXIS)
    turn_shank = alignment(shank, hinge, -Y_AXIS, X_AXIS)
    new_knee = left['hip'] + rotate(turn_thigh, thigh)
    new_ankle = new_knee + rotate(turn_shank, shank)
    # The sole stays level: the foot turns about the vertical alone.
    foot = left['toe'] - left['heel']
    turn_foot = about(1, TOE_OUT_RAD - np.arctan2(foot[:, 0], foot[:, 2]))
    moved_foot = _turn_about(turn_foot, vertices, left['ankle'], new_ankle)
    return {
        'left_hip': _turn_about(turn_thigh, vertices, left['hip'], left['hip']),
        'left_knee': _turn_about(turn_shank, vertices, left['knee'], new_knee),
        'left_ankle': moved_foot,
        'left_foot': moved_foot,
    }


def alignment(
    along: FloatArray, beside: FloatArray, new_along: FloatArray, new_beside: FloatArray
) -> FloatArray:
    """
    Find the rotations that turn one pair of directions into another.

    The first direction is met exactly, the second as well as it can be.

    :param along: [bodies, 3].
    :param beside: [bodies, 3], not parallel to ``along``.
    :param new_along: [3].
    :param new_beside: [3].
    :returns: [bodies, 3, 3].
    """
    target = axes_along(new_along, new_beside)
    return target @ np.swapaxes(axes_along(along, beside), -1, -2)


def _angle_about_x(turns: FloatArray) -> FloatArray:
    """Extract the twist about x, in radians, from [..., 3, 3]."""
    return np.arctan2(turns[..., 2, 1] - turns[..., 1, 2], turns[..., 1, 1] + turns[..., 2, 2])


def _turn_about(
    turns: FloatArray, vertices: FloatArray, centre: FloatArray, new_centre: FloatArray
) -> FloatArray:
    """Turn [bodies, vertices, 3] about a centre that itself moves; turns per body or vertex."""
    if turns.ndim == 3:
        turns = turns[:, None]
    return rotate(turns, vertices - centre[:, None]) + new_centre[:, None]
