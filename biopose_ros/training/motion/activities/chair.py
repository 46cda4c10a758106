"""
Sitting down, sitting, standing up.

Standing up follows Schenkman et al. 1990 (Physical Therapy 70:638): the trunk flexes first and
gives momentum, the seat is left at 35 to 45 % of the movement, the body rises while the trunk
extends, and all comes to rest over the feet. A young adult takes 1.5 to 2 s, a frail one twice
that with more trunk flexion and, if allowed, the hands on armrests or knees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.arm_keys import (
    ArmKey,
    arm_key,
    at_ear,
    at_mouth,
    before_chest,
    crossed,
    forward,
    hands_on_shoulders,
    hanging,
)
from biopose_ros.training.motion.draft import Draft, midfoot, stance, standing_height
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES, Plan
from biopose_ros.training.motion.posture import centre_of_mass, pose_body
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.timing import Track

# The hip joint of a sitting person lies about 9 cm above the seat.
_HIP_ABOVE_SEAT = 0.052  # of stature
_ARMS = ('crossed', 'shoulders', 'knees', 'armrests', 'forward', 'hanging')
_ARM_WEIGHTS = (0.24, 0.1, 0.2, 0.14, 0.14, 0.18)

_SITTING_ARMS = ('thigh', 'gesture', 'mouth', 'ear', 'reach')
_SITTING_ARM_WEIGHTS = (0.4, 0.3, 0.08, 0.06, 0.16)


@dataclass(frozen=True)
class Seat:
    """
    Where the pelvis rests, and how people of this chair move.

    :param height_m: of the pelvis joint while sitting.
    :param behind_m: z of the pelvis joint while sitting, the feet standing at 0.
    :param lean_rad: lean of the chest while sitting.
    :param tilt_rad: extra backward tilt of the pelvis while sitting, negative.
    :param arms: what the arms do.
    """

    height_m: float
    behind_m: float
    lean_rad: float
    tilt_rad: float
    arms: str


def sit_to_stand(rng: np.random.Generator, body: Proportions) -> Draft:
    """Rise from a chair."""
    draft, seat = _seated(rng, body)
    start = rng.uniform(0.3, 1.2)
    end = _rise(draft, seat, start)
    draft.duration_s = end + rng.uniform(0.4, 1.2)
    return draft


def stand_to_sit(rng: np.random.Generator, body: Proportions) -> Draft:
    """Sit down on a chair."""
    draft, seat = _seated(rng, body)
    _stand_at_once(draft, seat)
    end = _sit_down(draft, seat, rng.uniform(0.3, 1.0))
    draft.duration_s = end + rng.uniform(0.4, 1.2)
    return draft


def chair_stands(rng: np.random.Generator, body: Proportions) -> Draft:
    """Rise and sit down two to four times, as in the clinical chair-stand test."""
    draft, seat = _seated(rng, body)
    end = rng.uniform(0.2, 0.6)
    for _ in range(rng.integers(2, 5)):
        end = _rise(draft, seat, end) + rng.uniform(0.0, 0.3)
        end = _sit_down(draft, seat, end) + rng.uniform(0.0, 0.3)
    draft.duration_s = end + 0.4
    return draft


def sitting(rng: np.random.Generator, body: Proportions) -> Draft:
    """Sit and talk, reach, drink, telephone, rest the hands, shift the feet."""
    draft, seat = _seated(rng, body, talking=True)
    time = rng.uniform(0.2, 0.8)
    draft.duration_s = rng.uniform(4.0, 9.0)
    while time < draft.duration_s - 1.0:
        length = rng.uniform(0.6, 1.4)
        draft.lean.to(seat.lean_rad + np.radians(rng.normal(3.0, 9.0)), time, time + length)
        draft.side.to(np.radians(rng.normal(0.0, [5.0, 10.0])), time, time + length)
        draft.neck.to(np.radians(rng.normal(0.0, [9.0, 4.0, 20.0])), time, time + 0.7 * length)
        for arm in draft.arms:
            if rng.random() < 0.55:
                arm.to(_sitting_arm(rng, body), time, time + length)
        time += length + rng.exponential(0.8)
    _place_feet_freely(draft, rng)
    return draft


def _seated(
    rng: np.random.Generator, body: Proportions, *, talking: bool = False
) -> tuple[Draft, Seat]:
    """Sit a person on a random chair."""
    draft = Draft(rng, body)
    draft.feet = stance(rng, body, width=float(np.clip(rng.normal(1.4, 0.4), 0.7, 2.6)))
    draft.com = Track(midfoot(draft.feet, body, forward=rng.normal(0.015, 0.008)))
    thigh, shank = (abs(body.offsets_m[JOINT[f'left_{name}'], 1]) for name in ('knee', 'ankle'))
    ankle = body.rest_joints_m[JOINT['left_ankle'], 1]
    lowest, highest = 0.72 * (ankle + shank), 1.22 * (ankle + shank)
    seat_m = np.clip(rng.normal(0.45, 0.05), lowest, highest)
    shank_lean = np.radians(rng.normal(0.0 if talking else 9.0, 8.0))
    hip = seat_m + _HIP_ABOVE_SEAT * body.stature_m
    drop = np.clip((hip - ankle - shank * np.cos(shank_lean)) / thigh, -0.5, 0.5)
    behind = shank * np.sin(shank_lean) - thigh * np.sqrt(1.0 - drop**2)
    arms = str(rng.choice(_ARMS, p=_ARM_WEIGHTS))
    seat = Seat(
        height_m=hip - body.offsets_m[JOINT['left_hip'], 1],
        behind_m=float(behind),
        lean_rad=float(np.radians(rng.normal(-2.0, 7.0))),
        tilt_rad=float(np.radians(-np.clip(rng.normal(12.0, 8.0), -5.0, 30.0))),
        arms='talking' if talking else arms,
    )
    draft.height = Track(seat.height_m)
    draft.pelvis = Track(np.array([0.0, seat.behind_m]))
    draft.balanced = Track(0.0)
    draft.lean, draft.tilt = Track(seat.lean_rad), Track(seat.tilt_rad)
    draft.hip_limit_rad = np.radians(120.0)
    _dress_arms(draft, seat)
    return draft, seat


def _dress_arms(draft: Draft, seat: Seat) -> None:
    """Give the arms their posture on the chair."""
    rng, body = draft.rng, draft.body
    keys = (_on_thigh(rng), _on_thigh(rng))
    if seat.arms == 'crossed':
        keys = crossed(rng, body)
    elif seat.arms == 'shoulders':
        keys = hands_on_shoulders(rng, body)
    elif seat.arms == 'hanging':
        keys = (hanging(rng), hanging(rng))
    elif seat.arms == 'talking':
        keys = (_sitting_arm(rng, body), _sitting_arm(rng, body))
    for arm, key in zip(draft.arms, keys, strict=True):
        arm.to(key, -1.0, -0.5)
    if seat.arms == 'armrests':
        _hold_armrests(draft, seat)
    elif seat.arms == 'knees':
        draft.extras.append(_HandsOnKnees(body, rng.uniform(0.02, 0.16)))
        for arm in draft.arms:
            arm.hold = Track(1.0)


def _hold_armrests(draft: Draft, seat: Seat) -> None:
    rng, stature = draft.rng, draft.body.stature_m
    height = seat.height_m + rng.uniform(0.06, 0.1) * stature
    out, ahead = rng.uniform(0.14, 0.17) * stature, rng.uniform(0.06, 0.16) * stature
    for outward, arm in zip((1.0, -1.0), draft.arms, strict=True):
        arm.hold = Track(1.0)
        arm.hand = Track(np.array([outward * out, height, seat.behind_m + ahead]))
        arm.pole = (0.6, -0.3, -1.0)


@dataclass(frozen=True, eq=False)
class _HandsOnKnees:
    """Keep held hands on the thighs: near the knees, or as far as the arms reach."""

    body: Proportions
    behind: float

    def __call__(self, plan: Plan, times_s: FloatArray) -> Plan:
        """Aim the hands at where the thighs of the unfinished plan are."""
        placed = pose_body(self.body, plan)
        arms = []
        for side, name in enumerate(SIDES):
            hip, knee, shoulder = (
                placed.positions_m[:, JOINT[f'{name}_{joint}']]
                for joint in ('hip', 'knee', 'shoulder')
            )
            shares = np.linspace(0.12 + self.behind, 0.75, 16)
            points = knee[:, None] + (hip - knee)[:, None] * shares[:, None]
            points[..., 1] += 0.045 * self.body.stature_m
            distance = np.linalg.norm(points - shoulder[:, None], axis=-1)
            excess = np.maximum(distance - 0.93 * self.body.arm_length_m, 0.0)
            chosen = shares[np.argmin(excess + 1e-3 * shares, axis=1)]
            share = gaussian_filter1d(chosen, 4.0, mode='nearest')[:, None]
            above = knee + (hip - knee) * share + [0.0, 0.045 * self.body.stature_m, 0.0]
            arms.append(replace(plan.arms[side], hand_m=above))
        return replace(plan, arms=(arms[0], arms[1]))


def _on_thigh(rng: np.random.Generator) -> ArmKey:
    return arm_key(
        plane=rng.uniform(60.0, 85.0),
        elevation=rng.uniform(15.0, 32.0),
        axial=rng.normal(12.0, 8.0),
        elbow=rng.uniform(40.0, 75.0),
        pronation=rng.uniform(30.0, 80.0),
        upright=0.3,
    )


def _sitting_arm(rng: np.random.Generator, body: Proportions) -> ArmKey:
    """Draw what one hand of a sitting person does."""
    what = rng.choice(_SITTING_ARMS, p=_SITTING_ARM_WEIGHTS)
    if what == 'gesture':
        return before_chest(rng, body, forward=rng.uniform(0.06, 0.2))
    if what == 'mouth':
        return at_mouth(rng, body)
    if what == 'ear':
        return at_ear(rng, body)
    if what == 'reach':
        return arm_key(
            rng.uniform(20, 110), rng.uniform(40, 100), elbow=rng.uniform(5, 60),
            pronation=rng.uniform(0, 80),
        )  # fmt: skip
    return _on_thigh(rng)


def _stand_at_once(draft: Draft, seat: Seat) -> None:
    """Begin the clip standing: all moves of the first rise lie before time zero."""
    _rise(draft, seat, -10.0)


def _rise(draft: Draft, seat: Seat, start_s: float) -> float:
    """Append standing up; returns when it ends, seconds."""
    rng = draft.rng
    length = float(np.clip(rng.lognormal(np.log(1.8), 0.3), 1.1, 3.8))
    off = start_s + rng.uniform(0.34, 0.42) * length
    end = start_s + length
    ahead = np.clip(rng.normal(0.045, 0.03) * 1.8 / length, 0.0, 0.1)
    lean = _seat_off_lean(draft, seat, start_s, ahead)
    stand_lean = np.radians(rng.normal(1.0, 2.5))
    draft.lean.to(lean, start_s, off + 0.08 * length)
    draft.lean.to(stand_lean, off, end + 0.05 * length)
    draft.tilt.to(np.radians(rng.normal(2.0, 3.0)), start_s, off)
    draft.height.to(standing_height(draft.body), off - 0.05 * length, end)
    draft.balanced.to(1.0, off - 0.05 * length, off + 0.42 * length)
    _free_arms(draft, seat, start_s, off, end)
    return end


def _sit_down(draft: Draft, seat: Seat, start_s: float) -> float:
    """Append sitting down; returns when it ends, seconds."""
    rng = draft.rng
    length = float(np.clip(rng.lognormal(np.log(2.0), 0.3), 1.2, 4.0))
    contact = start_s + rng.uniform(0.62, 0.72) * length
    end = start_s + length
    lean = _seat_off_lean(draft, seat, start_s, float(np.clip(rng.normal(0.03, 0.02), 0.0, 0.08)))
    draft.lean.to(lean, start_s, contact - 0.06 * length)
    draft.lean.to(seat.lean_rad, contact - 0.05 * length, end)
    draft.height.to(seat.height_m, start_s, contact + 0.04 * length)
    draft.balanced.to(0.0, contact - 0.42 * length, contact + 0.04 * length)
    draft.tilt.to(seat.tilt_rad, contact, end)
    _return_arms(draft, seat, start_s, contact)
    return end


def _seat_off_lean(draft: Draft, seat: Seat, time_s: float, behind_m: float) -> float:
    """
    Find the least trunk lean with which the body leaves the seat in balance.

    :param behind_m: how far the centre of mass may trail the balance point, thanks to momentum.
    """
    leans = np.radians(np.linspace(18.0, 62.0, 12))
    plan = draft.plan(np.full(12, time_s), 0.0, leans)
    seated = plan.pelvis_m * 0.0 + [0.0, seat.height_m, seat.behind_m]
    plan = replace(plan, pelvis_m=seated)
    centre = centre_of_mass(pose_body(draft.body, plan), plan)[:, 2]
    lacking = np.maximum(draft.com.last[1] - behind_m - centre, 0.0)
    best = leans[np.argmin(lacking + 1e-3 * leans)]
    return float(np.clip(best + np.radians(draft.rng.normal(2.0, 4.0)), 0.3, 1.13))


def _free_arms(draft: Draft, seat: Seat, start_s: float, off_s: float, end_s: float) -> None:
    rng = draft.rng
    if seat.arms in ('crossed', 'shoulders'):
        return
    for arm in draft.arms:
        if seat.arms in ('armrests', 'knees'):
            rising = end_s - off_s
            arm.hold.to(0.0, off_s + 0.1 * rising, off_s + rng.uniform(0.55, 0.8) * rising)
        if seat.arms == 'forward':
            arm.to(forward(rng), start_s, off_s)
        arm.to(hanging(rng), off_s + 0.02, end_s)


def _return_arms(draft: Draft, seat: Seat, start_s: float, contact_s: float) -> None:
    rng = draft.rng
    if seat.arms in ('crossed', 'shoulders'):
        return
    for arm in draft.arms:
        if seat.arms in ('armrests', 'knees'):
            arm.hold.to(1.0, start_s + 0.3 * (contact_s - start_s), contact_s)
        key = hanging(rng) if seat.arms == 'hanging' else _on_thigh(rng)
        arm.to(key, start_s + 0.2 * (contact_s - start_s), contact_s + 0.2)


def _place_feet_freely(draft: Draft, rng: np.random.Generator) -> None:
    """Tuck the feet under the chair, stretch them out, or cross the ankles."""
    way = rng.choice(['flat', 'tucked', 'stretched', 'crossed'], p=[0.5, 0.16, 0.16, 0.18])
    stature = draft.body.stature_m
    for side, (outward, foot) in enumerate(zip((1.0, -1.0), draft.feet, strict=True)):
        place = np.array(foot.place.start)
        if way == 'tucked':
            place[2] -= rng.uniform(0.04, 0.09) * stature
            foot.pitch.start = np.radians(rng.uniform(20.0, 45.0))
        elif way == 'stretched':
            place[2] += rng.uniform(0.05, 0.13) * stature
            foot.pitch.start = np.radians(rng.uniform(-20.0, 0.0))
        elif way == 'crossed':
            place[0] = -outward * rng.uniform(0.015, 0.03) * stature
            place[2] += (0.05 if side else 0.14) * stature
            foot.pitch.start = np.radians(0.0 if side else -10.0)
        foot.place.start = place
    if way == 'flat' and rng.random() < 0.5:
        foot = draft.feet[rng.integers(2)]
        start = rng.uniform(0.5, 3.0)
        target = np.asarray(foot.place.start) + [0.0, 0.0, rng.uniform(-0.06, 0.1) * stature]
        foot.step(target, float(foot.yaw.last), start, start + 0.6, lift_m=0.02, push_off=6.0)
