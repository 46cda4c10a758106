"""
The human body of REP-155: fewer joints than the skeleton, under the names that ROS4HRI tools know.

Links have REP-103 axes (x forward, y left, z up). The root ``body`` lies between the hips with the
axes of the pelvis; the one joint of the trunk, ``waist``, bends forward alone. Hips, waist, and in
the planes of the limbs knees and ankles are where the skeleton has them; where the trunk leans to
a side or turns, shoulders are not, but arms and forearms still point where the skeleton's do.

Source: REP-155, Kinematic Model and Coordinate Frames, https://reps.openrobotics.org/rep-0155.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.frames import segment_rotation_to_rep103
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.skeleton import Skeleton
from biopose_ros.skeleton.urdf import BONE_RADIUS_M, EFFORT, VELOCITY, numbers, shape, urdf_text

Axis = tuple[float, float, float]

ROOT = 'body'
# The sign of y on either side: left is positive.
SIDES: Mapping[str, float] = {'l': 1.0, 'r': -1.0}
# The middle of the head over the neck's joint, axes of the head.
_HEAD_M = np.array([0.02, 0.0, 0.095])
# The plane of a bent limb is that of its two bones; of a straight one, which has none, it is that
# of the upper bone. This is the sine of the bend at which both count the same.
_STRAIGHT = 0.1


@dataclass(frozen=True)
class HriJoint:
    """
    A joint, and the link below it.

    :param name: of the joint.
    :param parent: link above.
    :param child: link below.
    :param offset_m: [3], of the joint in the link above.
    :param axis: in the link above; None where nothing turns.
    """

    name: str
    parent: str
    child: str
    offset_m: FloatArray
    axis: Axis | None = None


@dataclass(frozen=True, eq=False)
class BodyPlaces:
    """
    A body's segments, as far as REP-155 knows them.

    :param rotations: [3, 3] of each segment, REP-103 axes to any frame.
    :param positions_m: [3] of each segment's origin, that frame.
    """

    rotations: Mapping[str, FloatArray]
    positions_m: Mapping[str, FloatArray]

    @classmethod
    def of(cls, skeleton: Skeleton, rotations: FloatArray, positions_m: FloatArray) -> BodyPlaces:
        """
        Name the segments of a skeleton.

        :param skeleton: with the default skeleton's segments.
        :param rotations: [segments, 3, 3], segment axes (x forward, y up, z right) to any frame.
        :param positions_m: [segments, 3], that frame.
        """
        names = skeleton.segment_names
        turned = segment_rotation_to_rep103(rotations)
        return cls(
            dict(zip(names, turned, strict=True)), dict(zip(names, positions_m, strict=True))
        )

    @property
    def origin_m(self) -> FloatArray:
        """Give the place of the root, between the hips: [3]."""
        return (self.positions_m['femur_l'] + self.positions_m['femur_r']) / 2

    @property
    def rotation(self) -> FloatArray:
        """Give the axes of the root: [3, 3], to the frame of the segments."""
        return self.rotations['pelvis']

    def place(self, segment: str) -> FloatArray:
        """Give a segment's origin in the root: [3], metres."""
        return (self.positions_m[segment] - self.origin_m) @ self.rotation

    def axes(self, segment: str) -> FloatArray:
        """Give a segment's axes in the root: [3, 3]."""
        return self.rotation.T @ self.rotations[segment]

    @property
    def shoulders_m(self) -> FloatArray:
        """Give the middle of the shoulders in the root: [3]."""
        return (self.place('humerus_l') + self.place('humerus_r')) / 2


def hri_joints(skeleton: Skeleton, scales: FloatArray) -> tuple[HriJoint, ...]:
    """
    Give a person's joints, parents first.

    :param skeleton: with the default skeleton's segments.
    :param scales: [segments, 3], of the person.
    """
    frames = skeleton.forward_kinematics(skeleton.default_coordinates, torch.from_numpy(scales))
    body = BodyPlaces.of(skeleton, frames.rotations.numpy(), frames.positions_m.numpy())
    trunk_m = float(np.linalg.norm(body.shoulders_m))
    neck_m = float(np.linalg.norm(body.place('head') - body.shoulders_m))
    return (
        HriJoint('waist', ROOT, 'waist', np.zeros(3), (0, 1, 0)),
        HriJoint('torso', 'waist', 'torso', _up(trunk_m)),
        HriJoint('r_head', 'torso', 'r_head', _up(neck_m), (1, 0, 0)),
        HriJoint('y_head', 'r_head', 'y_head', np.zeros(3), (0, 0, 1)),
        HriJoint('p_head', 'y_head', 'p_head', np.zeros(3), (0, -1, 0)),
        HriJoint('head', 'p_head', 'head', _HEAD_M),
        *(joint for side in SIDES for joint in _arm(body, side)),
        *(joint for side in SIDES for joint in _leg(body, side)),
    )


def hri_angles(body: BodyPlaces) -> dict[str, float]:
    """
    Give the angles of all joints that turn.

    :param body: segments; NaN where unknown.
    :returns: radians by the joint's name; NaN where they rest on an unknown segment.
    """
    shoulders_m = body.shoulders_m
    waist = float(np.arctan2(shoulders_m[0], shoulders_m[2]))
    trunk = _turn((0, 1, 0), waist)
    head = trunk.T @ body.axes('head')
    angles = {
        'waist': waist,
        'r_head': float(np.arctan2(head[2, 1], head[1, 1])),
        'y_head': float(np.arcsin(np.clip(-head[0, 1], -1, 1))),
        'p_head': float(-np.arctan2(head[0, 2], head[0, 0])),
    }
    for side, sign in SIDES.items():
        arm, elbow = _limb(body, f'humerus_{side}', f'ulna_{side}', f'hand_{side}', -1.0)
        yaw, pitch, roll = _arm_angles(trunk.T @ arm, sign)
        angles |= {f'{side}_y_shoulder': yaw, f'{side}_p_shoulder': pitch}
        angles |= {f'{side}_r_shoulder': roll, f'{side}_elbow': elbow}
        leg, knee = _limb(body, f'femur_{side}', f'tibia_{side}', f'talus_{side}', 1.0)
        angles |= {
            f'{side}_y_hip': float(np.arctan2(leg[0, 1], leg[1, 1])),
            f'{side}_p_hip': sign * float(np.arcsin(np.clip(leg[2, 1], -1, 1))),
            f'{side}_r_hip': float(np.arctan2(leg[2, 0], leg[2, 2])),
            f'{side}_knee': knee,
        }
    return angles


def joint_turn(joint: HriJoint, angles: Mapping[str, float]) -> FloatArray:
    """
    Give the axes of a joint's lower link in its upper one: [3, 3]; NaN where the angle is.

    :param joint: of :func:`hri_joints`.
    :param angles: of :func:`hri_angles`.
    """
    return np.eye(3) if joint.axis is None else _turn(joint.axis, angles[joint.name])


def hri_urdf(joints: tuple[HriJoint, ...], body_id: str) -> str:
    """
    Write the body as URDF, every name with the id behind it.

    :param joints: of :func:`hri_joints`.
    :param body_id: for example ``person_1``, which names the root ``body_person_1``.
    """
    robot = ET.Element('robot', name=f'human_{body_id}')
    for link in (ROOT, *(joint.child for joint in joints)):
        element = ET.SubElement(robot, 'link', name=f'{link}_{body_id}')
        for joint in joints:
            length = float(np.linalg.norm(joint.offset_m))
            if joint.parent == link and length > 0:
                size = {'radius': numbers([BONE_RADIUS_M]), 'length': numbers([length])}
                element.append(shape('visual', 'cylinder', size, np.zeros(3), joint.offset_m))
    for joint in joints:
        kind = 'fixed' if joint.axis is None else 'revolute'
        element = ET.SubElement(robot, 'joint', name=f'{joint.name}_{body_id}', type=kind)
        ET.SubElement(element, 'parent', link=f'{joint.parent}_{body_id}')
        ET.SubElement(element, 'child', link=f'{joint.child}_{body_id}')
        ET.SubElement(element, 'origin', xyz=numbers(joint.offset_m), rpy=numbers(np.zeros(3)))
        if joint.axis is not None:
            ET.SubElement(element, 'axis', xyz=numbers(joint.axis))
            limits = {'lower': numbers([-pi]), 'upper': numbers([pi])}
            ET.SubElement(element, 'limit', {**limits, 'effort': EFFORT, 'velocity': VELOCITY})
    return urdf_text(robot)


def _arm(body: BodyPlaces, side: str) -> Iterator[HriJoint]:
    sign = SIDES[side]
    width_m = np.linalg.norm(body.place('humerus_l') - body.place('humerus_r'))
    shoulder, elbow = f'{side}_shoulder', f'{side}_elbow'
    yaw, pitch, roll = (f'{side}_{kind}_shoulder' for kind in 'ypr')
    yield HriJoint(yaw, 'torso', yaw, np.array([0, sign * width_m / 2, 0]), (0, 0, -sign))
    yield HriJoint(pitch, yaw, pitch, np.zeros(3), (sign, 0, 0))
    yield HriJoint(roll, pitch, shoulder, np.zeros(3), (0, 0, sign))
    upper_m, lower_m = _lengths(body, f'humerus_{side}', f'ulna_{side}', f'hand_{side}')
    yield HriJoint(elbow, shoulder, elbow, _up(-upper_m), (0, -1, 0))
    yield HriJoint(f'{side}_wrist', elbow, f'{side}_wrist', _up(-lower_m))


def _leg(body: BodyPlaces, side: str) -> Iterator[HriJoint]:
    sign = SIDES[side]
    hip, knee = f'{side}_hip', f'{side}_knee'
    yaw, pitch, roll = (f'{side}_{kind}_hip' for kind in 'ypr')
    yield HriJoint(yaw, ROOT, yaw, body.place(f'femur_{side}'), (0, 0, -1))
    yield HriJoint(pitch, yaw, pitch, np.zeros(3), (sign, 0, 0))
    yield HriJoint(roll, pitch, hip, np.zeros(3), (0, -1, 0))
    upper_m, lower_m = _lengths(body, f'femur_{side}', f'tibia_{side}', f'talus_{side}')
    yield HriJoint(knee, hip, knee, _up(-upper_m), (0, -1, 0))
    yield HriJoint(f'{side}_ankle', knee, f'{side}_ankle', _up(-lower_m))


def _lengths(body: BodyPlaces, upper: str, lower: str, end: str) -> tuple[float, float]:
    places = [body.place(segment) for segment in (upper, lower, end)]
    return (
        float(np.linalg.norm(places[1] - places[0])),
        float(np.linalg.norm(places[2] - places[1])),
    )


def _limb(
    body: BodyPlaces, upper: str, lower: str, end: str, way: float
) -> tuple[FloatArray, float]:
    """
    Find the axes of a limb's upper bone, down along -z, and the bend of the joint below it.

    :param way: -1 where the lower bone bends forward (elbow), 1 where backward (knee).
    :returns: axes in the root [3, 3], and the bend in radians, positive forward.
    """
    down = _unit(body.place(lower) - body.place(upper))
    below = _unit(body.place(end) - body.place(lower))
    left = way * np.cross(down, below) + _STRAIGHT * body.axes(upper)[:, 1]
    left = _unit(left - down * (left @ down))
    forward = np.cross(left, -down)
    bend = float(np.arctan2(below @ forward, below @ down))
    return np.stack([forward, left, -down], axis=1), bend


def _arm_angles(arm: FloatArray, sign: float) -> tuple[float, float, float]:
    """
    Split the axes of an upper arm into turns about z, x and z.

    An arm that hangs straight down has only the sum of the first and the last: the first is 0.
    """
    pitch = float(np.arccos(np.clip(arm[2, 2], -1, 1)))
    if np.hypot(arm[0, 2], arm[1, 2]) < 1e-6:
        return 0.0, pitch, sign * float(np.arctan2(arm[1, 0], arm[0, 0]))
    yaw = -sign * float(np.arctan2(sign * arm[0, 2], -sign * arm[1, 2]))
    roll = sign * float(np.arctan2(sign * arm[2, 0], sign * arm[2, 1]))
    return yaw, pitch, roll


def _turn(axis: Axis, angle: float) -> FloatArray:
    if not np.isfinite(angle):
        return np.full((3, 3), np.nan)
    return Rotation.from_rotvec(np.asarray(axis, float) * angle).as_matrix()


def _unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)


def _up(length_m: float) -> FloatArray:
    return np.array([0.0, 0.0, length_m])
