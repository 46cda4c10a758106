"""
Read OpenSim models, file versions 3.x and 4.x, into a :class:`ModelDescription`.

Only what moves bones and markers is read; muscles, geometry and controllers are passed over.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from biopose_ros.skeleton.description import (
    GROUND,
    ORIGIN,
    X_AXIS,
    Y_AXIS,
    Z_AXIS,
    AxisMotion,
    Body,
    Coordinate,
    Coupler,
    Joint,
    Marker,
    ModelDescription,
    Vector,
)
from biopose_ros.skeleton.functions import (
    PiecewisePolynomial,
    constant,
    linear,
    polynomial,
    simm_spline,
)

AXES = {'x': X_AXIS, 'y': Y_AXIS, 'z': Z_AXIS}
# Turns (r) and shifts (t) about the axes of the parent's frame, in the order of the coordinates.
# Ball, gimbal and free joints turn about body-fixed x, y, z (Simbody with Euler angles).
STANDARD_JOINTS: dict[str, tuple[str, ...]] = {
    'WeldJoint': (),
    'PinJoint': ('rz',),
    'SliderJoint': ('tx',),
    'UniversalJoint': ('rx', 'ry'),
    'PlanarJoint': ('rz', 'tx', 'ty'),
    'BallJoint': ('rx', 'ry', 'rz'),
    'GimbalJoint': ('rx', 'ry', 'rz'),
    'FreeJoint': ('rx', 'ry', 'rz', 'tx', 'ty', 'tz'),
}
DEFAULT_RANGE = (-10.0, 10.0)  # what OpenSim takes where a file gives none
TRANSFORM_AXES = tuple(f'{kind}{i}' for kind in ('rotation', 'translation') for i in (1, 2, 3))


class OsimError(ValueError):
    """A model file is broken, or uses something that this package does not support."""


def read_osim(path: Path | str) -> ModelDescription:
    """
    Read a model file.

    :param path: an ``.osim`` file of version 3.x or 4.x.
    :returns: bodies, joints, markers and couplers as in the file.
    :raises OsimError: names the file and the element that is broken or not supported.
    :raises FileNotFoundError: when there is no such file.
    """
    path = Path(path)
    try:
        return parse_osim(path.read_text(encoding='utf-8-sig'))
    except (OsimError, UnicodeDecodeError) as error:
        raise OsimError(f'{path}: {error}') from error


def parse_osim(text: str) -> ModelDescription:
    """
    Read a model from the text of an ``.osim`` file.

    :param text: XML.
    :raises OsimError: names the element that is broken or not supported.
    """
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise OsimError(f'not an XML file ({error})') from error
    model = root.find('Model')
    if root.tag != 'OpenSimDocument' or model is None:
        raise OsimError('no <OpenSimDocument> with a <Model> inside; is this an .osim file?')
    return ModelDescription(
        name=model.get('name', 'unnamed'),
        bodies=tuple(_read_body(body) for body in _bodies(model)),
        joints=tuple(_read_joints(model)),
        markers=tuple(_read_marker(marker) for marker in model.iterfind('MarkerSet/objects/*')),
        couplers=tuple(_read_couplers(model)),
        credits=model.findtext('credits', '').strip(),
    )


def _bodies(model: ET.Element) -> Iterator[ET.Element]:
    """Find the bodies; files of version 3 list the ground among them."""
    for body in model.iterfind('BodySet/objects/*'):
        if body.get('name') != GROUND:
            yield body


def _read_body(body: ET.Element) -> Body:
    inertia = body.findtext('inertia')
    old_names = [f'inertia_{axes}' for axes in ('xx', 'yy', 'zz', 'xy', 'xz', 'yz')]
    return Body(
        name=_name(body),
        mass_kg=_numbers(body, 'mass', 1, (0.0,))[0],
        mass_center_m=_vector(body, 'mass_center'),
        inertia_kg_m2=_numbers(body, 'inertia', 6)
        if inertia
        else tuple(_numbers(body, name, 1, (0.0,))[0] for name in old_names),
    )


def _read_joints(model: ET.Element) -> Iterator[Joint]:
    """Walk the joints: a set of their own in version 4, inside their child body in version 3."""
    for joint in model.iterfind('JointSet/objects/*'):
        yield _read_joint(joint, *_frames_version_4(joint))
    for body in _bodies(model):
        for joint in body.iterfind('Joint/*'):
            yield _read_joint(joint, *_frames_version_3(joint, _name(body)))


Placement = tuple[str, Vector, Vector]


def _frames_version_4(joint: ET.Element) -> tuple[Placement, Placement]:
    """Find body, translation and orientation of a joint's parent and child frames."""
    offsets = {frame.get('name'): frame for frame in joint.iterfind('frames/*')}

    def place(side: str) -> Placement:
        name = _socket(joint, f'socket_{side}_frame')
        if name not in offsets:
            return name, ORIGIN, ORIGIN
        frame = offsets[name]
        body = _socket(frame, 'socket_parent')
        return body, _vector(frame, 'translation'), _vector(frame, 'orientation')

    return place('parent'), place('child')


def _frames_version_3(joint: ET.Element, child: str) -> tuple[Placement, Placement]:
    if _flag(joint, 'reverse'):
        raise OsimError(f'joint {_name(joint)}: reversed joints are not supported')
    parent = (joint.findtext('parent_body') or '').strip()
    at_parent = _vector(joint, 'location_in_parent'), _vector(joint, 'orientation_in_parent')
    suffix = '_in_child' if joint.find('location_in_child') is not None else ''
    at_child = _vector(joint, f'location{suffix}'), _vector(joint, f'orientation{suffix}')
    return (parent, *at_parent), (child, *at_child)


def _socket(element: ET.Element, tag: str) -> str:
    """Read the last part of a path such as ``/bodyset/pelvis``."""
    text = element.findtext(tag) or element.findtext(f'{tag}_connectee_name') or ''
    if not text.strip():
        raise OsimError(f'{element.tag} {_name(element)}: <{tag}> is missing')
    return text.strip().rstrip('/').split('/')[-1]


def _read_joint(joint: ET.Element, parent: Placement, child: Placement) -> Joint:
    coordinates = tuple(_read_coordinate(item) for item in _coordinate_elements(joint))
    names = [coordinate.name for coordinate in coordinates]
    if joint.tag == 'CustomJoint':
        motions = _custom_motions(joint)
    elif joint.tag in STANDARD_JOINTS:
        motions = _standard_motions(joint, names)
    else:
        known = ', '.join(['CustomJoint', *STANDARD_JOINTS])
        raise OsimError(f'joint {_name(joint)}: {joint.tag} is not supported (only {known})')
    for motion in motions:
        if motion.coordinate is not None and motion.coordinate not in names:
            raise OsimError(
                f'joint {_name(joint)}: an axis uses the coordinate {motion.coordinate}, which '
                f'is not one of its own ({", ".join(names) or "none"})'
            )
    return Joint(
        name=_name(joint),
        parent=parent[0],
        child=child[0],
        coordinates=coordinates,
        rotations=(motions[0], motions[1], motions[2]),
        translations=(motions[3], motions[4], motions[5]),
        parent_translation_m=parent[1],
        parent_orientation_rad=parent[2],
        child_translation_m=child[1],
        child_orientation_rad=child[2],
        are_shifts_scaled=joint.tag == 'CustomJoint',
    )


def _coordinate_elements(joint: ET.Element) -> list[ET.Element]:
    return joint.findall('coordinates/*') + joint.findall('CoordinateSet/objects/*')


def _read_coordinate(element: ET.Element) -> Coordinate:
    if _flag(element, 'prescribed'):
        raise OsimError(f'coordinate {_name(element)}: prescribed motion is not supported')
    lower, upper = _numbers(element, 'range', 2, DEFAULT_RANGE)
    default = _numbers(element, 'default_value', 1, (0.0,))[0]
    is_locked = _flag(element, 'locked')
    if lower > upper:
        raise OsimError(f'coordinate {_name(element)}: its range [{lower}, {upper}] is empty')
    return Coordinate(_name(element), lower, upper, default, is_locked)


def _standard_motions(joint: ET.Element, names: list[str]) -> list[AxisMotion]:
    slots = STANDARD_JOINTS[joint.tag]
    if len(slots) != len(names):
        raise OsimError(
            f'joint {_name(joint)}: a {joint.tag} has {len(slots)} coordinates, found {len(names)}'
        )
    driven = dict(zip(slots, names, strict=True))
    return [
        AxisMotion(AXES[axis], driven[kind + axis], linear(1.0))
        if kind + axis in driven
        else AxisMotion(AXES[axis])
        for kind in 'rt'
        for axis in 'xyz'
    ]


def _custom_motions(joint: ET.Element) -> list[AxisMotion]:
    axes = {axis.get('name'): axis for axis in joint.iterfind('SpatialTransform/TransformAxis')}
    missing = [name for name in TRANSFORM_AXES if name not in axes]
    if missing:
        raise OsimError(f'joint {_name(joint)}: <TransformAxis> {", ".join(missing)} is missing')
    return [_read_axis(axes[name], _name(joint)) for name in TRANSFORM_AXES]


def _read_axis(element: ET.Element, joint: str) -> AxisMotion:
    where = f'joint {joint}, axis {_name(element)}'
    names = (element.findtext('coordinates') or '').split()
    if len(names) > 1:
        raise OsimError(f'{where}: functions of several coordinates are not supported')
    x, y, z = _vector(element, 'axis')
    length = (x * x + y * y + z * z) ** 0.5
    if length == 0:
        raise OsimError(f'{where}: <axis> is zero')
    axis = (x / length, y / length, z / length)
    functions = [child for child in element if child.tag not in ('coordinates', 'axis')]
    wrapped = [inner for child in functions for inner in _unwrapped(child)]
    if len(wrapped) > 1:
        raise OsimError(f'{where}: one function expected, found {len(wrapped)}')
    if not wrapped:
        function = linear(1.0) if names else constant(0.0)
    else:
        function = _read_function(wrapped[0], where)
    return AxisMotion(axis, names[0] if names else None, function)


def _unwrapped(element: ET.Element) -> list[ET.Element]:
    """Open the ``<function>`` around a function; some versions have it, some do not."""
    return list(element) if element.tag == 'function' else [element]


def _read_function(element: ET.Element, where: str) -> PiecewisePolynomial:
    if element.tag == 'Constant':
        return constant(_numbers(element, 'value', 1, (0.0,))[0])
    if element.tag == 'LinearFunction':
        return linear(*_numbers(element, 'coefficients', 2, (1.0, 0.0)))
    if element.tag == 'PolynomialFunction':
        return polynomial(_numbers(element, 'coefficients'))
    if element.tag == 'SimmSpline':
        try:
            return simm_spline(_numbers(element, 'x'), _numbers(element, 'y'))
        except ValueError as error:
            raise OsimError(f'{where}: {error}') from error
    if element.tag == 'MultiplierFunction':
        inner = element.find('function/*')
        if inner is None:
            raise OsimError(f'{where}: <MultiplierFunction> holds no function')
        return _read_function(inner, where).times(_numbers(element, 'scale', 1, (1.0,))[0])
    raise OsimError(
        f'{where}: the function {element.tag} is not supported (only Constant, LinearFunction, '
        'SimmSpline, PolynomialFunction, MultiplierFunction)'
    )


def _read_marker(element: ET.Element) -> Marker:
    old_style = (element.findtext('body') or '').strip()
    body = old_style or _socket(element, 'socket_parent_frame')
    return Marker(_name(element), body, _vector(element, 'location'))


def _read_couplers(model: ET.Element) -> Iterator[Coupler]:
    for element in model.iterfind('ConstraintSet/objects/*'):
        if _flag(element, 'isDisabled') or not _flag(element, 'isEnforced', default=True):
            continue
        where = f'constraint {_name(element)}'
        if element.tag != 'CoordinateCouplerConstraint':
            raise OsimError(
                f'{where}: {element.tag} is not supported (only CoordinateCouplerConstraint)'
            )
        leaders = (element.findtext('independent_coordinate_names') or '').split()
        function = element.find('coupled_coordinates_function/*')
        if len(leaders) != 1 or function is None:
            raise OsimError(f'{where}: needs one independent coordinate and one function')
        factor = _numbers(element, 'scale_factor', 1, (1.0,))[0]
        dependent = (element.findtext('dependent_coordinate_name') or '').strip()
        yield Coupler(dependent, leaders[0], _read_function(function, where).times(factor))


def _name(element: ET.Element) -> str:
    return element.get('name', 'without name')


def _flag(element: ET.Element, tag: str, default: bool = False) -> bool:
    text = (element.findtext(tag) or str(default)).strip().lower()
    return text in ('true', '1')


def _vector(element: ET.Element, tag: str) -> Vector:
    x, y, z = _numbers(element, tag, 3, ORIGIN)
    return (x, y, z)


def _numbers(
    element: ET.Element,
    tag: str,
    count: int | None = None,
    default: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """Read the numbers of a child element, or the default where it is absent."""
    text = element.findtext(tag)
    where = f'{element.tag} {_name(element)}, <{tag}>'
    if text is None:
        if default is None:
            raise OsimError(f'{where} is missing')
        return default
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError as error:
        raise OsimError(f'{where}: {error}') from error
    if count is not None and len(values) != count:
        raise OsimError(f'{where}: {count} numbers expected, found {len(values)}')
    return values
