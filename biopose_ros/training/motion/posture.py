"""Turn a plan into joint rotations: trunk by angles, legs and held arms by inverse kinematics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT, MIRROR_POINT
from biopose_ros.training.motion.limb_ik import solve_limb
from biopose_ros.training.motion.plan import (
    SIDES,
    Plan,
    trunk_rotation,
    with_pelvis_shift,
)
from biopose_ros.training.motion.proportions import Placed, Proportions, place
from biopose_ros.training.motion.retarget import collar_rotation
from biopose_ros.training.motion.rotations import about, interpolate, rotate

MAX_KNEE_RAD = np.radians(150.0)
MAX_ELBOW_RAD = np.radians(145.0)
_SPINE_SHARES = (0.4, 0.35, 0.25)  # lumbar flexes most (White and Panjabi 1990)
_KNEE_HINGE = np.array([1.0, 0.0, 0.0])
_ELBOW_HINGE = np.array([0.0, -1.0, 0.0])
_REFLECT = np.diag(MIRROR_POINT)


def solve(body: Proportions, plan: Plan) -> tuple[FloatArray, FloatArray]:
    """
    Find the joint rotations that fulfil a plan.

    :param body: the body.
    :param plan: the tasks.
    :returns: local rotations [frames, 24, 3, 3] and pelvis position [frames, 3], metres.
    """
    local = np.tile(np.eye(3), (len(plan), 24, 1, 1))
    local[:, 0] = about(1, plan.heading_rad) @ trunk_rotation(plan.pelvis_rad)
    for joint, share in zip(('spine1', 'spine2', 'spine3'), _SPINE_SHARES, strict=True):
        local[:, JOINT[joint]] = trunk_rotation(plan.spine_rad * share)
    for joint in ('neck', 'head'):
        local[:, JOINT[joint]] = trunk_rotation(plan.neck_rad * 0.5)
    for side in range(2):
        _put_leg(body, plan, side, local)
    chest = place(body, local, plan.pelvis_m)
    for side in range(2):
        _put_arm(body, plan, side, chest, local)
    return local, plan.pelvis_m


def _put_leg(body: Proportions, plan: Plan, side: int, local: FloatArray) -> None:
    hip, knee, ankle, toe = (
        JOINT[f'{SIDES[side]}_{name}'] for name in ('hip', 'knee', 'ankle', 'foot')
    )
    foot = plan.feet[side]
    ankle_m, foot_rotation, toe_extension = foot.ankle(body, side)
    pelvis = local[:, 0]
    hip_m = plan.pelvis_m + pelvis @ body.offsets_m[hip]
    hinge = about(1, foot.knee_yaw_rad)[:, :, 0]
    thigh, bend = solve_limb(
        body.offsets_m[knee], body.offsets_m[ankle], _KNEE_HINGE, ankle_m - hip_m, hinge,
        MAX_KNEE_RAD,
    )  # fmt: skip
    local[:, hip] = np.swapaxes(pelvis, -1, -2) @ thigh
    local[:, knee] = about(0, bend)
    shank = thigh @ local[:, knee]
    local[:, ankle] = np.swapaxes(shank, -1, -2) @ foot_rotation
    local[:, toe] = about(0, -toe_extension)


def _put_arm(body: Proportions, plan: Plan, side: int, chest: Placed, local: FloatArray) -> None:
    arm = plan.arms[side]
    spine3 = JOINT['spine3']
    rotation, origin = chest.rotations[:, spine3], chest.positions_m[:, spine3]
    upright = about(1, plan.heading_rad)
    followed = np.swapaxes(rotation, -1, -2) @ interpolate(rotation, upright, arm.upright)
    upper: FloatArray = mirrored(followed, side) @ arm.upper
    elbow = arm.elbow_rad
    if arm.hold.any():
        wanted = rotate(np.swapaxes(rotation, -1, -2), arm.hand_m - origin)
        free = wrist_in_chest(body, side, upper, elbow)
        target = free + arm.hold[:, None] * (wanted - free)
        held_upper, held_elbow = reach(body, side, target, arm.pole)
        upper = interpolate(upper, held_upper, arm.hold)
        elbow = elbow + arm.hold * (held_elbow - elbow)
    turn_arm(local, side, upper, elbow, arm.pronation_rad, arm.wrist_rad)


def turn_arm(
    local: FloatArray,
    side: int,
    upper: FloatArray,
    elbow_rad: FloatArray,
    pronation_rad: FloatArray,
    wrist_rad: FloatArray,
) -> None:
    """
    Set the joints of an arm; the collar follows a raised one.

    :param local: [frames, 24, 3, 3], changed in place.
    :param side: 0 left, 1 right.
    :param upper: [frames, 3, 3], from the T-pose in the chest's axes, left form.
    :param elbow_rad: [frames], flexion.
    :param pronation_rad: [frames].
    :param wrist_rad: [frames, 2], flexion to the palm, deviation to the thumb.
    """
    collar = collar_rotation(upper, 'left')
    pieces = {
        'collar': collar,
        'shoulder': np.swapaxes(collar, -1, -2) @ upper,
        'elbow': about(1, -elbow_rad) @ about(0, pronation_rad),
        'wrist': about(2, -wrist_rad[:, 0]) @ about(1, -wrist_rad[:, 1]),
    }
    for joint, piece in pieces.items():
        local[:, JOINT[f'{SIDES[side]}_{joint}']] = mirrored(piece, side)


def mirrored(rotation: FloatArray, side: int) -> FloatArray:
    """Change between the left form and the given side."""
    return rotation if side == 0 else _REFLECT @ rotation @ _REFLECT


def _arm_offsets(body: Proportions, side: int) -> list[FloatArray]:
    """Chest to collar, collar to shoulder, upper arm and forearm, in left form."""
    flip = MIRROR_POINT if side else np.ones(3)
    names = ('collar', 'shoulder', 'elbow', 'wrist')
    return [body.offsets_m[JOINT[f'{SIDES[side]}_{name}']] * flip for name in names]


def wrist_in_chest(
    body: Proportions, side: int, upper: FloatArray, elbow_rad: FloatArray
) -> FloatArray:
    """
    Place the wrist for given arm angles.

    :param body: the body.
    :param side: 0 left, 1 right.
    :param upper: [frames, 3, 3], left form.
    :param elbow_rad: [frames].
    :returns: [frames, 3], metres, chest axes of that side (not mirrored), from ``spine3``.
    """
    to_collar, to_shoulder, upper_m, lower_m = _arm_offsets(body, side)
    shoulder = to_collar + collar_rotation(upper, 'left') @ to_shoulder
    wrist = shoulder + upper @ upper_m + upper @ about(1, -elbow_rad) @ lower_m
    return wrist * MIRROR_POINT if side else wrist


def reach(
    body: Proportions, side: int, target_m: FloatArray, pole: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """
    Bring the wrist to a point beside the chest.

    :param body: the body.
    :param side: 0 left, 1 right.
    :param target_m: [frames, 3], chest axes of that side (not mirrored), from ``spine3``, metres.
    :param pole: [frames, 3], where the elbow should go, left form.
    :returns: upper arm rotation [frames, 3, 3], left form, and elbow flexion [frames], radians.
    """
    to_collar, to_shoulder, upper_m, lower_m = _arm_offsets(body, side)
    target = target_m * MIRROR_POINT if side else target_m
    length_m = float(np.linalg.norm(upper_m) + np.linalg.norm(lower_m))
    collar: FloatArray = np.eye(3)
    for _ in range(3):  # The shoulder girdle follows the arm; it settles quickly.
        shoulder = to_collar + collar @ to_shoulder
        vector = _within_reach(target - shoulder, length_m)
        upper, elbow = solve_limb(
            upper_m, lower_m, _ELBOW_HINGE, vector, np.cross(pole, vector), MAX_ELBOW_RAD
        )
        collar = collar_rotation(upper, 'left')
    return upper, elbow


def _within_reach(vector_m: FloatArray, length_m: float) -> FloatArray:
    """Shorten far targets smoothly: an arm that is pulled straight would snap."""
    distance = np.linalg.norm(vector_m, axis=-1, keepdims=True)
    start = 0.92 * length_m
    rest = length_m - start
    eased = start + rest * (1.0 - np.exp(-np.maximum(distance - start, 0.0) / rest))
    return vector_m * np.where(distance > start, eased / np.maximum(distance, 1e-9), 1.0)


def pose_body(body: Proportions, plan: Plan) -> Placed:
    """Solve a plan and place the body."""
    return place(body, *solve(body, plan))


def centre_of_mass(placed: Placed, plan: Plan) -> FloatArray:
    """
    Give the common centre of mass of body and load.

    :returns: [frames, 3], world, metres.
    """
    hands = placed.positions_m[:, [JOINT['left_hand'], JOINT['right_hand']]].mean(axis=1)
    body_mass_m = placed.centre_of_mass_m
    share = (plan.load / (1.0 + plan.load))[:, None]
    return body_mass_m + share * (hands - body_mass_m)


def keep_in_reach(
    body: Proportions, plan: Plan, straightest_rad: FloatArray | float, *, smooth: bool = False
) -> Plan:
    """
    Lower the pelvis where a leg would have to be straighter than allowed.

    :param body: the body.
    :param plan: the tasks.
    :param straightest_rad: least knee flexion, number or [frames].
    :param smooth: the frames follow each other in time, so that the pelvis moves without jerks.
    """
    pelvis = about(1, plan.heading_rad) @ trunk_rotation(plan.pelvis_rad)
    excess = np.zeros((2, len(plan)))
    for side, name in enumerate(SIDES):
        hip = plan.pelvis_m + pelvis @ body.offsets_m[JOINT[f'{name}_hip']]
        ankle, _, _ = plan.feet[side].ankle(body, side)
        across = np.linalg.norm((hip - ankle)[:, [0, 2]], axis=1)
        thigh, shank = (
            np.linalg.norm(body.offsets_m[JOINT[f'{name}_{joint}']]) for joint in ('knee', 'ankle')
        )
        reach_squared = thigh**2 + shank**2 + 2 * thigh * shank * np.cos(straightest_rad)
        highest = ankle[:, 1] + np.sqrt(np.maximum(reach_squared - across**2, 1e-6))
        excess[side] = hip[:, 1] - highest
    over = excess.max(axis=0)
    # A soft corner of a few millimetres: a hard one would be felt as a jerk.
    softness = 0.002
    lower = softness * np.logaddexp(0.0, over / softness)
    if smooth:
        # Averaging a running maximum never falls below it: the legs still reach.
        lower = gaussian_filter1d(maximum_filter1d(lower, 7), 1.5, truncate=2.0)
    return with_pelvis_shift(plan, -lower[:, None] * [0.0, 1.0, 0.0])


def balance(
    body: Proportions, plan: Plan, target_m: FloatArray, straightest_rad: FloatArray | float
) -> Plan:
    """
    Shift the pelvis until the centre of mass stands over a target; its height is not touched.

    :param body: the body.
    :param plan: the tasks.
    :param target_m: [frames, 2], x and z of the wanted centre of mass, metres.
    :param straightest_rad: least knee flexion, number or [frames].
    """
    for _ in range(4):
        low = keep_in_reach(body, plan, straightest_rad)
        centre = centre_of_mass(pose_body(body, low), low)
        shift = np.zeros_like(centre)
        shift[:, [0, 2]] = target_m - centre[:, [0, 2]]
        # The wanted height stays: another place may not need the pelvis as low as this one.
        plan = with_pelvis_shift(plan, shift)
    return plan


def hip_excess(local: FloatArray, limit_rad: float) -> FloatArray:
    """
    Measure, with a soft threshold, how far the more bent hip exceeds its limit.

    :param local: [frames, 24, 3, 3], a plan's solution.
    :param limit_rad: greatest hip flexion.
    :returns: [frames], radians.
    """
    thighs = -local[:, [JOINT['left_hip'], JOINT['right_hip']]][..., 1]
    flexion = np.arctan2(thighs[..., 2], -thighs[..., 1])
    # No hip bends that far: the angle is that of an extended hip, plus a full turn.
    flexion = np.where(flexion > np.radians(175.0), 0.0, flexion).max(axis=1)
    softness = np.radians(3.0)
    excess: FloatArray = softness * np.logaddexp(0.0, (flexion - limit_rad) / softness)
    return excess


def round_back(plan: Plan, angle_rad: FloatArray) -> Plan:
    """Tilt the pelvis back by [frames] radians and flex the spine instead; the chest stays."""
    change = angle_rad[:, None] * [1.0, 0.0, 0.0]
    return replace(plan, pelvis_rad=plan.pelvis_rad - change, spine_rad=plan.spine_rad + change)
