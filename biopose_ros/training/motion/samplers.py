"""Random poses beyond those of the clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES, trunk_rotation
from biopose_ros.training.motion.posture import mirrored, turn_arm
from biopose_ros.training.motion.proportions import Proportions, place
from biopose_ros.training.motion.rotations import (
    about,
    matrices_from_vectors,
    vectors_from_matrices,
)


@dataclass(frozen=True)
class Range:
    """
    How far a joint angle goes, degrees, and where it usually is.

    :param low: least.
    :param high: greatest.
    :param usual: median of the samples.
    :param crouch: how the angle goes along when the whole body folds up, -1 to 1.
    """

    low: float
    high: float
    usual: float
    crouch: float = 0.0


# Ranges of motion after Boone and Azen 1979, Roaas and Andersson 1982, and White and Panjabi 1990
# (trunk), a little wider where activities of daily living go further.
LEG_RANGES = {
    'hip_flexion': Range(-25.0, 125.0, 25.0, 0.75),
    'hip_abduction': Range(-25.0, 45.0, 6.0),
    'hip_inward': Range(-40.0, 40.0, -3.0),
    'knee_flexion': Range(0.0, 145.0, 35.0, 0.75),
    'ankle_dorsiflexion': Range(-45.0, 35.0, 3.0, 0.4),
    'foot_inversion': Range(-20.0, 20.0, 0.0),
    'toe_extension': Range(-20.0, 60.0, 5.0),
}
ARM_RANGES = {
    'plane': Range(-40.0, 130.0, 50.0),
    'elevation': Range(3.0, 165.0, 40.0),
    'axial': Range(-85.0, 75.0, 5.0),
    'elbow_flexion': Range(0.0, 143.0, 45.0),
    'pronation': Range(-80.0, 85.0, 15.0),
    'wrist_flexion': Range(-60.0, 65.0, 0.0),
    'wrist_deviation': Range(-30.0, 18.0, 0.0),
}
TRUNK_RANGES = {
    'spine_flexion': Range(-25.0, 75.0, 10.0, 0.5),
    'spine_bending': Range(-32.0, 32.0, 0.0),
    'spine_turn': Range(-45.0, 45.0, 0.0),
    'neck_flexion': Range(-50.0, 50.0, 5.0),
    'neck_bending': Range(-35.0, 35.0, 0.0),
    'neck_turn': Range(-70.0, 70.0, 0.0),
}
_ALIKE = 0.55  # correlation of the two sides of the body
_UPRIGHT_SHARE = 0.85  # of the random poses; the others lie, hang or fall


def wide_poses(rng: np.random.Generator, body: Proportions, count: int) -> MotionClip:
    """
    Draw random poses within anatomical limits, with left and right, and all flexion, correlated.

    Hands do not go into the trunk. Each pose touches the floor with its lowest joint.

    :param rng: random numbers.
    :param body: the body.
    :param count: how many.
    :returns: the poses as the frames of a clip.
    """
    local = _random_rotations(rng, count)
    for _ in range(8):
        inside = _hand_in_trunk(body, local)
        if not inside.any():
            break
        local[inside] = _random_rotations(rng, int(inside.sum()))
    placed = place(body, local, np.zeros((count, 3)))
    lowest = np.minimum(
        placed.soles_m[..., 1].min((1, 2)), placed.positions_m[..., 1].min(1) - 0.03
    )
    translation = np.column_stack([np.zeros(count), -lowest, np.zeros(count)])
    return MotionClip(
        name='wide',
        group='wide',
        activity='wide poses',
        source='sampled',
        fps=30.0,
        pose=vectors_from_matrices(local).astype(np.float32),
        translation_m=translation.astype(np.float32),
        valid=np.ones(count, dtype=bool),
        floor_known=False,
        proportions=body,
    )


def _draw(
    rng: np.random.Generator, ranges: dict[str, Range], shared: FloatArray, crouch: FloatArray
) -> dict[str, FloatArray]:
    """
    Draw angles in radians, each [count], correlated through shared normal numbers.

    :param shared: [count, ranges], common to both sides of the body.
    :param crouch: [count], common to all joints.
    """
    angles = {}
    for column, (name, angle) in enumerate(ranges.items()):
        own = rng.standard_normal(len(crouch))
        z = np.sqrt(_ALIKE) * shared[:, column] + np.sqrt(1 - _ALIKE) * own
        z = angle.crouch * crouch + np.sqrt(1 - angle.crouch**2) * z
        # Half of the samples lie on either side of the usual angle, all inside the range.
        share = 2.0 * ndtr(z) - 1.0
        span = np.where(share > 0, angle.high - angle.usual, angle.usual - angle.low)
        angles[name] = np.radians(angle.usual + share * span)
    return angles


def _random_rotations(rng: np.random.Generator, count: int) -> FloatArray:
    local: FloatArray = np.tile(np.eye(3), (count, 24, 1, 1))
    crouch = rng.standard_normal(count)
    leg_shared, arm_shared = rng.standard_normal((2, count, 7))
    for side, name in enumerate(SIDES):
        _put_leg(local, side, name, _draw(rng, LEG_RANGES, leg_shared, crouch))
        _put_arm(local, side, _draw(rng, ARM_RANGES, arm_shared, crouch))
    trunk = _draw(rng, TRUNK_RANGES, rng.standard_normal((count, 6)), crouch)
    spine, neck = (
        np.column_stack([trunk[f'{part}_{way}'] for way in ('flexion', 'bending', 'turn')])
        for part in ('spine', 'neck')
    )
    for joint in ('spine1', 'spine2', 'spine3'):
        local[:, JOINT[joint]] = trunk_rotation(spine / 3.0)
    for joint in ('neck', 'head'):
        local[:, JOINT[joint]] = trunk_rotation(neck / 2.0)
    upright = rng.random(count) < _UPRIGHT_SHARE
    spread = np.where(upright[:, None], [0.3, 0.15], [1.4, 0.9])
    tilt = rng.normal(0.0, 1.0, (count, 2)) * spread + [0.15, 0.0]
    turn = rng.uniform(-np.pi, np.pi, count)
    local[:, 0] = trunk_rotation(np.column_stack([tilt, turn]))
    return local


def _put_leg(local: FloatArray, side: int, name: str, angles: dict[str, FloatArray]) -> None:
    hip = (
        about(0, -angles['hip_flexion'])
        @ about(2, angles['hip_abduction'])
        @ about(1, -angles['hip_inward'])
    )
    ankle = about(0, -angles['ankle_dorsiflexion']) @ about(2, angles['foot_inversion'])
    local[:, JOINT[f'{name}_hip']] = mirrored(hip, side)
    local[:, JOINT[f'{name}_knee']] = about(0, angles['knee_flexion'])
    local[:, JOINT[f'{name}_ankle']] = mirrored(ankle, side)
    local[:, JOINT[f'{name}_foot']] = about(0, -angles['toe_extension'])


def _put_arm(local: FloatArray, side: int, angles: dict[str, FloatArray]) -> None:
    axis = np.column_stack(
        [-np.sin(angles['plane']), 0 * angles['plane'], np.cos(angles['plane'])]
    )
    raised = matrices_from_vectors(axis * angles['elevation'][:, None])
    # A raised arm turns outward about its own axis, or its bones would meet the shoulder blade.
    axial = angles['axial'] - 0.25 * angles['elevation']
    upper = raised @ about(2, -np.pi / 2) @ about(0, axial)
    wrist = np.column_stack([angles['wrist_flexion'], angles['wrist_deviation']])
    turn_arm(local, side, upper, angles['elbow_flexion'], angles['pronation'], wrist)


def _hand_in_trunk(body: Proportions, local: FloatArray) -> FloatArray:
    """Find where a wrist or hand lies inside an ellipse around the trunk, [count]."""
    placed = place(body, local, np.zeros((len(local), 3)))
    half_width, half_depth = 0.088 * body.stature_m, 0.068 * body.stature_m
    inside = np.zeros(len(local), dtype=bool)
    for carrier, top in (('pelvis', 'spine2'), ('spine3', 'neck')):
        index = JOINT[carrier]
        height = body.rest_joints_m[[index, JOINT[top]], 1]
        for name in ('left_wrist', 'right_wrist', 'left_hand', 'right_hand'):
            point = placed.positions_m[:, JOINT[name]] - placed.positions_m[:, index]
            point = np.einsum('fji,fj->fi', placed.rotations[:, index], point)
            within = (point[:, 1] > -0.1) & (point[:, 1] < height[1] - height[0])
            flat = (point[:, 0] / half_width) ** 2 + (point[:, 2] / half_depth) ** 2
            inside |= within & (flat < 1.0)
    return inside
