"""
Write a skeleton as URDF, for robot_state_publisher, RViz, and planners that avoid persons.

Links have REP-103 axes (x forward, y left, z up); the chain of joints is that of
:mod:`.urdf_joints`, exact with the values that it gives. The root is the first segment: where it
stands in the world is for TF to say. Each segment has its shape, for the eye and for collision
checks, and its mass.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from biopose_ros.frames import REP103_FROM_OPENSIM
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.description import Body, Capsule
from biopose_ros.skeleton.inertia import inertia_matrix, stretched_inertia
from biopose_ros.skeleton.skeleton import Skeleton
from biopose_ros.skeleton.urdf_joints import UrdfJoint, joint_sizes, urdf_joints

EFFORT, VELOCITY = '100', '20'  # URDF demands limits; nothing here depends on them
COLOR_RGBA = '0.89 0.86 0.78 1'
BONE_RADIUS_M = 0.02  # where a model has no shapes


def write_urdf(
    skeleton: Skeleton,
    scales: ArrayLike | None = None,
    prefix: str = '',
    mass_kg: float | None = None,
) -> str:
    """
    Write a skeleton as URDF.

    :param skeleton: any skeleton.
    :param scales: [segments, 3], unitless; None for the size of the model file.
    :param prefix: put before the names of links and joints, for several persons.
    :param mass_kg: of the whole person; each segment keeps its share, and inertia grows with mass.
        None or NaN keeps the masses of the model file.
    :returns: XML.
    :raises ValueError: when the scales do not fit.
    """
    count = len(skeleton.segment_names)
    factors = skeleton.checked_scales(np.ones((count, 3)) if scales is None else scales)
    robot = ET.Element('robot', name=prefix + skeleton.name)
    density = 1.0
    if mass_kg is not None and np.isfinite(mass_kg):
        density = mass_kg / sum(body.mass_kg for body in skeleton.description.bodies)
    writer = _Writer(robot, skeleton, factors, prefix, density)
    writer.write_link(0)
    for segment in range(1, count):
        writer.write_link(segment)
        writer.write_joints(segment)
    return urdf_text(robot)


def urdf_text(robot: ET.Element) -> str:
    """
    Give the text of a URDF file.

    :param robot: its root; indented in place.
    """
    ET.indent(robot, '  ')
    return '<?xml version="1.0"?>\n' + ET.tostring(robot, encoding='unicode') + '\n'


@dataclass(frozen=True)
class _Writer:
    """Adds links and joints to a robot."""

    robot: ET.Element
    skeleton: Skeleton
    factors: FloatArray
    prefix: str
    density: float  # of the person over that of the model file

    def write_link(self, segment: int) -> None:
        name, factors = self.skeleton.segment_names[segment], self.factors[segment]
        link = ET.SubElement(self.robot, 'link', name=self.prefix + name)
        body = next(body for body in self.skeleton.description.bodies if body.name == name)
        if body.mass_kg > 0:
            link.append(_inertial(body, factors, self.density))
        for capsule in self._shapes(body, segment):
            link.extend(_shape_elements(capsule, factors))

    def write_joints(self, segment: int) -> None:
        """Write the chain of joints from a segment's parent to the segment."""
        tree = self.skeleton.tree(self.skeleton.default_coordinates)
        names, parent = self.skeleton.segment_names, self.skeleton.segment_parents[segment]
        above, child = names[parent], names[segment]
        origin_m = tree.parent_offsets_m[segment].numpy() * self.factors[parent]
        joints = [joint for joint in urdf_joints(self.skeleton) if joint.segment == segment]
        sizes = joint_sizes(self.skeleton, joints, self.factors)
        for joint, size in zip(joints, sizes, strict=True):
            below = f'{child}_after_{joint.motion}'
            self._write_joint(joint, above, below, origin_m, size)
            ET.SubElement(self.robot, 'link', name=self.prefix + below)
            above, origin_m = below, np.zeros(3)
        rest = tree.rest_rotations[segment].numpy()
        child_m = tree.child_offsets_m[segment].numpy() * self.factors[segment]
        _origin(
            self._joint(f'{child}_fixed', 'fixed', above, child), origin_m - rest @ child_m, rest
        )

    def _write_joint(
        self, joint: UrdfJoint, above: str, below: str, origin_m: FloatArray, size: float
    ) -> None:
        tree = self.skeleton.tree(self.skeleton.default_coordinates)
        axes = tree.turn_axes if joint.is_turn else tree.shift_axes.mT
        axis = axes[joint.segment, joint.slot % 3].numpy()
        lower, upper = joint.lower * size, joint.upper * size
        if joint.coordinate is None:
            element = self._joint(joint.name, 'fixed', above, below)
            if joint.is_turn:
                _origin(element, origin_m, Rotation.from_rotvec(axis * lower).as_matrix())
            else:
                _origin(element, origin_m + axis * lower)
            return
        is_endless = joint.is_turn and upper - lower >= 2 * pi - 1e-6
        kind = 'continuous' if is_endless else 'revolute' if joint.is_turn else 'prismatic'
        element = self._joint(joint.name, kind, above, below)
        _origin(element, origin_m)
        ET.SubElement(element, 'axis', xyz=numbers(REP103_FROM_OPENSIM @ axis * joint.sign))
        if not is_endless:
            limits = {'lower': numbers([lower]), 'upper': numbers([upper])}
            ET.SubElement(element, 'limit', {**limits, 'effort': EFFORT, 'velocity': VELOCITY})

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


def _inertial(body: Body, factors: FloatArray, density: float) -> ET.Element:
    inertial = ET.Element('inertial')
    center_m = REP103_FROM_OPENSIM @ (np.array(body.mass_center_m) * factors)
    ET.SubElement(inertial, 'origin', xyz=numbers(center_m), rpy=numbers(np.zeros(3)))
    ET.SubElement(inertial, 'mass', value=numbers([density * body.mass_kg]))
    matrix = density * stretched_inertia(inertia_matrix(body.inertia_kg_m2), factors)
    matrix = REP103_FROM_OPENSIM @ matrix @ REP103_FROM_OPENSIM.T
    places = {'ixx': (0, 0), 'ixy': (0, 1), 'ixz': (0, 2)}
    places |= {'iyy': (1, 1), 'iyz': (1, 2), 'izz': (2, 2)}
    ET.SubElement(
        inertial, 'inertia', {name: numbers([matrix[place]]) for name, place in places.items()}
    )
    return inertial


def _shape_elements(capsule: Capsule, factors: FloatArray) -> Iterable[ET.Element]:
    """Make a capsule of a cylinder and a ball at either end, to be seen and to collide with."""
    start = REP103_FROM_OPENSIM @ (np.array(capsule.start_m) * factors)
    end = REP103_FROM_OPENSIM @ (np.array(capsule.end_m) * factors)
    length = float(np.linalg.norm(end - start))
    radius = numbers([capsule.radius_m * float(np.cbrt(np.prod(factors)))])
    for use in ('visual', 'collision'):
        if length > 1e-6:
            size = {'radius': radius, 'length': numbers([length])}
            yield shape(use, 'cylinder', size, start, end)
        yield shape(use, 'sphere', {'radius': radius}, start, start)
        yield shape(use, 'sphere', {'radius': radius}, end, end)


def shape(
    use: str, kind: str, size: dict[str, str], start: FloatArray, end: FloatArray
) -> ET.Element:
    """
    Place a cylinder or ball.

    :param use: ``visual`` or ``collision``.
    :param kind: ``cylinder``, along the line between the ends, or ``sphere``, in its middle.
    :param size: attributes of the shape, metres.
    :param start: [3], one end, metres, axes of the link.
    :param end: [3], the other.
    """
    element = ET.Element(use)
    x, y, z = end - start
    # A cylinder lies along z: turn it about y, then about the fixed z.
    angles = (0.0, np.arctan2(np.hypot(x, y), z), np.arctan2(y, x))
    ET.SubElement(element, 'origin', xyz=numbers((start + end) / 2), rpy=numbers(angles))
    ET.SubElement(ET.SubElement(element, 'geometry'), kind, size)
    if use == 'visual':
        material = ET.SubElement(element, 'material', name='bone')
        ET.SubElement(material, 'color', rgba=COLOR_RGBA)
    return element


def _origin(joint: ET.Element, position_m: FloatArray, rotation: FloatArray | None = None) -> None:
    """Place a joint; position and rotation in OpenSim's axes."""
    turn = np.eye(3) if rotation is None else rotation
    turn = REP103_FROM_OPENSIM @ turn @ REP103_FROM_OPENSIM.T
    roll, yaw = np.arctan2(turn[2, 1], turn[2, 2]), np.arctan2(turn[1, 0], turn[0, 0])
    pitch = np.arctan2(-turn[2, 0], np.hypot(turn[2, 1], turn[2, 2]))
    place = {'xyz': numbers(REP103_FROM_OPENSIM @ position_m), 'rpy': numbers((roll, pitch, yaw))}
    ET.SubElement(joint, 'origin', place)


def numbers(values: Iterable[float]) -> str:
    """Round to a micrometre or microradian, so that every machine writes the same text."""
    return ' '.join(repr(round(float(value), 6) + 0.0) for value in values)
