"""
Walking along any path at any speed: footsteps first, the body between them.

Step length and cadence keep their usual ratio (walk ratio, Sekiya 1996: 0.0064 m per step/min at
1.72 m stature); stance takes 62 % of the stride at 1.3 m/s, more when slow. The pelvis falls in
double support and rises over the standing leg, sways to it, drops 4 to 5 degrees to the swing side
and turns 4 to 5 degrees with the leading leg (Perry 1992); the chest and the arms turn against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.activities.lifting import load_carried
from biopose_ros.training.motion.activities.standing import idle_arms
from biopose_ros.training.motion.draft import Draft, FootTrack
from biopose_ros.training.motion.plan import Arm, Plan
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.rotations import about
from biopose_ros.training.motion.timing import Track, minimum_jerk, steady

_WALK_RATIO = 0.0064 / 1.72  # metres per step/min and per metre of stature
_GRID_S = 0.01
_PASSING = 0.51  # steps from a foot's contact to the body's passing over it


@dataclass(frozen=True, eq=False)
class Gait:
    """
    A path and the rhythm of steps on it.

    :param times_s: [grid], from well before the clip to well after it.
    :param path_m: [grid, 2], x and z of the body.
    :param heading_rad: [grid].
    :param effort: [grid], speed relative to 1.3 m/s (turning counts too).
    :param step_s: time from one contact to the next.
    :param stance: share of the stride that a foot stands.
    :param width_m: between the ankles, across the path.
    """

    times_s: FloatArray
    path_m: FloatArray
    heading_rad: FloatArray
    effort: FloatArray
    step_s: float
    stance: float
    width_m: float

    def at(self, time_s: FloatArray | float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Interpolate path [..., 2], heading [...] and effort [...]."""
        x, z, heading, effort = (
            np.interp(time_s, self.times_s, channel)
            for channel in (*self.path_m.T, self.heading_rad, self.effort)
        )
        return np.stack([x, z], axis=-1), heading, effort

    def wave(self, times_s: FloatArray, delay: float, *, steps: float) -> FloatArray:
        """
        Give a cosine that peaks ``delay`` steps after the left foot's contact.

        :param times_s: [frames].
        :param delay: in steps.
        :param steps: period, 1 or 2 steps.
        """
        return np.cos(2 * np.pi * (times_s / self.step_s - delay) / steps)


def walk(rng: np.random.Generator, body: Proportions) -> Draft:
    """Walk straight or in curves, at an even speed, or starting and stopping."""
    speed = float(np.clip(rng.normal(1.15, 0.35), 0.35, 2.0)) * np.sqrt(body.stature_m / 1.72)
    return walk_at(rng, body, speed, rng.choice([0.0, 20.0, 60.0], p=[0.45, 0.3, 0.25]))


def walk_and_turn(rng: np.random.Generator, body: Proportions) -> Draft:
    """Walk, turn round by a quarter to a half, walk on."""
    return walk_at(rng, body, rng.uniform(0.4, 1.2), rng.uniform(80.0, 180.0))


def turn_in_place(rng: np.random.Generator, body: Proportions) -> Draft:
    """Turn on the spot with small steps."""
    return walk_at(rng, body, 0.0, rng.uniform(60.0, 200.0))


def walk_carrying(rng: np.random.Generator, body: Proportions) -> Draft:
    """Walk with a load in the hands."""
    draft = walk_at(rng, body, rng.uniform(0.6, 1.3), rng.choice([0.0, 45.0]), swinging=0.0)
    load_carried(draft)
    return draft


def walk_at(
    rng: np.random.Generator,
    body: Proportions,
    speed: float,
    turn_deg: float,
    *,
    swinging: float = 1.0,
) -> Draft:
    """
    Walk at a given speed.

    :param rng: random numbers.
    :param body: who walks.
    :param speed: metres per second.
    :param turn_deg: how far to turn on the way, to a random side.
    :param swinging: how much the arms swing, 0 to 1.
    """
    draft = Draft(rng, body)
    draft.duration_s = rng.uniform(3.0, 6.0) if speed else rng.uniform(2.5, 4.5)
    gait = _gait(rng, body, speed, np.radians(turn_deg), draft.duration_s)
    draft.balanced = Track(0.0)
    draft.feet = (_steps(draft, gait, 0), _steps(draft, gait, 1))
    draft.lean.start = np.radians(rng.normal(2.5 + 1.5 * speed, 2.0))
    draft.neck.start = np.radians(rng.normal(0.0, [4.0, 1.5, 5.0]))
    styles = [swinging, swinging]
    if swinging and rng.random() < 0.2:
        for side, key in enumerate(idle_arms(rng, body)):
            if rng.random() < 0.7:
                draft.arms[side].to(key, -1.0, -0.5)
                styles[side] = 0.1
    draft.extras.append(_Walker(rng, body, gait, (styles[0], styles[1])))
    return draft


def _gait(
    rng: np.random.Generator, body: Proportions, speed: float, turn_rad: float, duration_s: float
) -> Gait:
    """Lay the path: speed up or not, turn somewhere, slow down or not."""
    times = np.arange(-3.0, duration_s + 3.0, _GRID_S)
    go = minimum_jerk((times - rng.uniform(0.1, 0.5)) / 1.2) if rng.random() < 0.4 else 1.0
    halt_s = duration_s - rng.uniform(0.3, 0.8)
    stop = 1.0 - minimum_jerk((times - halt_s + 1.2) / 1.2) if rng.random() < 0.4 else 1.0
    if speed == 0.0:
        go = stop = 1.0
    velocity = speed * go * stop * np.ones_like(times)
    fastest = 1.4 if speed else 1.7  # radians per second on average while turning
    turning_s = max(abs(turn_rad) / fastest, 0.8)
    middle = rng.uniform(0.35, 0.65) * duration_s
    heading = (
        rng.choice([-1.0, 1.0])
        * turn_rad
        * minimum_jerk((times - middle + turning_s / 2) / turning_s)
    )
    # People slow down in a turn, so that the sideways acceleration stays small.
    rate = np.abs(np.gradient(heading, times))
    velocity = velocity / (1.0 + 0.5 * rate)
    direction = np.column_stack([np.sin(heading), np.cos(heading)])
    path = np.cumsum(velocity[:, None] * direction, axis=0) * _GRID_S
    path -= path[np.searchsorted(times, 0.0)]
    cadence = np.sqrt(60.0 * max(speed, 0.55) / (_WALK_RATIO * body.stature_m)) * rng.normal(
        1, 0.06
    )
    return Gait(
        times_s=times,
        path_m=path,
        heading_rad=heading,
        effort=velocity / 1.3 + 0.12 * np.minimum(rate, 2.0),
        step_s=60.0 / float(np.clip(cadence, 65.0, 150.0)),
        stance=float(0.6 - 0.06 * (max(speed, 0.5) - 1.3) + rng.normal(0.0, 0.008)),
        width_m=float(np.clip(rng.normal(0.055, 0.02), 0.02, 0.13)) * body.stature_m,
    )


def _steps(draft: Draft, gait: Gait, side: int) -> FootTrack:
    """Place one foot for every other contact, and let it swing in between."""
    outward = 1.0 if side == 0 else -1.0
    toe_out = outward * np.radians(draft.rng.normal(7.0, 4.0))
    first = int(np.floor(-2.0 / gait.step_s / 2) * 2) + side
    contacts = np.arange(first, (gait.times_s[-1] - 1.5) / gait.step_s, 2) * gait.step_s
    # A foot stands where the body passes over it in the middle of its stance.
    point, heading, _ = gait.at(contacts + _PASSING * gait.step_s)
    across = np.column_stack([np.cos(heading), -np.sin(heading)])
    places = point + outward * (gait.width_m / 2) * across
    track = FootTrack([places[0, 0], 0.0, places[0, 1]], heading[0] + toe_out)
    swing = 2.0 * gait.step_s * (1.0 - gait.stance)
    for contact, place, yaw in zip(contacts[1:], places[1:], heading[1:] + toe_out, strict=True):
        moved = np.linalg.norm(place - track.place.last[[0, 2]]) + 0.1 * abs(yaw - track.yaw.last)
        if moved < 0.01:
            continue
        effort = float(np.clip(gait.at(contact - swing / 2)[2], 0.15, 1.5))
        track.step(
            [place[0], 0.0, place[1]], float(yaw), contact - swing, contact,
            lift_m=0.025 + 0.035 * effort, push_off=60.0 * effort**0.6, land=-23.0 * effort**0.8,
            heel_off_s=0.22 * 2 * gait.step_s, flat_s=0.1 * 2 * gait.step_s,
            ease=steady,
        )  # fmt: skip
    return track


class _Walker:
    """
    Move pelvis, chest and arms with the steps.

    :param rng: random numbers.
    :param body: the body.
    :param gait: path and rhythm.
    :param swinging: how much each arm swings, 0 to 1.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        body: Proportions,
        gait: Gait,
        swinging: tuple[float, float],
    ) -> None:
        self._body, self._gait, self._swinging = body, gait, swinging
        self._gains = np.clip(rng.normal(1.0, 0.25, 7), 0.3, 1.8)
        self._elbow = np.radians(rng.uniform(4.0, 22.0))

    def __call__(self, plan: Plan, times_s: FloatArray) -> Plan:
        """Add the movements of walking to the plan of a standing body."""
        gait = self._gait
        _, heading, effort = gait.at(times_s)
        left = gait.wave(times_s, 0.0, steps=2.0)  # 1 at the left foot's contact
        over_left = gait.wave(times_s, _PASSING, steps=2.0)  # 1 over the standing left foot
        turn = np.radians(5.0) * self._gains[0] * effort * left
        drop = np.radians(4.0) * self._gains[1] * np.minimum(effort, 1.3) * over_left
        pelvis = plan.pelvis_rad + np.column_stack([0 * turn, -drop, -turn])
        chest = 0.8 * self._gains[2] * turn
        spine = plan.spine_rad + np.column_stack([0 * turn, drop * 0.9, turn + chest])
        neck = plan.neck_rad - np.column_stack([0 * turn, 0 * turn, chest])
        return replace(
            plan,
            heading_rad=plan.heading_rad + heading,
            pelvis_m=self._pelvis(plan, times_s, over_left, effort),
            pelvis_rad=pelvis,
            spine_rad=spine,
            neck_rad=neck,
            arms=(
                self._arm(plan.arms[0], 0, -left, effort),
                self._arm(plan.arms[1], 1, left, effort),
            ),
        )

    def _pelvis(
        self, plan: Plan, times_s: FloatArray, over_left: FloatArray, effort: FloatArray
    ) -> FloatArray:
        gait, stature = self._gait, self._body.stature_m
        point, heading, _ = gait.at(times_s)
        # Swaying to the standing foot: more when slow.
        moving = np.clip(4.0 * effort, 0.0, 1.0)
        sway = 0.016 * stature * self._gains[3] * moving / (0.6 + 0.7 * effort) * over_left
        ahead = 0.02 * stature * (1.0 - 0.5 * np.minimum(effort, 1.0))
        x = point[:, 0] + sway * np.cos(heading) + ahead * np.sin(heading)
        z = point[:, 1] - sway * np.sin(heading) + ahead * np.cos(heading)
        fall = 0.009 * stature * self._gains[4] * np.minimum(effort, 1.6) ** 1.4
        low = (1.0 + gait.wave(times_s, _PASSING - 0.5, steps=1.0)) / 2.0
        bent = 0.009 * stature * np.minimum(effort, 1.2)
        standing = self._body.rest_joints_m[0, 1]
        y = np.minimum(plan.pelvis_m[:, 1], standing - bent) - 2.0 * fall * low
        y = np.where(effort > 0.02, y, plan.pelvis_m[:, 1])
        return np.column_stack([x, y, z])

    def _arm(self, arm: Arm, side: int, forward: FloatArray, effort: FloatArray) -> Arm:
        swing = self._swinging[side] * effort * self._gains[5]
        angle = np.radians(4.0 + 20.0 * forward) * swing
        bend = self._elbow * swing + np.radians(9.0) * swing * (1.0 + forward)
        upper = about(0, -angle) @ arm.upper
        return replace(arm, upper=upper, elbow_rad=arm.elbow_rad + bend)
