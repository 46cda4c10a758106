"""
Lifting a box from floor or table, carrying it, picking a small thing up.

People lift somewhere between a stoop (knees nearly straight, trunk level) and a squat (trunk
upright, knees deeply bent), most of them in between and nearer the stoop (Burgess-Limerick and
Abernethy 1997); the posture is searched so that both hands reach the load under balance.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.activities.standing import wander
from biopose_ros.training.motion.arm_keys import arm_key, before_chest, hanging
from biopose_ros.training.motion.draft import Draft, midfoot, stance
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.timing import Track

_MOST_LEAN_RAD = np.radians(98.0)
_MOST_FOLD_RAD = np.radians(188.0)


# Where the left and the right wrist take hold, [2, 3], world, metres.
Grip: TypeAlias = FloatArray


def lift_from_floor(rng: np.random.Generator, body: Proportions) -> Draft:
    """Lift a box from the floor, hold it, and sometimes put it back."""
    draft = _ready(rng, body, width=float(np.clip(rng.normal(1.6, 0.45), 0.8, 2.8)))
    knee = np.radians(rng.choice([rng.uniform(10, 45), rng.uniform(45, 85), rng.uniform(85, 120)]))
    grip = _box(rng, body, height=rng.uniform(0.07, 0.24), ahead=rng.uniform(0.09, 0.17))
    return _lift(draft, grip, float(knee))


def lift_from_table(rng: np.random.Generator, body: Proportions) -> Draft:
    """Lift a box from a table or shelf, hold it, and sometimes put it back."""
    draft = _ready(rng, body, width=None)
    grip = _box(rng, body, height=rng.uniform(0.38, 0.66), ahead=rng.uniform(0.2, 0.3))
    return _lift(draft, grip, float(np.radians(rng.uniform(4.0, 30.0))))


def pick_up(rng: np.random.Generator, body: Proportions) -> Draft:
    """Pick a small thing up from the floor with one hand, and rise again."""
    draft = _ready(rng, body, width=None)
    side = int(rng.integers(2))
    outward = 1.0 if side == 0 else -1.0
    front = int(rng.integers(2))
    draft.feet[front].place.start = draft.feet[front].place.last + [0, 0, rng.uniform(0, 0.12)]
    draft.com = Track(midfoot(draft.feet, body, forward=rng.normal(0.012, 0.008)))
    stature = body.stature_m
    out, ahead = rng.normal(0.04, 0.05), rng.uniform(0.08, 0.2)
    point = np.array([outward * out, rng.uniform(0.055, 0.09), ahead]) * stature
    knee = np.radians(rng.choice([rng.uniform(8, 40), rng.uniform(40, 90), rng.uniform(90, 125)]))
    start, down = rng.uniform(0.3, 0.8), rng.uniform(0.8, 1.5)
    bottom = start + down
    rise = bottom + rng.uniform(0.15, 0.6)
    end = rise + rng.uniform(0.8, 1.5)
    twist = [outward * np.radians(rng.uniform(-5, 14)), -outward * np.radians(rng.uniform(0, 18))]
    draft.side.to(twist, start, bottom).to([0.0, 0.0], rise, end)
    stand = (float(draft.knee.last), float(draft.lean.last))
    grip = _bend_down(draft, np.stack([point, point]), (side,), float(knee), start, bottom)
    _rise(draft, stand, rise, end)
    _grasp(draft, side, grip[side], start, bottom)
    draft.arms[side].hold.to(0.0, rise, end - 0.1)
    _tuck_arm(draft, 1 - side, (start, bottom, rise, end))
    holds = rng.random() < 0.5
    key = before_chest(rng, body, forward=0.08) if holds else hanging(rng)
    draft.arms[side].to(key, rise, end)
    draft.neck.to(np.radians([rng.uniform(5, 20), 0, 0]), start, start + 0.5)
    draft.neck.to(np.radians([rng.normal(3, 4), 0, 0]), rise + 0.2, end)
    draft.duration_s = end + 0.4
    return draft


def _tuck_arm(draft: Draft, side: int, times_s: tuple[float, float, float, float]) -> None:
    """Rest the idle hand near the thigh while low: a hanging arm would go through the floor."""
    rng = draft.rng
    start, bottom, rise, end = times_s
    near = arm_key(
        plane=rng.uniform(40.0, 80.0),
        elevation=rng.uniform(10.0, 40.0),
        elbow=rng.uniform(75.0, 110.0),
        pronation=rng.uniform(20.0, 80.0),
        upright=0.9,
    )
    draft.arms[side].to(near, start, bottom).to(hanging(rng), rise, end)


def carry(rng: np.random.Generator, body: Proportions) -> Draft:
    """Stand and hold a load: a box before the body, or bags at the sides."""
    draft = Draft(rng, body)
    load_carried(draft)
    draft.duration_s = rng.uniform(3.0, 6.0)
    for start in np.arange(0.3, draft.duration_s - 1.2, 1.7):
        wander(draft, float(start), 1.2)
    return draft


def load_carried(draft: Draft) -> None:
    """Put a load into the hands for the whole clip."""
    rng, body = draft.rng, draft.body
    draft.load.start = rng.uniform(0.01, 0.2)
    way = rng.choice(['box', 'one', 'two'], p=[0.5, 0.25, 0.25])
    if way == 'box':
        key = before_chest(rng, body, forward=rng.uniform(0.02, 0.1))
        for arm in draft.arms:
            arm.to(key, -1.0, -0.5)
        draft.lean.start = np.radians(-rng.uniform(0.0, 7.0))
    elif way == 'one':
        side = int(rng.integers(2))
        draft.load.start = rng.uniform(0.01, 0.1)
        away = -1.0 if side == 0 else 1.0
        draft.side.start = [away * np.radians(rng.uniform(0.0, 9.0)), 0.0]


def _ready(rng: np.random.Generator, body: Proportions, width: float | None) -> Draft:
    draft = Draft(rng, body)
    draft.feet = stance(rng, body, width=width)
    draft.com = Track(midfoot(draft.feet, body, forward=rng.normal(0.012, 0.008)))
    draft.gaze_share = rng.uniform(0.0, 0.4)
    return draft


def _box(rng: np.random.Generator, body: Proportions, height: float, ahead: float) -> Grip:
    half = rng.uniform(0.08, 0.14)
    turn = np.radians(rng.normal(0.0, 8.0))
    centre = np.array([rng.normal(0.0, 0.01), height, ahead + 0.02])
    across = half * np.array([np.cos(turn), 0.0, -np.sin(turn)])
    return np.stack([centre + across, centre - across]) * body.stature_m


def _lift(draft: Draft, grip: Grip, knee_rad: float) -> Draft:
    """Go down, take hold, rise with the load, hold it; sometimes put it back."""
    rng = draft.rng
    start, down, up = rng.uniform(0.3, 0.8), rng.uniform(0.9, 1.6), rng.uniform(0.9, 1.6)
    stand = (float(draft.knee.last), float(draft.lean.last))
    bottom = start + down
    rise = bottom + rng.uniform(0.15, 0.5)
    end = rise + up
    grip = _bend_down(draft, grip, (0, 1), knee_rad, start, bottom)
    low = (float(draft.knee.last), float(draft.lean.last))
    draft.load.to(rng.uniform(0.02, 0.22), rise, rise + 0.2)
    carried = _carried(draft, grip)
    for side in range(2):
        _grasp(draft, side, grip[side], start, bottom)
        draft.arms[side].hand.to(carried[side], rise + 0.1 * up, end)
    _rise(draft, stand, rise, end)
    draft.lean.to(stand[1] - np.radians(rng.uniform(0.0, 6.0)), end - 0.3, end + 0.4)
    finish = end + rng.uniform(0.5, 1.5)
    if rng.random() < 0.4:
        finish = _put_back(draft, grip, low, stand, finish)
    draft.duration_s = finish + 0.3
    return draft


def _put_back(
    draft: Draft, grip: Grip, low: tuple[float, float], stand: tuple[float, float], start_s: float
) -> float:
    """Lower the load to where it came from and stand up without it; returns the end."""
    down, up = draft.rng.uniform(1.0, 1.6), draft.rng.uniform(0.8, 1.3)
    bottom, leave = start_s + down, start_s + down + 0.3
    draft.knee.to(low[0], start_s, bottom)
    draft.lean.to(low[1], start_s, bottom)
    draft.load.to(0.0, bottom, leave)
    for side, arm in enumerate(draft.arms):
        arm.hand.to(grip[side], start_s, bottom)
        arm.hold.to(0.0, leave, leave + up)
    _rise(draft, stand, leave, leave + up)
    return leave + up + 0.2


def _carried(draft: Draft, grip: Grip) -> FloatArray:
    """Where the wrists hold the load in front of the standing body, [2, 3]."""
    rng, body = draft.rng, draft.body
    height = body.rest_joints_m[JOINT['spine1'], 1] + rng.uniform(-0.06, 0.1) * body.stature_m
    centre = draft.com.last
    half = np.linalg.norm(grip[0] - grip[1]) / 2.0
    ahead = centre[1] + rng.uniform(0.1, 0.17) * body.stature_m
    return np.array([[centre[0] + half, height, ahead], [centre[0] - half, height, ahead]])


def _grasp(draft: Draft, side: int, point_m: FloatArray, start_s: float, bottom_s: float) -> None:
    arm = draft.arms[side]
    arm.hand = Track(point_m)
    arm.hold.to(1.0, start_s + 0.1 * (bottom_s - start_s), bottom_s)
    arm.pole = (draft.rng.uniform(0.4, 0.9), -0.2, -0.7)


def _rise(draft: Draft, stand: tuple[float, float], start_s: float, end_s: float) -> None:
    lag = draft.rng.uniform(-0.05, 0.2) * (end_s - start_s)
    draft.knee.to(stand[0], start_s, end_s - max(lag, 0.0))
    draft.lean.to(stand[1], start_s + max(lag, 0.0), end_s)


def _bend_down(
    draft: Draft, grip: Grip, sides: tuple[int, ...], knee_rad: float, start_s: float, end_s: float
) -> Grip:
    """Append the way down; returns the grip, brought nearer where the body cannot reach it."""
    draft.knee.to(knee_rad, start_s, end_s)
    for _ in range(4):
        # With deeply bent knees the thighs stop the trunk.
        leans = np.linspace(0.0, min(_MOST_LEAN_RAD, _MOST_FOLD_RAD - knee_rad), 13)
        lacking = _lacking(draft, grip, sides, leans, end_s)
        if lacking.min() < 0.01:
            break
        # Out of reach for any lean: crouch deeper, as a person would.
        knee_rad = min(knee_rad + np.radians(14.0), np.radians(125.0))
        draft.knee.moves.pop()
        draft.knee.to(knee_rad, start_s, end_s)
    best = np.argmin(np.maximum(lacking, 0.005) + 0.004 * leans)
    draft.lean.to(leans[best], start_s, end_s)
    return grip + lacking[best] * np.array([0.0, 1.0, -0.3])


def _lacking(
    draft: Draft, grip: Grip, sides: tuple[int, ...], leans: FloatArray, time_s: float
) -> FloatArray:
    """How much longer the arms would have to be, for each lean, metres."""
    _, placed = draft.try_leans(time_s, leans)
    distances = [
        np.linalg.norm(
            placed.positions_m[:, JOINT[f'{SIDES[side]}_shoulder']] - grip[side], axis=1
        )
        for side in sides
    ]
    lacking: FloatArray = np.max(distances, axis=0) - 0.97 * draft.body.arm_length_m
    return np.maximum(lacking, 0.0)
