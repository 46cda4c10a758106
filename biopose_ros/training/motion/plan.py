"""
What the body is to do, frame by frame, in terms of tasks: trunk, feet, hands.

Arms are described for the left side; the right one is its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.rotations import about, rotate

SIDES = ('left', 'right')


@dataclass(frozen=True, eq=False)
class Foot:
    """
    Where one foot stands and how it is tipped.

    :param place_m: [frames, 3], point of the floor (or step) below the ankle of the flat foot.
    :param yaw_rad: [frames], toes to the left positive, world.
    :param pitch_rad: [frames], positive: heel up, about the ball; negative: toes up.
    :param knee_yaw_rad: [frames], heading of the knee's forward direction, world.
    """

    place_m: FloatArray
    yaw_rad: FloatArray
    pitch_rad: FloatArray
    knee_yaw_rad: FloatArray

    def ankle(self, body: Proportions, side: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """
        Place the ankle so that the pivot of the tipped foot stays where it stands.

        :param body: the body.
        :param side: 0 left, 1 right.
        :returns: ankle position [frames, 3], foot rotation [frames, 3, 3] and toe extension
            [frames], radians.
        """
        ankle = body.rest_joints_m[JOINT[f'{SIDES[side]}_ankle']]
        heel = body.soles_m[side, 0] - ankle
        ball = body.rest_joints_m[JOINT[f'{SIDES[side]}_foot']] - ankle
        # Between heel and ball the pivot moves over within a few degrees: a jump would kick.
        share = np.clip(self.pitch_rad / _PIVOT_BLEND_RAD + 0.5, 0.0, 1.0)
        share = share**2 * (3.0 - 2.0 * share)
        pivot = heel + share[:, None] * (ball - heel)
        tip = about(0, self.pitch_rad)
        yaw = about(1, self.yaw_rad)
        position = rotate(yaw, pivot - rotate(tip, pivot)) + self.place_m
        position[:, 1] += ankle[1]
        return position, yaw @ tip, np.clip(self.pitch_rad, 0.0, _TOE_LIMIT_RAD)


_PIVOT_BLEND_RAD = np.radians(6.0)
_TOE_LIMIT_RAD = np.radians(75.0)  # passive toe extension under load: 65 to 85 degrees


@dataclass(frozen=True, eq=False)
class Arm:
    """
    One arm, as if it were the left one.

    :param upper: [frames, 3, 3], upper arm from the T-pose, in the frame that it follows.
    :param elbow_rad: [frames], flexion.
    :param pronation_rad: [frames], palm down positive, zero with the thumb up.
    :param wrist_rad: [frames, 2], flexion to the palm, deviation to the thumb.
    :param upright: [frames], 0: the arm follows the chest; 1: it hangs in the upright world.
    :param hand_m: [frames, 3], where the wrist should be, world (not mirrored).
    :param hold: [frames], 0: ``hand_m`` is ignored; 1: it is met.
    :param pole: [frames, 3], direction of the elbow while held, chest axes, left form.
    """

    upper: FloatArray
    elbow_rad: FloatArray
    pronation_rad: FloatArray
    wrist_rad: FloatArray
    upright: FloatArray
    hand_m: FloatArray
    hold: FloatArray
    pole: FloatArray


@dataclass(frozen=True, eq=False)
class Plan:
    """
    All tasks of the body.

    :param heading_rad: [frames], yaw of the whole body, left positive.
    :param pelvis_m: [frames, 3], pelvis joint, world.
    :param pelvis_rad: [frames, 3], tilt forward, drop to the left, turn left, from the heading.
    :param spine_rad: [frames, 3], flexion, bend left, turn left, from the pelvis.
    :param neck_rad: [frames, 3], the same from the chest.
    :param feet: left and right.
    :param arms: left and right.
    :param load: [frames], mass in the hands as a share of body mass.
    """

    heading_rad: FloatArray
    pelvis_m: FloatArray
    pelvis_rad: FloatArray
    spine_rad: FloatArray
    neck_rad: FloatArray
    feet: tuple[Foot, Foot]
    arms: tuple[Arm, Arm]
    load: FloatArray

    def __len__(self) -> int:
        return len(self.heading_rad)


def trunk_rotation(angles_rad: FloatArray) -> FloatArray:
    """
    Compose flexion, bending and turning.

    :param angles_rad: [..., 3], forward, to the left, turn left.
    :returns: [..., 3, 3].
    """
    flexion, bending, turn = np.moveaxis(angles_rad, -1, 0)
    return about(1, turn) @ about(2, -bending) @ about(0, flexion)


def with_pelvis_shift(plan: Plan, shift_m: FloatArray) -> Plan:
    """Move the pelvis by [frames, 3], metres."""
    return replace(plan, pelvis_m=plan.pelvis_m + shift_m)
