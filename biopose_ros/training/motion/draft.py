"""Write an activity as tracks of tasks, and turn them into a clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.arm_keys import ArmKey, hanging
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES, Arm, Foot, Plan
from biopose_ros.training.motion.posture import (
    balance,
    hip_excess,
    keep_in_reach,
    pose_body,
    round_back,
    solve,
)
from biopose_ros.training.motion.proportions import Placed, Proportions
from biopose_ros.training.motion.rotations import matrices_from_vectors, vectors_from_matrices
from biopose_ros.training.motion.timing import FPS, Track, frame_times, minimum_jerk, sway


class FootTrack:
    """
    Where a foot stands over time, and the steps that it takes.

    :param place_m: [3], the point below the ankle, world, metres.
    :param yaw_rad: toes to the left positive.
    """

    def __init__(self, place_m: ArrayLike, yaw_rad: float) -> None:
        self.place = Track(np.asarray(place_m, float))
        self.yaw = Track(yaw_rad)
        self.pitch = Track(0.0)
        self.knee_yaw = Track(yaw_rad)
        self._lifts: list[tuple[float, float, float]] = []

    def step(
        self, place_m: ArrayLike, yaw_rad: float, start_s: float, end_s: float,
        *, lift_m: float = 0.06, push_off: float = 25.0, land: float = -8.0,
        heel_off_s: float | None = None, flat_s: float | None = None,
        ease: Callable[[ArrayLike], FloatArray] = minimum_jerk,
    ) -> None:  # fmt: skip
        """
        Step to another place.

        :param place_m: [3], metres.
        :param yaw_rad: new heading of foot and knee.
        :param start_s: toe-off.
        :param end_s: first contact.
        :param lift_m: extra height on the way.
        :param push_off: heel rise at toe-off, degrees.
        :param land: pitch at contact, degrees, negative for the heel first.
        :param heel_off_s: how long before toe-off the heel leaves the floor.
        :param flat_s: how long after contact the foot is flat.
        :param ease: how the foot gets there.
        """
        duration = end_s - start_s
        self.place.to(place_m, start_s, end_s, ease)
        self.yaw.to(yaw_rad, start_s, end_s)
        self.knee_yaw.to(yaw_rad, start_s, end_s)
        heel_off_s = 0.5 * duration if heel_off_s is None else heel_off_s
        flat_s = 0.35 * duration if flat_s is None else flat_s
        self.pitch.to(np.radians(push_off), start_s - heel_off_s, start_s + 0.1 * duration)
        self.pitch.to(np.radians(land), start_s + 0.1 * duration, end_s)
        self.pitch.to(0.0, end_s, end_s + flat_s)
        self._lifts.append((start_s, end_s, lift_m))

    def at(self, times_s: FloatArray) -> Foot:
        """Evaluate at [frames] seconds."""
        place = self.place.at(times_s)
        for start, end, lift in self._lifts:
            fraction = np.clip((times_s - start) / (end - start), 0.0, 1.0)
            early = fraction**0.6  # a foot is lifted fast and set down slowly
            place[:, 1] += lift * 16.0 * (early * (1.0 - early)) ** 2
        return Foot(place, self.yaw.at(times_s), self.pitch.at(times_s), self.knee_yaw.at(times_s))


class ArmTrack:
    """
    What an arm does over time.

    :param key: first posture.
    """

    def __init__(self, key: ArmKey) -> None:
        self._upper = Track(key.upper)
        self._angles = Track(np.append(key.angles_rad, key.upright))
        self.hold = Track(0.0)
        self.hand = Track(np.zeros(3))
        self.pole = (0.45, -0.6, -0.5)

    def to(self, key: ArmKey, start_s: float, end_s: float) -> ArmTrack:
        """Move to another posture; moves of one arm must not overlap."""
        self._upper.to(key.upper, start_s, end_s)
        self._angles.to(np.append(key.angles_rad, key.upright), start_s, end_s)
        return self

    def at(self, times_s: FloatArray, rng: np.random.Generator, unrest: float) -> Arm:
        """Evaluate at [frames] seconds, with unrest as a factor on the usual one degree."""
        angles = self._angles.at(times_s)
        angles[:, :4] += sway(rng, len(times_s), np.radians([1.0, 1.5, 1.5, 1.0]) * unrest)
        wobble = sway(rng, len(times_s), [np.radians(0.8) * unrest] * 3, smoothness_s=0.3)
        return Arm(
            upper=matrices_from_vectors(wobble) @ self._upper.turns_at(times_s),
            elbow_rad=np.maximum(angles[:, 0], 0.0),
            pronation_rad=angles[:, 1],
            wrist_rad=angles[:, 2:4],
            upright=np.clip(angles[:, 4], 0.0, 1.0),
            hand_m=self.hand.at(times_s),
            hold=np.clip(self.hold.at(times_s), 0.0, 1.0),
            pole=np.broadcast_to(np.asarray(self.pole), (len(times_s), 3)),
        )


class Draft:
    """
    An activity in the making: a set of tracks, all starting from quiet standing at the origin.

    :param rng: random numbers.
    :param body: the body that acts.
    """

    def __init__(self, rng: np.random.Generator, body: Proportions) -> None:
        self.rng, self.body = rng, body
        self.duration_s = 0.0
        self.heading = Track(0.0)
        self.height = Track(standing_height(body))
        self.knee = Track(np.radians(rng.uniform(1.0, 7.0)))  # least flexion of both knees
        self.lean = Track(np.radians(rng.normal(0.0, 2.0)))
        self.pelvis_share = rng.uniform(0.55, 0.85)
        self.tilt = Track(np.radians(rng.normal(2.0, 3.0)))  # of the pelvis beside its share
        self.side = Track(np.zeros(2))  # bend left, turn left of the chest
        self.pelvis_side = Track(np.zeros(2))  # the same of the pelvis
        self.neck = Track(np.radians(rng.normal(0.0, [4.0, 2.0, 4.0])))
        self.gaze_share = rng.uniform(0.4, 0.9)
        self.feet = stance(rng, body)
        self.com = Track(midfoot(self.feet, body, forward=rng.normal(0.012, 0.008)))
        self.pelvis = Track(np.zeros(2))  # x, z, used where the body is not balanced
        self.balanced = Track(1.0)
        self.arms = tuple(ArmTrack(hanging(rng)) for _ in SIDES)
        self.load = Track(0.0)
        self.ankle_limit_rad = np.radians(rng.uniform(26.0, 42.0))
        self.hip_limit_rad = np.radians(rng.uniform(108.0, 124.0))
        self.unrest = rng.uniform(0.4, 1.4)
        self.extras: list[Callable[[Plan, FloatArray], Plan]] = []

    def plan(self, times_s: FloatArray, unrest: float, lean_rad: FloatArray | None = None) -> Plan:
        """
        Evaluate all tracks; the limits of the legs are not yet applied.

        :param times_s: [frames], seconds.
        :param unrest: factor on the usual sway.
        :param lean_rad: [frames], in place of the track.
        """
        frames = len(times_s)
        rng = np.random.default_rng(self.rng.integers(2**32))
        noise = sway(rng, frames, np.radians([0.5, 0.4, 0.7, 0.3, 0.4, 1.0, 0.8, 1.8]))
        noise = noise * unrest
        lean = (self.lean.at(times_s) if lean_rad is None else lean_rad) + noise[:, 0]
        side, hips = self.side.at(times_s) + noise[:, 1:3], self.pelvis_side.at(times_s)
        tilt = self.pelvis_share * lean + self.tilt.at(times_s)
        pelvis = np.column_stack([tilt, hips + noise[:, 3:5]])
        spine = np.column_stack([lean - tilt, side - pelvis[:, 1:]])
        neck = self.neck.at(times_s) + noise[:, 5:8]
        neck[:, 0] -= np.clip(self.gaze_share * lean, np.radians(-20.0), np.radians(50.0))
        ground = self.pelvis.at(times_s)
        height = self.height.at(times_s)
        left, right = (foot.at(times_s) for foot in self.feet)
        arms = [arm.at(times_s, rng, unrest) for arm in self.arms]
        plan = Plan(
            heading_rad=self.heading.at(times_s),
            pelvis_m=np.column_stack([ground[:, 0], height, ground[:, 1]]),
            pelvis_rad=pelvis,
            spine_rad=spine,
            neck_rad=neck,
            feet=(left, right),
            arms=(arms[0], arms[1]),
            load=self.load.at(times_s),
        )
        for extra in self.extras:
            plan = extra(plan, times_s)
        return plan

    def try_leans(self, time_s: float, leans_rad: FloatArray) -> tuple[Plan, Placed]:
        """
        Settle still postures that differ by the lean of the chest.

        :param time_s: moment of all tracks, seconds.
        :param leans_rad: [postures], radians.
        """
        times = np.full(len(leans_rad), time_s)
        plan = self._settle(self.plan(times, 0.0, leans_rad), times, 0.0)
        plan = keep_in_reach(self.body, plan, self.knee.at(times))
        return plan, pose_body(self.body, plan)

    def _settle(self, plan: Plan, times_s: FloatArray, unrest: float) -> Plan:
        """Apply balance and the limits of hips and ankles; the pelvis may still be too high."""
        weight = np.clip(self.balanced.at(times_s), 0.0, 1.0)[:, None]
        rng = np.random.default_rng(self.rng.integers(2**32))
        com = self.com.at(times_s) + sway(rng, len(times_s), [0.003, 0.005]) * unrest
        knee = self.knee.at(times_s)
        placed_by_hand = plan.pelvis_m
        for attempt in range(4):
            if weight.any():
                full = balance(self.body, plan, com + _ball_shift(self.body, plan), knee)
                plan = replace(plan, pelvis_m=mix(placed_by_hand, full.pelvis_m, weight))
            local, _ = solve(self.body, keep_in_reach(self.body, plan, knee))
            excess = hip_excess(local, self.hip_limit_rad)
            heels = heel_excess(plan, local, self.ankle_limit_rad)
            if attempt == 3 or max(excess.max(), heels.max()) < np.radians(0.5):
                break
            plan = raise_heels(round_back(plan, excess), heels)
        return plan

    def clip(self, name: str) -> MotionClip:
        """Make the clip; its heading is left as it is."""
        times = frame_times(self.duration_s)
        plan = self._settle(self.plan(times, self.unrest), times, self.unrest)
        plan = keep_in_reach(self.body, plan, self.knee.at(times), smooth=True)
        local, translation = solve(self.body, plan)
        return MotionClip(
            name=name,
            group=name,
            activity=name.split('/')[0],
            source='synthetic',
            fps=FPS,
            pose=vectors_from_matrices(local).astype(np.float32),
            translation_m=translation.astype(np.float32),
            valid=np.ones(len(translation), dtype=bool),
            floor_known=True,
            proportions=self.body,
        )


def standing_height(body: Proportions) -> float:
    """
    Give a height of the pelvis joint just out of reach of straight legs, metres.

    From there the least flexion of the knees decides, however far apart the feet stand.
    """
    return float(body.rest_joints_m[0, 1]) + 0.01


def stance(
    rng: np.random.Generator, body: Proportions, *, width: float | None = None
) -> tuple[FootTrack, FootTrack]:
    """
    Place both feet for standing.

    :param rng: random numbers.
    :param body: the body.
    :param width: ankle distance as a multiple of the hip joints' distance; drawn if not given.
        Comfortable stance: 0.17 m and 14 degrees of toe-out between the feet (McIlroy and Maki
        1997).
    """
    hips = body.rest_joints_m[JOINT['left_hip'], 0] - body.rest_joints_m[JOINT['right_hip'], 0]
    if width is None:
        width = np.clip(rng.normal(1.15, 0.3), 0.6, 2.2)
    stagger = rng.normal(0.0, 0.015)
    feet = []
    for outward in (1.0, -1.0):
        place = [outward * width * hips / 2, 0.0, outward * stagger]
        toe_out = np.radians(np.clip(rng.normal(8.0, 7.0), -8.0, 35.0))
        feet.append(FootTrack(place, outward * toe_out))
    return feet[0], feet[1]


def midfoot(
    feet: tuple[FootTrack, FootTrack],
    body: Proportions,
    *,
    forward: float = 0.0,
    left: float = 0.5,
) -> FloatArray:
    """
    Give the point, a little before the ankles, over which a standing body balances.

    :param feet: where they stand last.
    :param body: the body.
    :param forward: extra, share of stature.
    :param left: share of the left foot, 0 to 1.
    :returns: [2], x and z, metres.
    """
    points = []
    for foot in feet:
        yaw = float(foot.yaw.last)
        ahead = (0.02 + forward) * body.stature_m
        points.append(foot.place.last[[0, 2]] + ahead * np.array([np.sin(yaw), np.cos(yaw)]))
    return left * points[0] + (1 - left) * points[1]


def heel_excess(plan: Plan, local: FloatArray, limit_rad: float) -> FloatArray:
    """
    Measure how far the ankles of standing feet bend beyond their limit.

    :param plan: the tasks.
    :param local: [frames, 24, 3, 3], the plan's solution.
    :param limit_rad: greatest dorsiflexion.
    :returns: [2, frames], radians.
    """
    excess = np.zeros((2, len(plan)))
    for side, name in enumerate(SIDES):
        dorsiflexion = -vectors_from_matrices(local[:, JOINT[f'{name}_ankle']])[:, 0]
        softness = np.radians(1.5)
        # A foot with its toes up swings; nothing holds its heel down.
        grounded = np.clip(1.0 + plan.feet[side].pitch_rad / np.radians(3.0), 0.0, 1.0)
        over = softness * np.logaddexp(0.0, (dorsiflexion - limit_rad) / softness)
        excess[side] = over * grounded
    return excess


def raise_heels(plan: Plan, excess_rad: FloatArray) -> Plan:
    """Raise the heels by [2, frames], radians, and a little more: the shanks follow."""
    left, right = (
        replace(foot, pitch_rad=foot.pitch_rad + 1.3 * excess)
        for foot, excess in zip(plan.feet, excess_rad, strict=True)
    )
    return replace(plan, feet=(left, right))


def mix(first: FloatArray, second: FloatArray, weight: FloatArray) -> FloatArray:
    """Blend two paths, [frames, 3], on the ground; the height is the second's."""
    blended = first + weight * (second - first)
    blended[:, 1] = second[:, 1]
    return blended


def _ball_shift(body: Proportions, plan: Plan) -> FloatArray:
    """With raised heels only the balls carry: move the wanted centre of mass [frames, 2] there."""
    shift = np.zeros((len(plan), 2))
    lowest_heel = np.minimum(plan.feet[0].pitch_rad, plan.feet[1].pitch_rad)
    share = np.clip(lowest_heel / np.radians(12.0), 0.0, 1.0)
    for side, foot in enumerate(plan.feet):
        ankle = body.rest_joints_m[JOINT[f'{SIDES[side]}_ankle'], 2]
        ball = body.soles_m[side, 1, 2] - ankle
        length = share * np.maximum(ball - 0.03 * body.stature_m, 0.0) / 2.0
        shift += length[:, None] * np.column_stack([np.sin(foot.yaw_rad), np.cos(foot.yaw_rad)])
    return shift
