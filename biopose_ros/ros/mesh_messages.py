"""Recovered bodies as messages: the skin for RViz, and the virtual markers as named points."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from biopose_ros.body import BodyModel, load_body
from biopose_ros.body.surface import body_vertices_m, coarse_faces
from biopose_ros.ros.markers import point, shape_marker
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

# RViz and the network carry a few thousand triangles easily, the body's own 25,000 not.
CELL_M = 0.03
# Text of a point: ASCII, filled up with zero bytes.
PERSON_BYTES, NAME_BYTES = 32, 24
CLOUD_POINT = np.dtype(
    [
        *((axis, '<f4') for axis in 'xyz'),
        ('confidence', '<f4'),
        ('person', f'S{PERSON_BYTES}'),
        ('name', f'S{NAME_BYTES}'),
    ]
)


def mesh_markers(
    persons: Iterable[NamedPerson], header: Header, body: Path | None = None
) -> MarkerArray:
    """
    Draw everybody's skin as one list of triangles.

    :param persons: those without a recovered body are left out.
    :param header: of the image.
    :param body: the body model that was recovered; None for the default one.
    """
    model, faces = _drawn_body(body)
    markers = []
    for person in persons:
        if person.body is not None:
            marker = shape_marker(person, header, 0, Marker.TRIANGLE_LIST, 1.0)
            corners_m = body_vertices_m(model, person.body)[faces.reshape(-1)]
            marker.points = [point(corner_m) for corner_m in corners_m.tolist()]
            markers.append(marker)
    return MarkerArray(markers=markers)


def virtual_marker_cloud(persons: Iterable[NamedPerson], header: Header) -> PointCloud2:
    """
    Give everybody's virtual markers.

    Each point has ``x``, ``y``, ``z`` (metres, the header's frame) and ``confidence`` (0 to 1) as
    FLOAT32, then ``person`` and ``name`` as UINT8 texts of 32 and 24 bytes (ASCII, filled up with
    zeros), so that a recorded cloud can be read alone.

    :param persons: those without a recovered body are left out.
    :param header: of the image.
    """
    clouds = [_points(person) for person in persons if person.body is not None]
    points = np.concatenate([np.zeros(0, CLOUD_POINT), *clouds])
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=_fields(),
        is_bigendian=False,
        point_step=CLOUD_POINT.itemsize,
        row_step=points.nbytes,
        data=points.tobytes(),
        is_dense=True,
    )


def _points(person: NamedPerson) -> NDArray[np.void]:
    assert person.body is not None
    found = person.body.rescaled
    points = np.zeros(len(MARKER_NAMES), CLOUD_POINT)
    for axis, values in zip('xyz', found.markers_m.T, strict=True):
        points[axis] = values
    points['confidence'] = found.marker_confidence
    points['person'] = person.person_id.encode('ascii', 'replace')
    points['name'] = [name.encode() for name in MARKER_NAMES]
    return points


def _fields() -> list[PointField]:
    numbers = ['x', 'y', 'z', 'confidence']
    kinds = [(name, PointField.FLOAT32, 1) for name in numbers]
    kinds += [('person', PointField.UINT8, PERSON_BYTES), ('name', PointField.UINT8, NAME_BYTES)]
    offsets = CLOUD_POINT.fields
    assert offsets is not None
    return [
        PointField(name=name, offset=offsets[name][1], datatype=kind, count=count)
        for name, kind, count in kinds
    ]


@lru_cache(maxsize=1)
def _drawn_body(path: Path | None) -> tuple[BodyModel, NDArray[np.int64]]:
    model = load_body(path)
    return model, coarse_faces(model, CELL_M)
