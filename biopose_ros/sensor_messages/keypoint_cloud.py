"""2D keypoints of another detector out of ``sensor_msgs/PointCloud2`` messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biopose_ros.keypoints.detected import DetectedKeypoints, KeypointError, detected_keypoints

# PointField's numbers for the types of values.
_KINDS = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
_TEXT = 2  # UINT8
_NUMBERS = ('x', 'y', 'confidence')
_REMEDY = (
    'publish fields x, y (pixels), confidence (0 to 1) as FLOAT32, person as a number or UINT8 '
    'text, and name as UINT8 text'
)


def read_keypoint_cloud(message: Any, stamp_ns: int) -> DetectedKeypoints:
    """
    Read the keypoints of everybody in one image.

    Each point has ``x`` and ``y`` (pixels), ``confidence`` (0 to 1), ``person`` (whose it is: a
    number or a text) and ``name`` (a text, see :data:`biopose_ros.keypoints.formats.POINTS`).
    Texts are UINT8 of a fixed count, filled up with zeros. Points left out are unknown.

    :param message: ``sensor_msgs/PointCloud2``.
    :param stamp_ns: of the image.
    :raises KeypointError: when the message has other fields or sizes.
    """
    points = _points(message)
    persons, rows = _order([_text(value) for value in points['person'].tolist()])
    names, columns = _order([_text(value) for value in points['name'].tolist()])
    keypoints_px = np.full((len(persons), len(names), 2), np.nan)
    confidence = np.zeros((len(persons), len(names)))
    keypoints_px[rows, columns] = np.stack([points['x'], points['y']], axis=-1)
    confidence[rows, columns] = points['confidence']
    return detected_keypoints(names, keypoints_px, confidence, stamp_ns, 'keypoints')


def _points(message: Any) -> NDArray[np.void]:
    fields = {field.name: field for field in message.fields}
    missing = [name for name in (*_NUMBERS, 'person', 'name') if name not in fields]
    if missing:
        raise KeypointError(
            f'keypoints: the cloud has no field {missing[0]!r} among {sorted(fields)}; {_REMEDY}'
        )
    if fields['name'].datatype != _TEXT:
        raise KeypointError(f'keypoints: field name is no UINT8 text; {_REMEDY}')
    order = '>' if message.is_bigendian else '<'
    wanted = [fields[name] for name in (*_NUMBERS, 'person', 'name')]
    unknown = [field for field in wanted if field.datatype not in _KINDS]
    if unknown:
        raise KeypointError(
            f'keypoints: field {unknown[0].name} has the unknown type {unknown[0].datatype}'
        )
    count = message.width * message.height
    try:
        kind = np.dtype(
            {
                'names': [field.name for field in wanted],
                'formats': [_format(field, order) for field in wanted],
                'offsets': [field.offset for field in wanted],
                'itemsize': message.point_step,
            }
        )
        return np.frombuffer(message.data, kind, count) if count else np.zeros(0, kind)
    except ValueError as error:
        raise KeypointError(
            f'keypoints: {count} points of {message.point_step} bytes do not fit the fields and '
            f'{len(message.data)} bytes ({error}); {_REMEDY}'
        ) from error


def _format(field: Any, order: str) -> str:
    is_text = field.name in ('person', 'name') and field.datatype == _TEXT
    return f'S{field.count}' if is_text else order + _KINDS[field.datatype]


def _text(value: Any) -> str:
    return value.decode('ascii', 'replace') if isinstance(value, bytes) else str(value)


def _order(values: list[str]) -> tuple[tuple[str, ...], list[int]]:
    """:returns: the different values as they first come, and the place of each value there."""
    different = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return tuple(different), [different[value] for value in values]
