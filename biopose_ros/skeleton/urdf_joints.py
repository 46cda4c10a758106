"""
A skeleton's joints as URDF knows them: chains of hinges and slides.

A joint that turns or slides about several axes becomes one URDF joint for each of them. Those that
equal a coordinate carry its name. A curved motion (the knee's twist and slide) has a URDF joint of
its own, ``<segment>_rotation2`` for example, whose value comes with the others: so the chain is
exact, which URDF's straight mimic joints are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.skeleton import Skeleton

RANGE_POINTS = 101
# The order in which the motions of a joint act: shifts come first.
SLOTS = (3, 4, 5, 0, 1, 2)
# Step of the finite differences behind velocities, seconds.
STEP_S = 1e-4


@dataclass(frozen=True)
class UrdfJoint:
    """
    One hinge or slide.

    :param name: the coordinate's where the joint equals it, else ``<segment>_<motion>``.
    :param segment: index of the segment below.
    :param slot: 0 to 2 for turns about the joint's axes, 3 to 5 for shifts along them.
    :param coordinate: index of the coordinate that drives it; None where it does not move.
    :param sign: -1 where the joint is the negative of the coordinate whose name it carries.
    :param lower: least motion, radians or metres of the unscaled model.
    :param upper: greatest motion.
    """

    name: str
    segment: int
    slot: int
    coordinate: int | None
    sign: float
    lower: float
    upper: float

    @property
    def is_turn(self) -> bool:
        """Whether it is a hinge."""
        return self.slot < 3

    @property
    def motion(self) -> str:
        """Name it among those of its segment."""
        return f'{"rotation" if self.is_turn else "translation"}{self.slot % 3 + 1}'

    @property
    def row(self) -> int:
        """Where it stands among the motions of ``KinematicTree.drive``."""
        return self.segment * 6 + self.slot


@lru_cache(maxsize=8)
def urdf_joints(skeleton: Skeleton) -> tuple[UrdfJoint, ...]:
    """
    List all joints but the root's, segment by segment in the order in which they act.

    :param skeleton: any skeleton.
    """
    led: set[int] = set()
    joints: list[UrdfJoint] = []
    for segment in range(1, len(skeleton.segment_names)):
        for slot in SLOTS:
            joint = _joint(skeleton, segment, slot, led)
            if joint is not None:
                joints.append(joint)
    return tuple(joints)


def moving_joints(skeleton: Skeleton) -> tuple[UrdfJoint, ...]:
    """
    List the joints that a JointState has to hold.

    :param skeleton: any skeleton.
    """
    return tuple(joint for joint in urdf_joints(skeleton) if joint.coordinate is not None)


def joint_sizes(
    skeleton: Skeleton, joints: Sequence[UrdfJoint], factors: FloatArray
) -> FloatArray:
    """
    Tell by how much shifts grow with the person; turns do not.

    :param joints: of the skeleton.
    :param factors: [segments, 3], the person's scales.
    :returns: [joints], unitless.
    """
    tree = skeleton.tree(skeleton.default_coordinates)
    return np.array(
        [
            float(tree.shift_scaling[joint.segment, joint.slot - 3].numpy() @ factors[parent])
            if not joint.is_turn and tree.is_shift_scaled[joint.segment, joint.slot - 3, 0] > 0
            else 1.0
            for joint in joints
            for parent in [skeleton.segment_parents[joint.segment]]
        ]
    )


def joint_motions(skeleton: Skeleton, coordinates: FloatArray) -> FloatArray:
    """
    Evaluate all motions of all joints.

    :param coordinates: [..., coordinates]; unknown ones are NaN.
    :returns: [..., segments * 6], three turns and three shifts of the unscaled model for each
        segment; NaN where the driving coordinate is unknown.
    """
    tree = skeleton.tree(skeleton.default_coordinates)
    given = torch.from_numpy(np.asarray(coordinates, dtype=float))
    known = torch.where(given.isnan(), skeleton.default_coordinates, given)
    moved = tree.drive(tree.follow(known))
    drivers = tree.follow.driver[tree.drive.driver]
    is_unknown = tree.drive.is_driven & given.isnan()[..., drivers]
    values: FloatArray = torch.where(is_unknown, torch.nan, moved).numpy()
    return values


def joint_positions(
    skeleton: Skeleton, coordinates: FloatArray, factors: FloatArray
) -> FloatArray:
    """
    Give the value of every moving joint.

    :param coordinates: [..., coordinates]; unknown ones are NaN.
    :param factors: [segments, 3], the scales that the URDF was written with.
    :returns: [..., joints], in the order of :func:`moving_joints`; radians, metres.
    """
    joints = moving_joints(skeleton)
    moved = joint_motions(skeleton, coordinates)
    signs = np.array([joint.sign for joint in joints])
    rows = [joint.row for joint in joints]
    return moved[..., rows] * signs * joint_sizes(skeleton, joints, factors)


def joint_velocities(
    skeleton: Skeleton, coordinates: FloatArray, velocities: FloatArray, factors: FloatArray
) -> FloatArray:
    """
    Give the velocity of every moving joint.

    :param coordinates: [coordinates].
    :param velocities: [coordinates], radians or metres per second.
    :param factors: [segments, 3].
    :returns: [joints].
    """
    steps = np.stack([coordinates, coordinates + STEP_S * velocities])
    before, after = joint_positions(skeleton, steps, factors)
    return (after - before) / STEP_S


def _joint(skeleton: Skeleton, segment: int, slot: int, led: set[int]) -> UrdfJoint | None:
    """Describe one motion of a segment's joint, None where there is none."""
    tree = skeleton.tree(skeleton.default_coordinates)
    row = segment * 6 + slot
    coordinate = int(tree.follow.driver[tree.drive.driver[row]])
    joint = UrdfJoint('', segment, slot, coordinate, 1.0, 0.0, 0.0)
    name = f'{skeleton.segment_names[segment]}_{joint.motion}'
    if not bool(tree.drive.is_driven[row]):
        offset = float(tree.drive.intercept[row])
        return UrdfJoint(name, segment, slot, None, 1.0, offset, offset) if offset else None
    poses = skeleton.default_coordinates.repeat(RANGE_POINTS, 1)
    lower, upper = skeleton.lower_limits[coordinate], skeleton.upper_limits[coordinate]
    span = upper - lower if upper > lower else 1.0  # a locked coordinate keeps its joint
    poses[:, coordinate] = torch.linspace(0, 1, RANGE_POINTS).double() * span + lower
    moved, driving = joint_motions(skeleton, poses.numpy())[:, row], poses[:, coordinate].numpy()
    is_scaled = not joint.is_turn and bool(tree.is_shift_scaled[segment, slot - 3, 0] > 0)
    if coordinate not in led and not is_scaled:
        for sign in (1.0, -1.0):
            if np.allclose(moved, sign * driving, rtol=0.0, atol=1e-9):
                led.add(coordinate)
                own = skeleton.coordinate_names[coordinate]
                return UrdfJoint(own, segment, slot, coordinate, sign, float(lower), float(upper))
    least, greatest = float(moved.min()), float(moved.max())
    return UrdfJoint(name, segment, slot, coordinate, 1.0, least, greatest)
