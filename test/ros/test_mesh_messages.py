"""Recovered bodies as messages that can be read alone."""

from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from spot_node import SpotPipeline
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from biopose_ros.files.camera import guess_camera
from biopose_ros.ros.mesh_messages import (
    CLOUD_POINT,
    NAME_BYTES,
    mesh_markers,
    virtual_marker_cloud,
)
from biopose_ros.settings import PipelineConfig
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

HEADER = Header(stamp=Time(sec=7), frame_id='camera')


@pytest.fixture(scope='module')
def persons(placed_body):
    """Two persons, of whom the second was not recovered, and a third who was."""
    image = np.zeros((240, 320, 3), np.uint8)
    for column in (40, 140, 240):
        image[40:200, column : column + 30] = 255
    first, second, third = SpotPipeline(PipelineConfig()).process(image, guess_camera(320, 240), 1)
    return replace(first, body=placed_body), second, replace(third, body=placed_body)


def test_a_mesh_is_one_list_of_triangles_on_the_body(persons, placed_body):
    first, third = mesh_markers(persons, HEADER).markers
    assert (first.ns, third.ns) == ('person_1', 'person_3')
    assert (first.header, first.type) == (HEADER, Marker.TRIANGLE_LIST)
    assert len(first.points) % 3 == 0
    assert 3000 < len(first.points) < 30000
    corners_m = np.array([[p.x, p.y, p.z] for p in first.points])
    middle_m = placed_body.rescaled.joints_m.mean(0)
    assert np.abs(corners_m.mean(0) - middle_m).max() < 0.2
    assert (first.scale.x, first.pose.orientation.w) == (1.0, 1.0)


def test_a_cloud_names_persons_and_points(persons, placed_body):
    sent = virtual_marker_cloud(persons, HEADER)
    cloud = deserialize_message(serialize_message(sent), PointCloud2)
    assert cloud.header == HEADER
    assert cloud.width == 2 * len(MARKER_NAMES)
    points = np.frombuffer(cloud.data, CLOUD_POINT)
    assert [name.decode() for name in points['name'][: len(MARKER_NAMES)]] == list(MARKER_NAMES)
    assert set(points['person']) == {b'person_1', b'person_3'}
    found_m = np.stack([points[axis] for axis in 'xyz'], 1)[: len(MARKER_NAMES)]
    np.testing.assert_allclose(found_m, placed_body.rescaled.markers_m, atol=1e-6)


def test_fields_describe_the_bytes(persons):
    cloud = virtual_marker_cloud(persons, HEADER)
    sizes = {PointField.FLOAT32: 4, PointField.UINT8: 1}
    end = 0
    for field in cloud.fields:
        assert field.offset == end
        end += sizes[field.datatype] * field.count
    assert end == cloud.point_step
    assert cloud.row_step == cloud.point_step * cloud.width == len(cloud.data)


def test_sensor_msgs_py_reads_the_positions(persons, placed_body):
    reader = pytest.importorskip('sensor_msgs_py.point_cloud2')
    cloud = virtual_marker_cloud(persons, HEADER)
    found = reader.read_points(cloud, field_names=['x', 'y', 'z'])
    assert found['z'][0] == pytest.approx(placed_body.rescaled.markers_m[0, 2], abs=1e-6)


def test_sensor_msgs_py_knows_every_field(persons):
    module = pytest.importorskip('sensor_msgs_py.point_cloud2')
    cloud = virtual_marker_cloud(persons, HEADER)
    # It has no texts, but one field for each of their bytes.
    points = module.read_points(cloud)
    letters = [bytes([points[f'name_{i}'][0]]) for i in range(NAME_BYTES)]
    assert b''.join(letters).rstrip(b'\0').decode() == MARKER_NAMES[0]
    again = module.create_cloud(HEADER, cloud.fields, points)
    assert (again.data, again.point_step, again.width) == (
        cloud.data,
        cloud.point_step,
        cloud.width,
    )


def test_nobody_gives_an_empty_cloud(persons):
    cloud = virtual_marker_cloud(persons[1:2], HEADER)
    assert (cloud.width, len(cloud.data), len(cloud.fields)) == (0, 0, 6)
    assert mesh_markers(persons[1:2], HEADER).markers == []
