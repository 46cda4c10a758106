"""Standing: quietly, in everyday arm postures, on one leg, stepping up."""

from __future__ import annotations

import numpy as np

from biopose_ros.training.motion.arm_keys import (
    ArmKey,
    arm_key,
    at_ear,
    before_chest,
    clasped,
    crossed,
    hanging,
    in_pocket,
    on_hip,
)
from biopose_ros.training.motion.draft import Draft, FootTrack, midfoot
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions

_IDLE = ('hanging', 'crossed', 'hips', 'pockets', 'clasped', 'behind', 'phone', 'screen', 'mixed')
_IDLE_WEIGHTS = (0.2, 0.14, 0.12, 0.12, 0.08, 0.06, 0.08, 0.08, 0.12)


def stand_still(rng: np.random.Generator, body: Proportions) -> Draft:
    """Stand with small sway, arms hanging."""
    draft = Draft(rng, body)
    draft.duration_s = rng.uniform(2.0, 5.0)
    return draft


def stand_idle(rng: np.random.Generator, body: Proportions) -> Draft:
    """Stand as people wait: arms folded, in pockets, on the hips; weight and gaze wander."""
    draft = Draft(rng, body)
    draft.duration_s = rng.uniform(3.0, 8.0)
    for arm, key in zip(draft.arms, idle_arms(rng, body), strict=True):
        arm.to(key, -1.0, -0.5)
    draft.neck.start = _gaze(rng)
    time = rng.uniform(0.2, 1.0)
    while time < draft.duration_s - 0.8:
        length = rng.uniform(0.6, 1.4)
        wander(draft, time, length)
        if rng.random() < 0.3:
            for arm, key in zip(draft.arms, idle_arms(rng, body), strict=True):
                arm.to(key, time, time + length)
        time += length + rng.exponential(1.0)
    return draft


def wander(draft: Draft, start_s: float, length_s: float) -> None:
    """Shift weight to one leg, with the pelvis dropping on the other side; look elsewhere."""
    rng, end = draft.rng, start_s + length_s
    if rng.random() < 0.5:
        left = float(np.clip(rng.normal(0.5, 0.22), 0.1, 0.9))
        draft.com.to(midfoot(draft.feet, draft.body, forward=0.012, left=left), start_s, end)
        drop = np.radians((0.5 - left) * rng.uniform(0.0, 14.0))
        draft.pelvis_side.to([drop, np.radians(rng.normal(0.0, 3.0))], start_s, end)
    draft.side.to(np.radians(rng.normal(0.0, [2.0, 6.0])), start_s, end)
    draft.lean.to(np.radians(rng.normal(1.0, 3.0)), start_s, end)
    draft.neck.to(_gaze(rng), start_s, start_s + 0.6 * length_s)


def _gaze(rng: np.random.Generator) -> np.ndarray:
    return np.radians(np.clip(rng.normal([5.0, 0.0, 0.0], [10.0, 4.0, 22.0]), -60.0, 60.0))


def idle_arms(rng: np.random.Generator, body: Proportions) -> tuple[ArmKey, ArmKey]:
    """Draw what both arms of a waiting person do."""
    style = rng.choice(_IDLE, p=_IDLE_WEIGHTS)
    if style == 'crossed':
        return crossed(rng, body)
    if style == 'clasped':
        return clasped(rng, body)
    if style == 'behind':
        return _behind_back(rng), _behind_back(rng)
    if style == 'screen':
        return before_chest(rng, body, forward=0.1), before_chest(rng, body, forward=0.1)
    single = {'hips': on_hip, 'pockets': in_pocket, 'phone': at_ear}
    if style in ('hips', 'pockets'):
        keys = [single[style](rng, body), single[style](rng, body)]
    elif style == 'mixed':
        names = rng.choice(['hips', 'pockets', 'phone'], 2, replace=False)
        keys = [single[name](rng, body) for name in names]
    elif style == 'phone':
        keys = [at_ear(rng, body), hanging(rng)]
    else:
        keys = [hanging(rng), hanging(rng)]
    if rng.random() < 0.25:
        keys[1] = hanging(rng)
    order = rng.permutation(2)
    return keys[order[0]], keys[order[1]]


def _behind_back(rng: np.random.Generator) -> ArmKey:
    return arm_key(
        plane=rng.uniform(-80.0, -60.0),
        elevation=rng.uniform(22.0, 32.0),
        axial=rng.uniform(55.0, 70.0),
        elbow=rng.uniform(40.0, 60.0),
        pronation=rng.uniform(0.0, 40.0),
    )


def single_leg_stance(rng: np.random.Generator, body: Proportions) -> Draft:
    """Shift to one leg, lift the other foot, hold, put it down."""
    draft = Draft(rng, body)
    draft.unrest *= 2.0
    side = int(rng.integers(2))
    lifted = draft.feet[side]
    left = 0.0 if side == 0 else 1.0
    over = midfoot(draft.feet, body, forward=0.012, left=0.04 + 0.92 * left)
    start, shift = rng.uniform(0.3, 0.8), rng.uniform(0.5, 1.1)
    draft.com.to(over, start, start + shift)
    up, hold = start + 0.7 * shift, rng.uniform(1.0, 5.0)
    down = up + 0.8 + hold
    place, pitch = _lifted_place(rng, body, lifted)
    hips = np.ptp(body.rest_joints_m[[JOINT['left_hip'], JOINT['right_hip']], 0])
    inward = 1.0 if side else -1.0
    place[0] = draft.feet[1 - side].place.last[0] - inward * hips * rng.uniform(0.4, 1.1)
    home = lifted.place.last
    lifted.place.to(place, up, up + 0.8).to(home, down, down + 0.7)
    lifted.pitch.to(pitch, up - 0.15, up + 0.7).to(0.0, down, down + 0.7)
    draft.com.to(midfoot(draft.feet, body, forward=0.012), down + 0.4, down + 1.2)
    outward = 1.0 if side == 0 else -1.0
    drop = outward * np.radians(rng.normal(-2.0, 4.0))
    draft.pelvis_side.to([drop, 0.0], up - 0.2, up + 0.5).to([0.0, 0.0], down, down + 0.8)
    bend = -outward * np.radians(rng.uniform(0.0, 8.0))
    draft.side.to([bend, np.radians(rng.normal(0, 4))], up - 0.2, up + 0.6).to(
        [0, 0], down, down + 1
    )
    _balance_arms(draft, up - 0.2, down)
    draft.duration_s = down + 1.4
    return draft


def _lifted_place(
    rng: np.random.Generator, body: Proportions, foot: FootTrack
) -> tuple[np.ndarray, float]:
    """Draw where the lifted foot goes and its pitch: knee to the front, or heel to the back."""
    stature, home = body.stature_m, foot.place.last
    if rng.random() < 0.6:  # thigh raised in front
        height = rng.uniform(0.04, 0.24)
        place = home + np.array([0.0, height, rng.uniform(0.05, 0.12)]) * stature
        return place, np.radians(rng.uniform(0.0, 30.0))
    height = rng.uniform(0.05, 0.2)
    place = home + np.array([0.0, height, -rng.uniform(0.4, 0.8) * height - 0.06]) * stature
    return place, np.radians(rng.uniform(25.0, 45.0) + 120.0 * height)


def _balance_arms(draft: Draft, start_s: float, down_s: float) -> None:
    rng, body = draft.rng, draft.body
    style = rng.choice(['out', 'hips', 'hanging', 'crossed'], p=[0.4, 0.25, 0.25, 0.1])
    relaxed = (hanging(rng), hanging(rng))
    keys = relaxed
    if style == 'out':
        spread = rng.uniform(30.0, 85.0)
        left, right = (
            arm_key(rng.uniform(-10, 30), spread + rng.normal(0, 8), elbow=rng.uniform(5, 40))
            for _ in range(2)
        )
        keys = left, right
    elif style == 'hips':
        keys = (on_hip(rng, body), on_hip(rng, body))
    elif style == 'crossed':
        keys = crossed(rng, body)
    for arm, key, rest in zip(draft.arms, keys, relaxed, strict=True):
        arm.to(key, start_s, start_s + 0.7)
        arm.to(rest, down_s + 0.2, down_s + 1.1)


def step_up(rng: np.random.Generator, body: Proportions) -> Draft:
    """Step up on a stair with both feet, and sometimes on to the next."""
    draft = Draft(rng, body)
    rise, run = rng.uniform(0.12, 0.24), rng.uniform(0.26, 0.34)
    lead, time = int(rng.integers(2)), rng.uniform(0.3, 0.8)
    pace = rng.uniform(0.75, 1.3)
    edge = rng.uniform(0.02, 0.1)
    for number in range(rng.integers(1, 4)):
        forward = np.array([0.0, rise, edge + run if number == 0 else run])
        time = landed = _step_with(draft, lead, forward, time, pace)
        time = _step_with(draft, 1 - lead, forward, time, pace)
        draft.height.to(draft.height.last + rise, landed - 0.05, time)
    draft.com.to(midfoot(draft.feet, body, forward=0.012), time, time + 0.6)
    draft.lean.to(np.radians(rng.uniform(4.0, 15.0)), 0.2, 0.8)
    draft.lean.to(np.radians(rng.normal(1.0, 2.0)), time - 0.3, time + 0.5)
    draft.duration_s = time + 0.9
    return draft


def _step_with(draft: Draft, side: int, forward: np.ndarray, start_s: float, pace: float) -> float:
    """Move the weight to the other foot, then step; returns when the foot has landed."""
    foot, shift, swing = draft.feet[side], 0.42 * pace, 0.62 * pace
    left = 0.08 if side == 0 else 0.92
    over = midfoot(draft.feet, draft.body, forward=0.015, left=left)
    draft.com.to(over, start_s, start_s + shift + 0.1)
    begin = start_s + 0.75 * shift
    landing = begin + swing
    target = foot.place.last + forward
    foot.step(target, float(foot.yaw.last), begin, landing, lift_m=0.09, push_off=22.0, land=-3.0)
    return landing - 0.05 * pace
