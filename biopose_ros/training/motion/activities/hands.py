"""What hands do while the body stands: reach, point, wave, hand over, drink, telephone."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.activities.standing import idle_arms, wander
from biopose_ros.training.motion.arm_keys import (
    arm_key,
    at_ear,
    at_mouth,
    before_chest,
    hanging,
)
from biopose_ros.training.motion.draft import Draft, midfoot
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.timing import Track


def reach(rng: np.random.Generator, body: Proportions) -> Draft:
    """Reach to any side, height and distance with one hand or both, leaning as far as needed."""
    draft = Draft(rng, body)
    time = rng.uniform(0.3, 0.8)
    for _ in range(rng.integers(1, 3)):
        time = _reach_once(draft, time) + rng.uniform(0.1, 0.6)
    draft.duration_s = time + 0.2
    return draft


def reach_with_step(rng: np.random.Generator, body: Proportions) -> Draft:
    """Step towards a thing, then reach for it."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    start, swing = rng.uniform(0.3, 0.7), rng.uniform(0.45, 0.75)
    left = 0.1 if side == 0 else 0.9
    draft.com.to(midfoot(draft.feet, body, forward=0.015, left=left), start - 0.25, start + 0.15)
    length = rng.uniform(0.15, 0.38) * body.stature_m
    turn = np.radians(rng.normal(0.0, 15.0))
    foot = draft.feet[side]
    ahead = np.array([np.sin(turn), 0.0, np.cos(turn)]) * length
    foot.step(foot.place.last + ahead, float(foot.yaw.last) + turn, start, start + swing)
    front = rng.uniform(0.5, 0.85)
    over = midfoot(draft.feet, body, forward=0.015, left=front if side == 0 else 1 - front)
    draft.com.to(over, start + 0.4 * swing, start + swing + 0.4)
    rear = draft.feet[1 - side]
    rear.pitch.to(np.radians(rng.uniform(5.0, 35.0)), start + swing, start + swing + 0.4)
    draft.knee.to(np.radians(rng.uniform(4.0, 25.0)), start, start + swing)
    draft.heading.to(turn, start, start + swing)
    time = _reach_once(draft, start + swing * rng.uniform(0.6, 1.1), origin=ahead, turn=turn)
    draft.duration_s = time + 0.3
    return draft


def _reach_once(
    draft: Draft, start_s: float, origin: FloatArray | float = 0.0, turn: float = 0.0
) -> float:
    """Append one reach and the way back; returns when it ends, seconds."""
    rng, body = draft.rng, draft.body
    side, both = int(rng.integers(2)), rng.random() < 0.3
    outward = 1.0 if side == 0 else -1.0
    azimuth = 0.0 if both else outward * np.radians(rng.normal(15.0, 40.0))
    height = np.clip(rng.normal(0.66, 0.22), 0.28, 1.12) * body.stature_m
    distance = body.arm_length_m * rng.uniform(0.65, 1.25)
    go, hold, back = rng.uniform(0.6, 1.3), rng.exponential(0.6), rng.uniform(0.6, 1.2)
    there, leave, end = start_s + go, start_s + go + hold, start_s + go + hold + back
    _lean_towards(draft, (start_s, there, leave, end), azimuth, height, distance)
    direction = np.array([np.sin(azimuth + turn), 0.0, np.cos(azimuth + turn)])
    hips = body.rest_joints_m[[JOINT['left_shoulder'], JOINT['right_shoulder']], 0]
    for each in (0, 1) if both else (side,):
        sideways = 0.6 * hips[each] if both else 0.3 * hips[each]
        point = origin + direction * distance + [sideways, height, 0.0]
        arm = draft.arms[each]
        hold_before = bool(arm.hold.moves)
        arm.hand = arm.hand.to(point, start_s - 0.1, start_s) if hold_before else Track(point)
        arm.hold.to(1.0, start_s + 0.05, there).to(0.0, leave, end)
        arm.pole = (rng.uniform(0.2, 0.7), -0.7, -0.4)
        palm = arm_key(30.0, 8.0, elbow=20.0, pronation=rng.uniform(-10, 80), upright=0.9)
        arm.to(palm, start_s, there).to(hanging(rng), leave, end)
    return end


def _lean_towards(
    draft: Draft,
    times_s: tuple[float, float, float, float],
    azimuth: float,
    height_m: float,
    distance_m: float,
) -> None:
    """Turn, bend and crouch as far as the arm alone does not reach."""
    rng, body = draft.rng, draft.body
    start, there, leave, end = times_s
    shoulder = body.rest_joints_m[JOINT['left_shoulder'], 1]
    far = max(np.hypot(distance_m, height_m - shoulder) / body.arm_length_m - 0.85, 0.0)
    low = max(shoulder - body.arm_length_m * 0.8 - height_m, 0.0) / body.stature_m
    lean = np.radians(min(far * rng.uniform(25.0, 60.0) + low * rng.uniform(60.0, 160.0), 80.0))
    turn = azimuth * rng.uniform(0.3, 0.6)
    crouch = np.radians(low * rng.uniform(20.0, 220.0))
    rest, knee = np.radians(rng.normal(1.0, 2.0)), float(draft.knee.last)
    draft.lean.to(lean * np.cos(azimuth), start, there).to(rest, leave, end)
    draft.side.to([lean * 0.6 * np.sin(azimuth), turn], start, there).to([0.0, 0.0], leave, end)
    draft.pelvis_side.to([0.0, 0.35 * turn], start, there).to([0.0, 0.0], leave, end)
    draft.knee.to(knee + crouch, start, there).to(knee, leave, end)
    look = [0.3 * (shoulder - height_m) / body.stature_m * 2, 0.0, 0.5 * azimuth]
    draft.neck.to(look, start - 0.15, start + 0.4).to([0.0, 0.0, 0.0], leave, end)


def point(rng: np.random.Generator, body: Proportions) -> Draft:
    """Point somewhere and look there."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    outward = 1.0 if side == 0 else -1.0
    azimuth = np.radians(rng.normal(20.0, 40.0))  # outward positive
    start, go, hold = rng.uniform(0.3, 0.8), rng.uniform(0.5, 1.0), rng.uniform(0.4, 2.0)
    key = arm_key(
        plane=90.0 - np.degrees(azimuth) * 0.8,
        elevation=rng.normal(85.0, 18.0),
        axial=rng.normal(0.0, 15.0),
        elbow=rng.uniform(0.0, 30.0),
        pronation=rng.uniform(20.0, 90.0),
        wrist=0.0,
    )
    leave, end = start + go + hold, start + 2 * go + hold
    _other_arm(draft, 1 - side)
    draft.arms[side].to(key, start, start + go).to(hanging(rng), leave, end)
    turn = outward * azimuth
    draft.side.to([0.0, 0.3 * turn], start, start + go).to([0.0, 0.0], leave, end)
    draft.neck.to([0.0, 0.0, 0.6 * turn], start - 0.2, start + 0.4).to([0, 0, 0], leave, end)
    draft.duration_s = end + 0.3
    return draft


def wave(rng: np.random.Generator, body: Proportions) -> Draft:
    """Wave: the forearm swings about the raised upper arm."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    plane, elevation = rng.uniform(0.0, 60.0), rng.uniform(50.0, 120.0)
    elbow, swing = rng.uniform(60.0, 120.0), rng.uniform(10.0, 28.0)
    # At ninety degrees of outward turn the forearm of a level upper arm points up.
    up = -rng.uniform(65.0, 95.0) * np.sin(np.radians(min(elevation, 90.0)))
    time, beat = rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.4)
    arm = draft.arms[side]
    angles = {'elbow': elbow, 'pronation': rng.uniform(50, 90), 'wrist': -10.0}
    arm.to(arm_key(plane, elevation, axial=up - swing, **angles), time, time + 0.8)
    time += 0.8
    for number in range(rng.integers(3, 9)):
        way = swing if number % 2 == 0 else -swing
        tilted = {**angles, 'elbow': elbow + 0.3 * way}
        arm.to(arm_key(plane, elevation, axial=up + way, **tilted), time, time + beat)
        time += beat
    arm.to(hanging(rng), time, time + 0.8)
    _other_arm(draft, 1 - side)
    wander(draft, 0.3, 1.0)
    draft.duration_s = time + 1.1
    return draft


def hand_over(rng: np.random.Generator, body: Proportions) -> Draft:
    """Hold a thing out to somebody, let it go, and take the hands back."""
    draft = Draft(rng, body)
    both = rng.random() < 0.4
    sides = (0, 1) if both else (int(rng.integers(2)),)
    ready = before_chest(rng, body, forward=rng.uniform(0.08, 0.14))
    azimuth = 0.0 if both else rng.normal(0.0, 20.0)
    elbow, pronation = rng.uniform(8.0, 45.0), rng.uniform(-70.0, 40.0)
    level = rng.uniform(45.0, 78.0)
    give = arm_key(
        90.0 - azimuth + (10.0 if both else 0.0), level, elbow=elbow, pronation=pronation
    )
    start, go, hold = rng.uniform(0.4, 0.9), rng.uniform(0.6, 1.1), rng.uniform(0.3, 1.5)
    leave, end = start + go + hold, start + 2 * go + hold
    for side in range(2):
        arm = draft.arms[side]
        if side not in sides:
            _other_arm(draft, side)
            continue
        arm.to(ready, -1.0, -0.5) if rng.random() < 0.6 else arm.to(ready, -0.2, start)
        arm.to(give, start, start + go).to(hanging(rng), leave, end)
    lean = np.radians(rng.uniform(2.0, 20.0))
    turn = np.radians(0.0 if both else (-1.0 if sides[0] == 0 else 1.0) * rng.uniform(0.0, 15.0))
    draft.lean.to(lean, start, start + go).to(0.02, leave, end)
    draft.side.to([0.0, turn], start, start + go).to([0.0, 0.0], leave, end)
    draft.load.start = rng.uniform(0.0, 0.04)
    draft.load.to(0.0, leave - 0.2, leave)
    draft.duration_s = end + 0.3
    return draft


def drink(rng: np.random.Generator, body: Proportions) -> Draft:
    """Lift a cup to the mouth, tip it, lower it."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    ready = before_chest(rng, body, forward=rng.uniform(0.08, 0.15))
    _other_arm(draft, 1 - side)
    arm = draft.arms[side].to(ready, -1.0, -0.5)
    time = rng.uniform(0.3, 0.9)
    for _ in range(rng.integers(1, 3)):
        go, sip = rng.uniform(0.7, 1.2), rng.uniform(0.5, 1.5)
        arm.to(at_mouth(rng, body), time, time + go)
        draft.neck.to(np.radians([-rng.uniform(3, 22), 0, 0]), time + 0.6 * go, time + go + 0.3)
        time += go + sip
        arm.to(ready, time, time + go)
        draft.neck.to(np.radians([rng.normal(3, 4), 0, rng.normal(0, 8)]), time - 0.1, time + 0.6)
        time += go + rng.uniform(0.2, 0.8)
    draft.duration_s = time + 0.2
    return draft


def telephone(rng: np.random.Generator, body: Proportions) -> Draft:
    """Look at a telephone, lift it to the ear, talk."""
    draft = Draft(rng, body)
    side = int(rng.integers(2))
    _other_arm(draft, 1 - side)
    arm = draft.arms[side].to(before_chest(rng, body, forward=0.12), -1.0, -0.5)
    draft.neck.start = np.radians([rng.uniform(15.0, 38.0), 0.0, 0.0])
    lift = rng.uniform(0.4, 1.5)
    arm.to(at_ear(rng, body), lift, lift + rng.uniform(0.7, 1.2))
    outward = 1.0 if side == 0 else -1.0
    tilt = outward * np.radians(rng.uniform(0.0, 14.0))
    draft.neck.to([np.radians(rng.normal(2, 4)), tilt, 0.0], lift + 0.2, lift + 1.0)
    draft.duration_s = lift + rng.uniform(2.0, 5.0)
    for start in np.arange(lift + 1.1, draft.duration_s - 1.0, 1.6):
        wander(draft, float(start), 1.1)
    return draft


def _other_arm(draft: Draft, side: int) -> None:
    """Let the arm that has nothing to do rest somewhere."""
    if draft.rng.random() < 0.4:
        draft.arms[side].to(idle_arms(draft.rng, draft.body)[side], -1.0, -0.5)
