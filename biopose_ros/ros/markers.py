"""The skeleton as RViz markers."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Iterable

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.ros.stamps import to_duration
from biopose_ros.skeleton import Skeleton

BONE_WIDTH_M = 0.02
JOINT_DIAMETER_M = 0.04
TEXT_HEIGHT_M = 0.12
LIFETIME_S = 0.5
OCCLUDED_ALPHA = 0.4


def person_markers(
    persons: Iterable[NamedPerson], skeleton: Skeleton, header: Header
) -> MarkerArray:
    """
    Draw bones, joints and the name of everybody; erase those of lost persons.

    :param persons: segment positions in the frame of the header.
    """
    markers = (marker for p in persons for marker in _markers(p, skeleton, header))
    return MarkerArray(markers=list(markers))


def _markers(person: NamedPerson, skeleton: Skeleton, header: Header) -> list[Marker]:
    if person.state is TrackingState.LOST:
        return [_erase(person, header, index) for index in range(3)]
    positions = np.asarray(person.segment_positions_m, dtype=np.float64)
    bones = shape_marker(person, header, 0, Marker.LINE_LIST, BONE_WIDTH_M)
    bones.points = _bone_points(positions, skeleton.segment_parents)
    joints = shape_marker(person, header, 1, Marker.SPHERE_LIST, JOINT_DIAMETER_M)
    joints.points = [point(position) for position in positions if np.isfinite(position).all()]
    name = shape_marker(person, header, 2, Marker.TEXT_VIEW_FACING, TEXT_HEIGHT_M)
    name.text = person.person_id
    finite = positions[np.isfinite(positions).all(axis=1)]
    if len(finite):
        highest = finite[finite[:, 1].argmin()]  # optical axes: y points down
        name.pose.position = point(highest - [0.0, 3 * TEXT_HEIGHT_M, 0.0])
    return [bones, joints, name]


def _bone_points(positions: FloatArray, parents: tuple[int, ...]) -> list[Point]:
    points = []
    for position, parent in zip(positions, parents, strict=True):
        if parent >= 0 and np.isfinite([position, positions[parent]]).all():
            points += [point(positions[parent]), point(position)]
    return points


def shape_marker(
    person: NamedPerson, header: Header, index: int, kind: int, size_m: float
) -> Marker:
    """
    Make an empty marker in the person's colour.

    :param person: whose.
    :param header: of the image.
    :param index: number among the person's markers.
    :param kind: a constant of ``Marker``.
    :param size_m: scale along all axes.
    """
    marker = Marker(header=header, ns=person.person_id, id=index, type=kind, action=Marker.ADD)
    marker.scale.x = marker.scale.y = marker.scale.z = size_m
    marker.color = _colour(person)
    marker.lifetime = to_duration(LIFETIME_S)
    return marker


def _erase(person: NamedPerson, header: Header, index: int) -> Marker:
    return Marker(header=header, ns=person.person_id, id=index, action=Marker.DELETE)


def _colour(person: NamedPerson) -> ColorRGBA:
    """Give each person a hue of their own that stays the same from run to run."""
    hue = zlib.crc32(person.person_id.encode()) % 360 / 360
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.8, 1.0)
    alpha = OCCLUDED_ALPHA if person.state is TrackingState.OCCLUDED else 1.0
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)


def point(position_m: Iterable[float]) -> Point:
    """
    Wrap a position.

    :param position_m: [3].
    """
    x, y, z = (float(value) for value in position_m)
    return Point(x=x, y=y, z=z)
