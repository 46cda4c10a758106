"""Lunges and kneeling down: one foot goes back or forward, and the rear knee sinks."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.arm_keys import arm_key, before_chest, hanging, on_hip
from biopose_ros.training.motion.draft import Draft, midfoot, standing_height
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES, Foot
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.timing import Track


def lunge(rng: np.random.Generator, body: Proportions) -> Draft:
    """Step forward (or back), sink until the thigh is at most level, and come back."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    back = rng.random() < 0.35
    front = draft.feet[side]
    mover = draft.feet[1 - side] if back else front
    home, yaw = mover.place.last, float(mover.yaw.last)
    reach = rng.uniform(0.32, 0.5) * body.stature_m
    start, swing = rng.uniform(0.4, 0.9), rng.uniform(0.5, 0.8)
    step = np.array([rng.normal(0.0, 0.02), 0.0, -reach if back else reach])
    stays_left = (side == 0) == back
    weight = 0.78 if stays_left else 0.22
    draft.com.to(midfoot(draft.feet, body, left=weight), start - 0.3, start + 0.1)
    land = 25.0 if back else -10.0
    mover.step(home + step, yaw, start, start + swing, push_off=20.0, land=land)
    # The body goes along with the step: no leg is long enough for a still one.
    draft.com.to(midfoot(draft.feet, body, left=0.5), start + 0.05, start + 0.9 * swing)
    down = start + swing * rng.uniform(0.7, 1.0)
    bottom = down + rng.uniform(0.5, 1.0)
    rise = bottom + rng.exponential(0.4)
    end = rise + rng.uniform(0.5, 0.9)
    _sink(draft, side, (down, bottom, rise, end), rng.uniform(0.45, 1.0))
    _lunge_arms(draft, (down, bottom, rise, end))
    leave = end - 0.15
    mover.step(home, yaw, leave, leave + swing, push_off=30.0)
    over = midfoot(draft.feet, body, left=weight)
    draft.com.to(over, leave - 0.1, leave + 0.9 * swing)
    draft.com.to(midfoot(draft.feet, body), leave + 0.7 * swing, leave + swing + 0.5)
    draft.duration_s = leave + swing + 0.7
    return draft


def _sink(
    draft: Draft, front_side: int, times_s: tuple[float, float, float, float], depth: float
) -> None:
    """Lower the body between the feet; the rear heel rises with it."""
    rng, body = draft.rng, draft.body
    down, bottom, rise, end = times_s
    share = rng.uniform(0.52, 0.68)
    over = midfoot(draft.feet, body, forward=0.0, left=share if front_side == 0 else 1 - share)
    draft.com.to(over, down - 0.1, bottom - 0.1)
    rear = draft.feet[1 - front_side]
    heel = np.radians(30.0 + 42.0 * depth)
    rear.pitch.to(heel, down, bottom).to(np.radians(30.0), rise, end)
    shank = abs(body.offsets_m[JOINT['left_ankle'], 1])
    level = body.rest_joints_m[JOINT['left_ankle'], 1] + shank * 0.96
    hip = level - body.offsets_m[JOINT['left_hip'], 1]
    low = standing_height(body) + depth * (hip - standing_height(body))
    draft.height.to(low, down, bottom).to(standing_height(body), rise, end)
    lean = np.radians(np.clip(rng.normal(8.0, 8.0), -4.0, 35.0))
    draft.lean.to(lean, down, bottom).to(np.radians(2.0), rise, end)


def _lunge_arms(draft: Draft, times_s: tuple[float, float, float, float]) -> None:
    rng, body = draft.rng, draft.body
    down, bottom, rise, end = times_s
    style = rng.choice(['hanging', 'hips', 'chest', 'out'], p=[0.35, 0.3, 0.2, 0.15])
    for arm in draft.arms:
        if style == 'hips':
            arm.to(on_hip(rng, body), -1.0, -0.5)
        elif style == 'chest':
            arm.to(before_chest(rng, body, forward=0.08), down, bottom).to(hanging(rng), rise, end)
        elif style == 'out':
            out = arm_key(10.0, rng.uniform(30, 75), elbow=20.0)
            arm.to(out, down, bottom).to(hanging(rng), rise, end)


def kneel(rng: np.random.Generator, body: Proportions) -> Draft:
    """Go down on one knee, sometimes on both, stay, and sometimes get up again."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))  # of the knee that goes down first
    first, second = draft.feet[side], draft.feet[1 - side]
    home = first.place.last
    thigh_rad = np.radians(rng.uniform(-6.0, 12.0))
    pitch = np.radians(rng.uniform(54.0, 67.0))
    knee = _knee_place(body, second.place.last, float(home[0]), thigh_rad)
    behind = _foot_behind(body, side, knee, pitch)
    start, swing = rng.uniform(0.4, 0.9), rng.uniform(0.6, 0.9)
    left = 0.22 if side == 0 else 0.78
    draft.com.to(midfoot(draft.feet, body, forward=0.01, left=left), start - 0.3, start + 0.1)
    first.step(behind, float(first.yaw.last) * 0.3, start, start + swing, push_off=15.0, land=30.0)
    share = 0.35 if side == 0 else 0.65
    draft.com.to(midfoot(draft.feet, body, forward=0.01, left=share), start, start + swing)
    down, low = start + 0.6 * swing, start + 0.6 * swing + rng.uniform(0.9, 1.5)
    first.pitch.moves.pop()
    first.pitch.to(pitch, max(down, start + swing), low)
    pelvis = knee + _thigh_up(body, thigh_rad)
    draft.height.to(pelvis[1], down, low)
    draft.pelvis = Track(np.array([0.5 * knee[0], pelvis[2]]))
    draft.balanced.to(0.0, down - 0.2, low)
    draft.lean.to(np.radians(rng.uniform(8, 25)), down, low - 0.3)
    draft.lean.to(np.radians(rng.normal(2, 5)), low - 0.2, low + 0.5)
    end = low + rng.uniform(0.6, 2.0)
    if rng.random() < 0.4:
        end = _second_knee(draft, 1 - side, knee, pitch, end)
    elif rng.random() < 0.6:
        end = _get_up(draft, side, home, end, swing)
    draft.duration_s = end + 0.5
    return draft


def _knee_place(
    body: Proportions, front_m: FloatArray, x_m: float, thigh_rad: float
) -> FloatArray:
    """Put the knee where the front shank is about upright and the rear thigh leans as wanted."""
    thigh = abs(body.offsets_m[JOINT['left_knee'], 1])
    hip_z = front_m[2] - 0.93 * thigh
    return np.array([x_m, 0.032 * body.stature_m, hip_z - thigh * np.sin(thigh_rad)])


def _thigh_up(body: Proportions, thigh_rad: float) -> FloatArray:
    thigh = abs(body.offsets_m[JOINT['left_knee'], 1])
    up = np.array([0.0, thigh * np.cos(thigh_rad), thigh * np.sin(thigh_rad)])
    return up - [0.0, body.offsets_m[JOINT['left_hip'], 1], 0.0]


def _foot_behind(body: Proportions, side: int, knee_m: FloatArray, pitch_rad: float) -> FloatArray:
    """Give the place of a foot on its toes such that the shank reaches from the knee to it."""
    zero, pitch = np.zeros(1), np.array([pitch_rad])
    tipped, _, _ = Foot(np.zeros((1, 3)), zero, pitch, zero).ankle(body, side)
    shank = np.linalg.norm(body.offsets_m[JOINT[f'{SIDES[side]}_ankle']])
    rise = tipped[0, 1] - knee_m[1]
    ankle_z = knee_m[2] - np.sqrt(shank**2 - rise**2)
    return np.array([knee_m[0], 0.0, ankle_z - tipped[0, 2]])


def _second_knee(
    draft: Draft, side: int, knee_m: FloatArray, pitch_rad: float, start_s: float
) -> float:
    """Take the front foot back beside the other; returns when it has landed."""
    foot = draft.feet[side]
    beside = np.array([foot.place.last[0], knee_m[1], knee_m[2]])
    place = _foot_behind(draft.body, side, beside, pitch_rad)
    end = start_s + draft.rng.uniform(0.8, 1.2)
    foot.step(place, 0.0, start_s, end, lift_m=0.07, push_off=20.0, land=np.degrees(pitch_rad))
    foot.pitch.moves.pop()
    draft.lean.to(np.radians(draft.rng.normal(3.0, 5.0)), start_s, end)
    return end + draft.rng.uniform(0.4, 1.5)


def _get_up(draft: Draft, side: int, home_m: FloatArray, start_s: float, swing_s: float) -> float:
    """Rise from one knee and bring the foot home; returns when it ends."""
    body, rng = draft.body, draft.rng
    up = start_s + rng.uniform(0.9, 1.4)
    draft.lean.to(np.radians(rng.uniform(15, 35)), start_s - 0.3, start_s + 0.4)
    draft.lean.to(np.radians(1.0), start_s + 0.5, up + 0.2)
    draft.height.to(standing_height(body), start_s, up)
    over = midfoot(draft.feet, body, forward=0.01, left=0.3 if side == 0 else 0.7)
    draft.com.to(over, start_s - 0.5, start_s - 0.1)
    draft.balanced.to(1.0, start_s, up - 0.1)
    leave = start_s + 0.62 * (up - start_s)
    yaw = float(draft.feet[1 - side].yaw.last) * -1.0
    draft.feet[side].step(home_m, yaw, leave, leave + swing_s, push_off=45.0)
    front = 0.25 if side == 0 else 0.75
    over = midfoot(draft.feet, body, forward=0.01, left=front)
    draft.com.to(over, leave - 0.1, leave + 0.9 * swing_s)
    draft.com.to(midfoot(draft.feet, body), leave + 0.7 * swing_s, leave + swing_s + 0.5)
    return leave + swing_s + 0.4
