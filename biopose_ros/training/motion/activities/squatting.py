"""Squats of all depths."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.arm_keys import (
    ArmKey,
    arm_key,
    clasped,
    crossed,
    forward,
    hands_on_shoulders,
    hanging,
    on_hip,
)
from biopose_ros.training.motion.draft import Draft, midfoot, stance
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.timing import Track

_Pair = tuple[ArmKey, ArmKey]

_SQUAT_ARMS = ('forward', 'crossed', 'hips', 'hanging', 'clasped', 'shoulders', 'overhead')
_SQUAT_ARM_WEIGHTS = (0.34, 0.14, 0.12, 0.16, 0.12, 0.06, 0.06)


def squat(rng: np.random.Generator, body: Proportions) -> Draft:
    """Squat once or a few times, to 45 to 105 degrees of knee flexion."""
    return _squats(rng, body, np.radians(rng.uniform(45.0, 105.0)))


def deep_squat(rng: np.random.Generator, body: Proportions) -> Draft:
    """Squat to 105 to 138 degrees of knee flexion, with heels up where the ankles are stiff."""
    return _squats(rng, body, np.radians(rng.uniform(105.0, 138.0)))


def _squats(rng: np.random.Generator, body: Proportions, knee_rad: float) -> Draft:
    draft = Draft(rng, body)
    draft.feet = stance(rng, body, width=float(np.clip(rng.normal(1.7, 0.4), 0.9, 2.8)))
    for outward, foot in zip((1.0, -1.0), draft.feet, strict=True):
        foot.yaw.start = outward * np.radians(rng.uniform(0.0, 30.0))
        # Knees track over the feet; a few degrees of falling in or out are common.
        foot.knee_yaw.start = foot.yaw.start + outward * np.radians(rng.normal(0.0, 6.0))
    draft.com = _com_over_feet(rng, draft)
    style = rng.choice(_SQUAT_ARMS, p=_SQUAT_ARM_WEIGHTS)
    standing_arms, squat_arms = _arms(rng, body, str(style))
    for arm, key in zip(draft.arms, standing_arms, strict=True):
        arm.to(key, -1.0, -0.5)
    # Trunk and shank stay about parallel in an easy squat (Schoenfeld 2010); people differ.
    lean_ratio = float(np.exp(rng.normal(0.15, 0.28)))
    stand_knee, stand_lean = draft.knee.start, draft.lean.start
    time = rng.uniform(0.2, 0.8)
    for _ in range(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2])):
        depth = min(knee_rad * rng.normal(1.0, 0.05), np.radians(140.0))
        down, hold, up = rng.uniform(0.8, 2.0), rng.exponential(0.35), rng.uniform(0.7, 1.8)
        bottom, rise, end = time + down, time + down + hold, time + down + hold + up
        draft.knee.to(depth, time, bottom)
        for arm, key in zip(draft.arms, squat_arms, strict=True):
            arm.to(key, time, bottom - 0.1 * down)
        lag = rng.uniform(-0.1, 0.1)
        draft.lean.to(lean_for(draft, bottom, lean_ratio), time + lag, bottom)
        draft.lean.to(stand_lean, rise, end + lag)
        draft.knee.to(stand_knee, rise, end)
        for arm, key in zip(draft.arms, standing_arms, strict=True):
            arm.to(key, rise + 0.1 * up, end)
        time = end + rng.uniform(0.2, 0.9)
    draft.duration_s = time + 0.2
    return draft


def _com_over_feet(rng: np.random.Generator, draft: Draft) -> Track:
    left = float(np.clip(rng.normal(0.5, 0.04), 0.4, 0.6))
    ahead = float(rng.normal(0.012, 0.008))
    return Track(midfoot(draft.feet, draft.body, forward=ahead, left=left))


def lean_for(draft: Draft, time_s: float, ratio: float) -> float:
    """
    Find the trunk lean that stands in a wanted ratio to the lean of the shanks.

    :param draft: with the knees bent at that time.
    :param time_s: seconds.
    :param ratio: trunk lean over shank lean.
    :returns: radians.
    """
    leans = np.radians(np.linspace(4.0, 76.0, 13))
    _, placed = draft.try_leans(time_s, leans)
    shanks = [
        placed.positions_m[:, JOINT[f'{side}_knee']]
        - placed.positions_m[:, JOINT[f'{side}_ankle']]
        for side in SIDES
    ]
    shank: FloatArray = np.mean([np.arctan2(bone[:, 2], bone[:, 1]) for bone in shanks], axis=0)
    return float(leans[np.argmin(np.abs(leans - ratio * np.maximum(shank, 0.02)))])


def _arms(rng: np.random.Generator, body: Proportions, style: str) -> tuple[_Pair, _Pair]:
    """Arm postures while standing and at the bottom."""
    relaxed = keys = (hanging(rng), hanging(rng))
    if style == 'forward':
        key = forward(rng)
        return (relaxed if rng.random() < 0.6 else (key, key)), (key, key)
    if style == 'overhead':
        key = arm_key(30.0, rng.uniform(150, 172), elbow=rng.uniform(5, 25), pronation=30.0)
        return (key, key), (key, key)
    if style == 'hips':
        keys = (on_hip(rng, body), on_hip(rng, body))
    elif style == 'crossed':
        keys = crossed(rng, body)
    elif style == 'shoulders':
        keys = hands_on_shoulders(rng, body)
    elif style == 'clasped':
        keys = clasped(rng, body)
    return keys, keys
