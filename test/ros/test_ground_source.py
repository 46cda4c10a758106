"""Gravity from the robot; tf2 itself, which no wheel has, is a stand-in here."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from ros_graph import FRAME_ID, ONE, node_and_probe, values
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.ros.ground_source import (
    GroundError,
    ImuGround,
    TargetGround,
    axes_warning,
    ground_source,
)
from biopose_ros.ros.stamps import to_time
from biopose_ros.settings import NodeConfig

IMAGE = Header(stamp=to_time(10 * 10**9), frame_id='camera_optical')
# REP-103 axes of the camera's body to the robot's; the optical axes in the body's.
PITCH_DOWN = Rotation.from_euler('y', 0.4)
OPTICAL = Rotation.from_matrix([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
# Optical axes of a camera that looks down by 0.4 radians: up is -y, leant towards -z.
UP = (PITCH_DOWN * OPTICAL).inv().apply([0.0, 0.0, 1.0])


class Lookup:
    """A camera that looks down, 1.5 m up and 2 m ahead of the frame."""

    def look_up(self, target, source, stamp):
        assert (target, source) == ('odom', 'camera_optical')
        assert stamp.nanoseconds == 10 * 10**9
        return (PITCH_DOWN * OPTICAL).as_matrix(), np.array([2.0, 0.0, 1.5])


def test_a_target_frame_is_the_ground():
    ground = TargetGround(Lookup(), 'odom').at(IMAGE)
    assert ground.is_static
    # Something on the floor at 5 m ahead of odom's origin, in OpenSim's axes: forward, up, right.
    seen_m = ground.to_camera([5.0, 0.0, -1.0])
    in_body = PITCH_DOWN.inv().apply([3.0, 1.0, -1.5])  # forward, left, up from the camera
    np.testing.assert_allclose(OPTICAL.apply(seen_m), in_body, atol=1e-12)
    np.testing.assert_allclose(ground.up, UP, atol=1e-12)


def test_up_is_where_pitch_and_roll_have_it():
    mounted = GroundFrame.of_camera(0.4, -0.2, 1.5)
    moving = GroundFrame.of_up(9.8 * mounted.up, 1.5)
    np.testing.assert_allclose(moving.camera_from_ground, mounted.camera_from_ground, atol=1e-12)
    np.testing.assert_allclose(moving.camera_m, mounted.camera_m)
    assert not moving.is_static


@pytest.fixture(scope='module')
def context():
    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


@pytest.fixture
def imu(context):
    """A source, and a function that sends it messages over DDS."""
    node = rclpy.create_node('ground', context=context, namespace='ground_source')
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    source = ImuGround(node, 1.2)
    publisher = node.create_publisher(Imu, 'imu', 10)

    def send(message, is_done):
        deadline = time.monotonic() + 60.0
        while not is_done():
            assert time.monotonic() < deadline, 'the message did not arrive'
            publisher.publish(message)
            executor.spin_once(timeout_sec=0.05)

    yield source, send
    source.close()
    executor.shutdown()
    node.destroy_node()


def _is_told(source):
    def told():
        try:
            return bool(source.at(IMAGE))
        except GroundError:
            return False

    return told


def test_acceleration_at_rest_points_up(imu):
    source, send = imu
    with pytest.raises(GroundError, match=r'/ground_source/imu for 1 s: remap imu'):
        source.at(IMAGE)
    message = Imu(header=IMAGE)
    message.orientation_covariance[0] = -1.0
    pull = message.linear_acceleration
    pull.x, pull.y, pull.z = (9.81 * UP).tolist()
    send(message, _is_told(source))
    ground = source.at(IMAGE)
    np.testing.assert_allclose(ground.up, UP, atol=1e-12)
    assert ground.camera_m[1] == 1.2


def test_orientation_counts_before_acceleration(imu):
    source, send = imu
    message = Imu(header=IMAGE)
    turn = message.orientation
    turn.x, turn.y, turn.z, turn.w = (PITCH_DOWN * OPTICAL).as_quat().tolist()
    message.linear_acceleration.x = 30.0
    send(message, _is_told(source))
    np.testing.assert_allclose(source.at(IMAGE).up, UP, atol=1e-12)


@pytest.mark.parametrize('has_orientation', [True, False])
def test_readings_that_failed_are_left_out(imu, has_orientation):
    source, send = imu
    broken = Imu(header=Header(stamp=IMAGE.stamp, frame_id='broken'))
    broken.orientation_covariance[0] = float(has_orientation) - 1.0
    broken.orientation.x = broken.linear_acceleration.x = np.nan
    message = Imu(header=Header(stamp=to_time(9_990_000_000), frame_id=IMAGE.frame_id))
    pull = message.linear_acceleration
    pull.x, pull.y, pull.z = (9.81 * UP).tolist()
    source._receive(message)
    source._receive(broken)
    send(message, _is_told(source))
    np.testing.assert_allclose(source.at(IMAGE).up, UP, atol=1e-12)


def test_an_imu_elsewhere_on_the_robot_needs_tf(imu, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    source, send = imu
    message = Imu(header=Header(stamp=IMAGE.stamp, frame_id='base_imu'))
    message.linear_acceleration.z = 9.81
    with pytest.raises(RuntimeError, match=r'need the package tf2_ros.*apt install'):
        send(message, _is_told(source))


def test_a_frame_whose_z_axis_points_up_is_not_optical():
    body = GroundFrame.of_up(np.array([0.0, 0.0, 1.0]), 0.0)
    assert 'the z axis of camera_link points up' in axes_warning(body, 'camera_link')
    assert axes_warning(GroundFrame.of_up(UP, 0.0), 'camera_optical') == ''


def test_the_settings_choose():
    assert ground_source(None, NodeConfig(), None) is None
    followed = NodeConfig(target_frame='odom', ground_from='target_frame')
    source = ground_source(SimpleNamespace(), followed, Lookup())
    assert source.at(IMAGE).camera_m[0] == 2.0


def test_the_node_sends_the_ground_that_the_imu_tells(new_namespace, tmp_path):
    namespace = new_namespace()
    options = {'topics': ('/tf', '/diagnostics')}
    name = f'{namespace[1:]}_biopose_ground'
    with node_and_probe(namespace, tmp_path / 'log.txt', '-p', 'ground_from:=imu', **options) as (
        _,
        probe,
    ):
        publisher = probe.node.create_publisher(Imu, 'imu', 10)
        message = Imu(header=Header(frame_id=FRAME_ID))
        message.linear_acceleration.y = -9.81

        def ground():
            sent = [one for tf in probe.received['/tf'] for one in tf.transforms]
            return [one for one in sent if one.child_frame_id == name]

        probe.wait_until_matched()
        told = probe.diagnostics(
            lambda status: 'remap imu' in values(status)['last fault'],
            step=lambda: probe.show(ONE),
        )
        assert f'{namespace}/imu' in values(told)['last fault']
        probe.wait_for(ground, step=lambda: (publisher.publish(message), probe.show(ONE)))
        assert ground()[0].header.frame_id == FRAME_ID
        turn = ground()[0].transform.rotation
        up = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).apply([0.0, 0.0, 1.0])
        np.testing.assert_allclose(up, [0.0, -1.0, 0.0], atol=1e-9)


@pytest.mark.parametrize(
    ('values', 'complaint'),
    [
        ({'ground_from': 'target_frame'}, 'target_frame, which is empty: name one'),
        ({'ground_from': 'imu', 'target_frame': 'odom'}, "target_frame is 'odom'"),
    ],
)
def test_what_does_not_go_together_is_refused(values, complaint):
    with pytest.raises(ValueError, match=complaint):
        NodeConfig(**values)
