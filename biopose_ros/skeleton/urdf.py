"""
Write a skeleton as URDF, for robot_state_publisher and RViz.

Links have REP-103 axes (x forward, y left, z up); joints carry the coordinates' names, and a
joint of several coordinates becomes a chain of links. The root is the first segment: where it
stands in the world is for TF to say. URDF knows hinges, slides and straight mimic joints only,
so a curved motion (the knee's twist and slide) becomes the straight line that fits it best over
the coordinate's range; where millimetres count, use the TF frames or the ``.osim`` file.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from math import pi

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from biopose_ros.frames import REP103_FROM_OPENSIM
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.description import Body, Capsule
from biopose_ros.skeleton.skeleton import Skeleton

EFFORT, VELOCITY = '100', '20'  # URDF demands limits; nothing here depends on them
COLOR_RGBA = '0.89 0.86 0.78 1'
BONE_RADIUS_M = 0.02  # where a model says nothing of a body's looks
FIT_POINTS = 101


@dataclass(frozen=True)
class Motion:
    """
    One straight motion of a joint.

    :param name: of the URDF joint.
    :param is_turn: turns about the axis, or else slides along it.
    :param axis: [3], parent body's frame.
    :param coordinate: index of the coordinate that drives it.
    :param slope: motion per unit of the coordinate.
    :param intercept: motion where the coordinate is zero.
    """

    name: str
    is_turn: bool
    axis: FloatArray
    coordinate: int
    slope: float
    intercept: float

    @property
    def is_coordinate(self) -> bool:
        """Whether the motion equals its coordinate, or the negative of it."""
        return abs(abs(self.slope) - 1) < 1e-9 and abs(self.intercept) < 1e-9


def write_urdf(skeleton: Skeleton, scales: ArrayLike | None = None, prefix: str = '') -> str:
    """
    Write a skeleton as URDF.

    :param skeleton: any skeleton.
    :param scales: [segments, 3], unitless; None for the size of the model file.
    :param prefix: put before the names of links and joints, for several persons.
    :returns: XML.
    :raises ValueError: when the scales do not fit.
    """
    count = len(skeleton.segment_names)
    factors = np.ones((count, 3)) if scales is None else np.asarray(scales, dtype=float)
    if factors.shape != (count, 3) or not np.isfinite(factors).all():
        raise ValueError(f'expected finite scales [{count}, 3], got {list(factors.shape)}')
    robot = ET.Element('robot', name=prefix + skeleton.name)
    writer = _Writer(robot, skeleton, factors, prefix)
    writer.write_link(0)
    for segment in range(1, count):
        writer.write_link(segment)
        writer.write_joints(segment)
    ET.indent(robot, '  ')
    return '<?xml version="1.0"?>\n' + ET.tostring(robot, encoding='unicode') + '\n'


@lru_cache(maxsize=8)
def straight_motions(skeleton: Skeleton) -> tuple[tuple[Motion, ...], ...]:
    """
    Describe every segment's joint by straight motions, in the order in which they act.

    They do not depend on a person's size, so they are fitted once for each skeleton.

    :param skeleton: any skeleton.
    :returns: for each segment the motions of the joint to its parent.
    """
    return tuple(
        _joint_motions(skeleton, segment) for segment in range(len(skeleton.segment_names))
    )


def _joint_motions(skeleton: Skeleton, segment: int) -> tuple[Motion, ...]:
    tree = skeleton.tree(skeleton.default_coordinates)
    motions = []
    for slot in (3, 4, 5, 0, 1, 2):  # shifts come first
        row = segment * 6 + slot
        coordinate = int(tree.follow.driver[tree.drive.driver[row]])
        slope, intercept = _fit_line(skeleton, row, coordinate)
        if abs(slope) < 1e-9 and abs(intercept) < 1e-9:
            continue
        is_turn, axis_index = slot < 3, slot % 3
        axes = tree.turn_axes[segment] if is_turn else tree.shift_axes[segment].mT
        kind = 'rotation' if is_turn else 'translation'
        name = f'{skeleton.segment_names[segment]}_{kind}{axis_index + 1}'
        axis = axes[axis_index].numpy()
        motions.append(Motion(name, is_turn, axis, coordinate, slope, intercept))
    return tuple(motions)


def _fit_line(skeleton: Skeleton, row: int, coordinate: int) -> tuple[float, float]:
    """Fit slope and intercept of a motion over its coordinate's range."""
    tree = skeleton.tree(skeleton.default_coordinates)
    if not bool(tree.drive.is_driven[row]):
        return 0.0, float(tree.drive.intercept[row])
    poses = skeleton.default_coordinates.repeat(FIT_POINTS, 1)
    lower, upper = skeleton.lower_limits[coordinate], skeleton.upper_limits[coordinate]
    span = upper - lower if upper > lower else 1.0  # a locked coordinate keeps its joint
    poses[:, coordinate] = torch.linspace(0, 1, FIT_POINTS).double() * span + lower
    values = tree.drive(tree.follow(poses))[:, row]
    slope, intercept = np.polyfit(poses[:, coordinate].numpy(), values.numpy(), 1)
    return float(slope), float(intercept)


@dataclass(frozen=True)
class _Writer:
    """Adds links and joints to a robot."""

    robot: ET.Element
    skeleton: Skeleton
    factors: FloatArray
    prefix: str
    led: set[int] = field(default_factory=set)  # coordinates that have their joint already

    def write_link(self, segment: int) -> None:
        name = self.skeleton.segment_names[segment]
        link = ET.SubElement(self.robot, 'link', name=self.prefix + name)
        body = next(body for body in self.skeleton.description.bodies if body.name == name)
        for capsule in self._shapes(body, segment):
            link.extend(_visuals(capsule, self.factors[segment]))

    def write_joints(self, segment: int) -> None:
        """Write the chain of joints from a segment's parent to the segment."""
        tree = self.skeleton.tree(self.skeleton.default_coordinates)
        names, parent = self.skeleton.segment_names, self.skeleton.segment_parents[segment]
        above, child = names[parent], names[segment]
        origin_m = tree.parent_offsets_m[segment].numpy() * self.factors[parent]
        growth = np.where(
            tree.is_shift_scaled[segment, :, 0] > 0,
            tree.shift_scaling[segment].numpy() @ self.factors[parent],
            1.0,
        )
        for motion in straight_motions(self.skeleton)[segment]:
            size = 1.0 if motion.is_turn else growth[int(motion.name[-1]) - 1]
            below = f'{child}_after_{motion.name.rsplit("_", 1)[1]}'
            leads = motion.is_coordinate and motion.coordinate not in self.led
            self._write_motion(motion, above, below, origin_m, size, leads)
            ET.SubElement(self.robot, 'link', name=self.prefix + below)
            self.led.update({motion.coordinate} if leads else {})
            above, origin_m = below, np.zeros(3)
        rest = tree.rest_rotations[segment].numpy()
        child_m = tree.child_offsets_m[segment].numpy() * self.factors[segment]
        joint = self._joint(f'{child}_fixed', 'fixed', above, child)
        _origin(joint, origin_m - rest @ child_m, rest)

    def _write_motion(
        self,
        motion: Motion,
        above: str,
        below: str,
        origin_m: FloatArray,
        size: float,
        leads: bool,
    ) -> None:
        if motion.slope == 0:
            vector = motion.axis * motion.intercept * size
            joint = self._joint(motion.name, 'fixed', above, below)
            if motion.is_turn:
                _origin(joint, origin_m, Rotation.from_rotvec(vector).as_matrix())
            else:
                _origin(joint, origin_m + vector)
            return
        skeleton, index = self.skeleton, motion.coordinate
        coordinate = skeleton.coordinate_names[index]
        lower, upper = float(skeleton.lower_limits[index]), float(skeleton.upper_limits[index])
        is_endless = motion.is_turn and leads and upper - lower >= 2 * pi - 1e-6
        kind = 'continuous' if is_endless else 'revolute' if motion.is_turn else 'prismatic'
        joint = self._joint(coordinate if leads else motion.name, kind, above, below)
        _origin(joint, origin_m)
        sign = np.sign(motion.slope) if leads else 1.0
        ET.SubElement(joint, 'axis', xyz=_text(REP103_FROM_OPENSIM @ motion.axis * sign))
        slope, intercept = motion.slope * size, motion.intercept * size
        ends = (lower, upper) if leads else (slope * lower + intercept, slope * upper + intercept)
        if not is_endless:
            limits = {'lower': _text([min(ends)]), 'upper': _text([max(ends)])}
            ET.SubElement(joint, 'limit', {**limits, 'effort': EFFORT, 'velocity': VELOCITY})
        if not leads:
            line = {'multiplier': _text([slope]), 'offset': _text([intercept])}
            ET.SubElement(joint, 'mimic', {'joint': self.prefix + coordinate, **line})

    def _joint(self, name: str, kind: str, above: str, below: str) -> ET.Element:
        joint = ET.SubElement(self.robot, 'joint', name=self.prefix + name, type=kind)
        ET.SubElement(joint, 'parent', link=self.prefix + above)
        ET.SubElement(joint, 'child', link=self.prefix + below)
        return joint

    def _shapes(self, body: Body, segment: int) -> Iterable[Capsule]:
        """Give a body's capsules, or rods from its origin to its children's joints."""
        if body.capsules:
            return body.capsules
        tree = self.skeleton.tree(self.skeleton.default_coordinates)
        children = [i for i, p in enumerate(self.skeleton.segment_parents) if p == segment]
        ends = [tuple(tree.parent_offsets_m[child].tolist()) for child in children]
        return [Capsule((0.0, 0.0, 0.0), (x, y, z), BONE_RADIUS_M) for x, y, z in ends]


def _visuals(capsule: Capsule, factors: FloatArray) -> Iterable[ET.Element]:
    """Draw a capsule as a cylinder and a ball at either end."""
    start = REP103_FROM_OPENSIM @ (np.array(capsule.start_m) * factors)
    end = REP103_FROM_OPENSIM @ (np.array(capsule.end_m) * factors)
    length = float(np.linalg.norm(end - start))
    radius = _text([capsule.radius_m * float(np.cbrt(np.prod(factors)))])
    if length > 1e-6:
        yield _visual('cylinder', {'radius': radius, 'length': _text([length])}, start, end)
    yield _visual('sphere', {'radius': radius}, start, start)
    yield _visual('sphere', {'radius': radius}, end, end)


def _visual(shape: str, size: dict[str, str], start: FloatArray, end: FloatArray) -> ET.Element:
    visual = ET.Element('visual')
    x, y, z = end - start
    # A cylinder lies along z: turn it about y, then about the fixed z.
    angles = (0.0, np.arctan2(np.hypot(x, y), z), np.arctan2(y, x))
    ET.SubElement(visual, 'origin', xyz=_text((start + end) / 2), rpy=_text(angles))
    ET.SubElement(ET.SubElement(visual, 'geometry'), shape, size)
    material = ET.SubElement(visual, 'material', name='bone')
    ET.SubElement(material, 'color', rgba=COLOR_RGBA)
    return visual


def _origin(joint: ET.Element, position_m: FloatArray, rotation: FloatArray | None = None) -> None:
    """Place a joint; position and rotation in OpenSim's axes."""
    turn = np.eye(3) if rotation is None else rotation
    turn = REP103_FROM_OPENSIM @ turn @ REP103_FROM_OPENSIM.T
    roll, yaw = np.arctan2(turn[2, 1], turn[2, 2]), np.arctan2(turn[1, 0], turn[0, 0])
    pitch = np.arctan2(-turn[2, 0], np.hypot(turn[2, 1], turn[2, 2]))
    place = {'xyz': _text(REP103_FROM_OPENSIM @ position_m), 'rpy': _text((roll, pitch, yaw))}
    ET.SubElement(joint, 'origin', place)


def _text(values: Iterable[float]) -> str:
    """Round to a micrometre or microradian, so that every machine writes the same text."""
    return ' '.join(repr(round(float(value), 6) + 0.0) for value in values)
