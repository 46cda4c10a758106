"""
Write a person's sizes, mass and markers into an OpenSim model file.

Follows OpenSim's scaling of everything that kinematics sees: joint frames, custom joints' shifts,
markers; also centres of mass, inertias, path points, wrap objects and geometry. Properties of
muscles and ligaments that depend on lengths stay as they are: for muscle work run OpenSim's own
scale tool.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.description import GROUND, Marker
from biopose_ros.skeleton.inertia import inertia_matrix, stretched_inertia
from biopose_ros.skeleton.osim_writer import VERSION, document_text, marker_element
from biopose_ros.skeleton.skeleton import Skeleton

BODY_TAGS = ('socket_parent_frame', 'socket_parent', 'socket_frame', 'body', 'body_name')
INERTIA = ('xx', 'yy', 'zz', 'xy', 'xz', 'yz')


def scaled_osim(
    skeleton: Skeleton,
    scales: ArrayLike,
    mass_kg: float | None = None,
    markers: Sequence[Marker] | None = None,
) -> str:
    """
    Scale the file that a skeleton came from.

    :param skeleton: loaded from a file.
    :param scales: [segments, 3], unitless.
    :param mass_kg: of the whole person; each segment keeps its share, and inertia grows with
        mass. None or NaN keeps the masses of the file.
    :param markers: in the frames of the scaled segments, in place of the file's markers; None
        keeps and scales those. For files of version 4.
    :returns: the text of an ``.osim`` file, of the same version.
    :raises ValueError: when the skeleton has no file or the shape does not fit.
    """
    factors = skeleton.checked_scales(scales)
    if skeleton.source is None:
        raise ValueError(f'{skeleton.name} was not loaded from a file, so none can be scaled')
    by_body = dict(zip(skeleton.segment_names, factors, strict=True))
    root = ET.fromstring(Path(skeleton.source).read_text(encoding='utf-8-sig'))
    _scale(root, by_body)
    if mass_kg is not None and np.isfinite(mass_kg):
        _set_mass(root, mass_kg)
    if markers is not None:
        _set_markers(root, markers)
    return document_text(root)


def with_default_pose(text: str, pose: Mapping[str, float]) -> str:
    """
    Set the default pose of a model.

    OpenSim's inverse kinematics starts there, and finds a wrong minimum where the first
    pose is far off, as with arms above the head.

    :param text: of an ``.osim`` file.
    :param pose: values by coordinate, radians and metres; coordinates without one keep theirs.
    :returns: the text of the same model.
    """
    root = ET.fromstring(text.encode())
    for coordinate in root.iter('Coordinate'):
        value = pose.get(coordinate.get('name', ''))
        if value is not None:
            _write(coordinate, 'default_value', value)
    return document_text(root)


def scale_set(segments: Sequence[str], scales: ArrayLike) -> str:
    """
    Write size factors as OpenSim's scale tool takes them ("manualScale").

    :param segments: names of bodies.
    :param scales: [segments, 3], unitless.
    :returns: the text of an XML file that holds a ScaleSet.
    """
    document = ET.Element('OpenSimDocument', Version=VERSION)
    objects = ET.SubElement(ET.SubElement(document, 'ScaleSet', name='scale_factors'), 'objects')
    for name, factors in zip(segments, np.asarray(scales), strict=True):
        scale = ET.SubElement(objects, 'Scale')
        _write(scale, 'scales', factors)
        ET.SubElement(scale, 'segment').text = name
        ET.SubElement(scale, 'apply').text = 'true'
    return document_text(document)


def _scale(root: ET.Element, by_body: dict[str, FloatArray]) -> None:
    """Scale a model by [3] factors per body name."""
    bodies = root.findall('.//BodySet/objects/Body')
    for body in bodies:
        factors = by_body.get(body.get('name', ''))
        if factors is not None:
            _scale_body(body, factors)
            for joint in body.iterfind('Joint/*'):
                _scale_joint_version_3(joint, factors, by_body)
    for joint in root.iterfind('.//JointSet/objects/*'):
        _scale_joint(joint, by_body)
    for element in root.iter():
        factors = by_body.get(_body_of(element))
        if factors is not None:
            _multiply(element, 'location', factors)


def _set_mass(root: ET.Element, mass_kg: float) -> None:
    """Change all masses, and the inertias with them, by one factor."""
    bodies = root.findall('.//BodySet/objects/Body')
    factor = mass_kg / sum(float(body.findtext('mass', '0')) for body in bodies)
    tags = ('mass', 'inertia', *(f'inertia_{axes}' for axes in INERTIA))
    for body in bodies:
        for tag in tags:
            text = body.findtext(tag)
            if text is not None:
                _write(body, tag, np.array(text.split(), dtype=float) * factor)


def _set_markers(root: ET.Element, markers: Sequence[Marker]) -> None:
    objects = root.find('.//MarkerSet/objects')
    if objects is None:
        raise ValueError('the model has no MarkerSet to put markers into')
    objects[:] = [marker_element(marker) for marker in markers]


def _body_of(element: ET.Element) -> str:
    """Name the body that an element sits on; empty where it says none."""
    if element.find('location') is None:
        return ''
    texts = (element.findtext(tag) for tag in BODY_TAGS)
    return next((text.strip().split('/')[-1] for text in texts if text), '')


def _scale_body(body: ET.Element, factors: FloatArray) -> None:
    _multiply(body, 'mass_center', factors)
    _scale_inertia(body, factors)
    for wrap in body.iterfind('WrapObjectSet/objects/*'):
        _multiply(wrap, 'translation', factors)
    for frame in body.iterfind('components/PhysicalOffsetFrame'):
        _multiply(frame, 'translation', factors)
    for geometry in body.iterfind('.//attached_geometry/*'):
        _multiply(geometry, 'scale_factors', factors, default='1 1 1')


def _scale_inertia(body: ET.Element, factors: FloatArray) -> None:
    """Stretch the second moments of mass along each axis, and turn them back into an inertia."""
    text = body.findtext('inertia')
    values = text.split() if text else [body.findtext(f'inertia_{axes}', '0') for axes in INERTIA]
    grown = stretched_inertia(inertia_matrix([float(value) for value in values]), factors)
    numbers = [grown[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    if text:
        _write(body, 'inertia', numbers)
    else:
        for axes, number in zip(INERTIA, numbers, strict=True):
            _write(body, f'inertia_{axes}', [number])


def _scale_joint(joint: ET.Element, by_body: dict[str, FloatArray]) -> None:
    """Scale a joint of a version 4 file: offset frames and custom shifts."""
    bodies = {}
    for frame in joint.iterfind('frames/PhysicalOffsetFrame'):
        body = frame.findtext('socket_parent', '').strip().split('/')[-1]
        bodies[frame.get('name')] = body
        if body in by_body:
            _multiply(frame, 'translation', by_body[body])
    socket = joint.findtext('socket_parent_frame', '').strip().split('/')[-1]
    parent = bodies.get(socket, socket)
    if parent in by_body:
        _scale_shifts(joint, by_body[parent])


def _scale_joint_version_3(
    joint: ET.Element, child: FloatArray, by_body: dict[str, FloatArray]
) -> None:
    parent = joint.findtext('parent_body', GROUND).strip()
    if parent in by_body:
        _multiply(joint, 'location_in_parent', by_body[parent])
        _scale_shifts(joint, by_body[parent])
    _multiply(joint, 'location_in_child', child)
    _multiply(joint, 'location', child)


def _scale_shifts(joint: ET.Element, factors: FloatArray) -> None:
    """Put a MultiplierFunction around the shifts of a custom joint, as OpenSim does."""
    for i in (1, 2, 3):
        axis = joint.find(f"SpatialTransform/TransformAxis[@name='translation{i}']")
        if axis is None:
            continue
        direction = np.array(axis.findtext('axis', '0 0 0').split(), dtype=float)
        wrapper = axis.find('function')
        holder = axis if wrapper is None or len(wrapper) == 0 else wrapper
        for function in list(holder):
            if function.tag not in ('coordinates', 'axis'):
                _wrap(holder, function, float(np.abs(direction) @ factors))


def _wrap(holder: ET.Element, function: ET.Element, factor: float) -> None:
    is_plain = function.findtext('coefficients', '').split() in (['1', '0'], ['1.0', '0.0'])
    if function.tag == 'LinearFunction' and is_plain:
        return  # a shift that the user sets in metres
    if function.tag == 'MultiplierFunction':
        _write(function, 'scale', [factor * float(function.findtext('scale', '1'))])
        return
    place = list(holder).index(function)
    holder.remove(function)
    multiplier = ET.Element('MultiplierFunction', {'name': function.get('name', 'function')})
    ET.SubElement(multiplier, 'function').append(function)
    _write(multiplier, 'scale', [factor])
    holder.insert(place, multiplier)


def _multiply(
    element: ET.Element, tag: str, factors: FloatArray, default: str | None = None
) -> None:
    """Multiply the three numbers of a child element, where there is one."""
    text = element.findtext(tag) or default
    if text and len(text.split()) == 3:
        _write(element, tag, np.array(text.split(), dtype=float) * factors)


def _write(element: ET.Element, tag: str, numbers: ArrayLike) -> None:
    child = element.find(tag)
    if child is None:
        child = ET.SubElement(element, tag)
    child.text = ' '.join(repr(float(number)) for number in np.atleast_1d(numbers))
