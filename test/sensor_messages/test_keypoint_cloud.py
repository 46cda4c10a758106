from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.keypoints import KeypointError
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.sensor_messages.keypoint_cloud import read_keypoint_cloud

KINDS = {'f4': 7, 'f8': 8, 'i4': 5, 'u1': 2}


@dataclass
class Field:
    name: str
    offset: int
    datatype: int
    count: int = 1


@dataclass
class Cloud:
    """What is read of a sensor_msgs/PointCloud2."""

    fields: list
    data: bytes
    width: int
    point_step: int
    height: int = 1
    is_bigendian: bool = False


def cloud(rows, order='<', person='i4'):
    """Rows of person, name, x, y, confidence; written by numpy's own layout."""
    is_text = person.startswith('S')
    kind = np.dtype(
        [
            ('name', 'S16'),
            ('pad', 'S3'),
            ('person', person if is_text else order + person),
            *((name, order + 'f4') for name in ('x', 'y', 'confidence')),
        ]
    )
    points = np.zeros(len(rows), kind)
    for point, (who, name, *numbers) in zip(points, rows, strict=True):
        point['person'], point['name'] = who, name.encode()
        point['x'], point['y'], point['confidence'] = numbers
    fields = [
        Field('name', 0, KINDS['u1'], 16),
        Field(
            'person',
            kind.fields['person'][1],
            KINDS['u1'] if is_text else KINDS[person],
            kind['person'].itemsize if is_text else 1,
        ),
        *(Field(n, kind.fields[n][1], KINDS['f4']) for n in ('x', 'y', 'confidence')),
    ]
    return Cloud(fields, points.tobytes(), len(rows), kind.itemsize, is_bigendian=order == '>')


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.sampled_from(sorted(POINTS))),
        st.tuples(
            st.floats(-1e4, 1e4, width=32), st.floats(-1e4, 1e4, width=32), st.floats(0.125, 1)
        ),
        max_size=20,
    ),
    st.sampled_from('<>'),
)
def test_points_come_back_in_any_order_and_byte_order(points, order):
    found = read_keypoint_cloud(
        cloud([(who, name, *numbers) for (who, name), numbers in points.items()], order), 5
    )
    persons = list(dict.fromkeys(who for who, _ in points))
    assert found.keypoints_px.shape == (len(persons), len(found.names), 2)
    assert np.count_nonzero(found.confidence) == len(points)
    for (who, name), (x, y, confidence) in points.items():
        row, column = persons.index(who), found.names.index(name)
        assert found.keypoints_px[row, column].tolist() == [x, y]
        assert found.confidence[row, column] == pytest.approx(confidence, rel=1e-6)


def test_persons_may_be_texts():
    rows = [(b'ann', 'nose', 1, 2, 1), (b'bob', 'nose', 3, 4, 1)]
    found = read_keypoint_cloud(cloud(rows, person='S8'), 5)
    assert found.keypoints_px[:, 0].tolist() == [[1, 2], [3, 4]]
    assert (found.names, found.stamp_ns) == (('nose',), 5)


def spoilt(**changes):
    message = cloud([(0, 'nose', 1, 2, 1)])
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ('message', 'text'),
    [
        (spoilt(fields=[]), "no field 'x' among []; publish fields x, y (pixels)"),
        (spoilt(data=b'123'), '1 points of 35 bytes do not fit the fields and 3 bytes'),
        (spoilt(point_step=4), 'do not fit the fields'),
        (spoilt(width=7), '7 points of 35 bytes'),
        (cloud([(0, 'tail', 1, 2, 1)]), "unknown keypoint 'tail'"),
        (cloud([(0, 'nose', 1, 2, 99)]), 'a confidence is 99'),
    ],
)
def test_wrong_messages_are_explained(message, text):
    with pytest.raises(KeypointError) as error:
        read_keypoint_cloud(message, 0)
    assert text in str(error.value)


def test_wrong_types_are_explained():
    message = cloud([(0, 'nose', 1, 2, 1)])
    message.fields[0] = Field('name', 0, KINDS['f4'])
    with pytest.raises(KeypointError, match='field name is no UINT8 text'):
        read_keypoint_cloud(message, 0)
    message = cloud([(0, 'nose', 1, 2, 1)])
    message.fields[2].datatype = 42
    with pytest.raises(KeypointError, match='field x has the unknown type 42'):
        read_keypoint_cloud(message, 0)


def test_a_cloud_by_sensor_msgs_py_is_read():
    module = pytest.importorskip('sensor_msgs_py.point_cloud2')
    from sensor_msgs.msg import PointField
    from std_msgs.msg import Header

    sent = cloud([(0, 'nose', 10.0, 20.0, 0.5), (1, 'left_wrist', 30.0, 40.0, 1.0)])
    fields = [
        PointField(name=f.name, offset=f.offset, datatype=f.datatype, count=f.count)
        for f in sent.fields
    ]
    points = np.frombuffer(sent.data, module.dtype_from_fields(fields))
    found = read_keypoint_cloud(module.create_cloud(Header(), fields, points), 5)
    assert found.names == ('nose', 'left_wrist')
    np.testing.assert_array_equal(found.keypoints_px[0, 0], [10.0, 20.0])
    np.testing.assert_array_equal(found.confidence, [[0.5, 0.0], [0.0, 1.0]])
