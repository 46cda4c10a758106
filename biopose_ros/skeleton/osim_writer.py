"""Write a model description as an OpenSim 4 file."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

import numpy as np

from biopose_ros.skeleton.description import (
    GROUND,
    AxisMotion,
    Body,
    Capsule,
    Coordinate,
    Joint,
    Marker,
    ModelDescription,
)
from biopose_ros.skeleton.functions import PiecewisePolynomial

VERSION = '40000'  # read by every OpenSim 4
COLOR = '0.89 0.86 0.78'


def osim_text(model: ModelDescription) -> str:
    """
    Write a model as XML.

    :param model: without couplers; functions of one piece.
    :returns: the text of an ``.osim`` file.
    :raises ValueError: when a joint is driven by a spline.
    """
    root = ET.Element('OpenSimDocument', Version=VERSION)
    tree = ET.SubElement(root, 'Model', name=model.name)
    ET.SubElement(tree, 'Ground', name=GROUND)
    _text(tree, 'gravity', '0 -9.80665 0')
    _text(tree, 'credits', model.credits)
    _text(tree, 'length_units', 'meters')
    _text(tree, 'force_units', 'N')
    _set(tree, 'BodySet', 'bodyset', (_body(body) for body in model.bodies))
    _set(tree, 'JointSet', 'jointset', (_joint(joint) for joint in model.joints))
    _set(tree, 'MarkerSet', 'markerset', map(marker_element, model.markers))
    return document_text(root)


def document_text(root: ET.Element) -> str:
    """
    Give the text of an OpenSim file.

    :param root: its OpenSimDocument; indented in place.
    """
    ET.indent(root, '  ')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding='unicode') + '\n'
    )


def _set(parent: ET.Element, tag: str, name: str, items: Iterable[ET.Element]) -> None:
    element = ET.SubElement(parent, tag, name=name)
    ET.SubElement(element, 'objects').extend(items)
    ET.SubElement(element, 'groups')


def _body(body: Body) -> ET.Element:
    element = ET.Element('Body', name=body.name)
    if body.capsules:
        frames = ET.SubElement(element, 'components')
        frames.extend(
            _capsule(capsule, f'{body.name}_shape_{i}') for i, capsule in enumerate(body.capsules)
        )
    _text(element, 'mass', _number(body.mass_kg))
    _text(element, 'mass_center', _numbers(body.mass_center_m))
    _text(element, 'inertia', _numbers(body.inertia_kg_m2))
    return element


def _capsule(capsule: Capsule, name: str) -> ET.Element:
    """Draw a capsule as an ellipsoid in a frame whose y axis runs along it."""
    start, end = np.array(capsule.start_m), np.array(capsule.end_m)
    length = float(np.linalg.norm(end - start))
    frame = ET.Element('PhysicalOffsetFrame', name=name)
    geometry = ET.SubElement(frame, 'attached_geometry')
    ellipsoid = ET.SubElement(geometry, 'Ellipsoid', name=f'{name}_geometry')
    _text(ellipsoid, 'socket_frame', '..')
    appearance = ET.SubElement(ellipsoid, 'Appearance')
    _text(appearance, 'color', COLOR)
    radius = capsule.radius_m
    _text(ellipsoid, 'radii', _numbers((radius, length / 2 + radius, radius)))
    _text(frame, 'socket_parent', '..')
    _text(frame, 'translation', _numbers((start + end) / 2))
    _text(frame, 'orientation', _numbers(_angles_to(end - start)))
    return frame


def _angles_to(direction: np.ndarray) -> tuple[float, float, float]:
    """
    Find body-fixed x, y, z angles that turn the y axis into a direction.

    Rounded, so that every machine writes the same text.
    """
    x, y, z = direction / np.linalg.norm(direction)
    about_x, about_z = np.arctan2(z, y), -np.arcsin(np.clip(x, -1, 1))
    return round(float(about_x), 6), 0.0, round(float(about_z), 6)


def _joint(joint: Joint) -> ET.Element:
    element = ET.Element('CustomJoint', name=joint.name)
    parent, child = f'{joint.parent}_offset', f'{joint.child}_offset'
    _text(element, 'socket_parent_frame', parent)
    _text(element, 'socket_child_frame', child)
    ET.SubElement(element, 'coordinates').extend(map(_coordinate, joint.coordinates))
    frames = ET.SubElement(element, 'frames')
    at_parent = joint.parent_translation_m, joint.parent_orientation_rad
    at_child = joint.child_translation_m, joint.child_orientation_rad
    frames.append(_frame(parent, joint.parent, *at_parent))
    frames.append(_frame(child, joint.child, *at_child))
    transform = ET.SubElement(element, 'SpatialTransform')
    for kind, motions in (('rotation', joint.rotations), ('translation', joint.translations)):
        transform.extend(_axis(f'{kind}{i}', motion) for i, motion in enumerate(motions, 1))
    return element


def _coordinate(coordinate: Coordinate) -> ET.Element:
    element = ET.Element('Coordinate', name=coordinate.name)
    _text(element, 'default_value', _number(coordinate.default))
    _text(element, 'range', _numbers((coordinate.lower, coordinate.upper)))
    _text(element, 'clamped', 'true')
    _text(element, 'locked', str(coordinate.is_locked).lower())
    return element


def _frame(
    name: str, body: str, translation_m: Iterable[float], orientation_rad: Iterable[float]
) -> ET.Element:
    element = ET.Element('PhysicalOffsetFrame', name=name)
    _text(element, 'socket_parent', f'/{GROUND}' if body == GROUND else f'/bodyset/{body}')
    _text(element, 'translation', _numbers(translation_m))
    _text(element, 'orientation', _numbers(orientation_rad))
    return element


def _axis(name: str, motion: AxisMotion) -> ET.Element:
    element = ET.Element('TransformAxis', name=name)
    _text(element, 'coordinates', motion.coordinate or '')
    _text(element, 'axis', _numbers(motion.axis))
    element.append(_function(motion))
    return element


def _function(motion: AxisMotion) -> ET.Element:
    function: PiecewisePolynomial = motion.function
    if function.breakpoints or any(function.origins):
        raise ValueError(f'{motion.coordinate}: only plain polynomials can be written')
    highest_first = tuple(reversed(function.coefficients[0]))
    if motion.coordinate is None:
        element = ET.Element('Constant', name='function')
        _text(element, 'value', _number(highest_first[-1]))
        return element
    tag = 'LinearFunction' if len(highest_first) == 2 else 'PolynomialFunction'
    element = ET.Element(tag, name='function')
    _text(element, 'coefficients', _numbers(highest_first))
    return element


def marker_element(marker: Marker) -> ET.Element:
    """
    Write a marker.

    :param marker: on a body of the model.
    """
    element = ET.Element('Marker', name=marker.name)
    _text(element, 'socket_parent_frame', f'/bodyset/{marker.body}')
    _text(element, 'location', _numbers(marker.offset_m))
    _text(element, 'fixed', 'false')
    return element


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _numbers(values: Iterable[float]) -> str:
    return ' '.join(_number(value) for value in values)


def _number(value: float) -> str:
    """Write the shortest text that reads back as the same number; adding 0 drops minus zero."""
    return repr(float(value) + 0.0)
