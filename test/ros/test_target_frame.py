"""The arithmetic; tf2 itself, which no wheel has, is a stand-in here."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header

from biopose_ros.person.body_points import BodyPoints
from biopose_ros.ros.stamps import to_time
from biopose_ros.ros.target_frame import TargetFrame
from biopose_ros.ros.tf_lookup import TfLookup, TransformError

POINTS = BodyPoints(
    ('left_hand',), np.array([[0.0, 0.0, 2.0]]), np.array([[0.0, 0.0, -1.0]]), np.eye(3)[None]
)
AXES = Rotation.from_matrix([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])  # optical to x forward, z up


class Buffer:
    """A camera that drives forward at 0.4 m/s, one metre up, as tf2 would tell."""

    def __init__(self, node):
        self.node = node

    def lookup_transform(self, target, source, stamp, timeout):
        if source != 'camera_optical':
            raise LookupError(f'{source} does not exist')
        x, y, z, w = AXES.as_quat()
        forward = 0.4 * stamp.nanoseconds * 1e-9
        return SimpleNamespace(
            transform=SimpleNamespace(
                rotation=SimpleNamespace(x=x, y=y, z=z, w=w),
                translation=SimpleNamespace(x=forward, y=0.0, z=1.0),
            )
        )


@pytest.fixture
def frame(monkeypatch):
    listener = SimpleNamespace(unregister=lambda: None)
    stand_in = SimpleNamespace(
        Buffer=Buffer,
        TransformListener=lambda buffer, node: listener,
        TransformException=LookupError,
    )
    monkeypatch.setitem(sys.modules, 'tf2_ros', stand_in)
    return TargetFrame(TfLookup(None), 'odom', is_ground=False)


def test_positions_turn_and_velocities_hold_the_cameras_own_motion(frame):
    header = Header(stamp=to_time(10 * 10**9), frame_id='camera_optical')
    (points,), moved = frame.take_over([POINTS], header)
    assert (moved.frame_id, moved.stamp) == ('odom', header.stamp)
    np.testing.assert_allclose(points.positions_m, [[6.0, 0.0, 1.0]], atol=1e-9)
    np.testing.assert_allclose(points.velocities_m_s, [[-0.6, 0.0, 0.0]], atol=1e-6)


def test_velocities_in_the_ground_are_only_turned(frame):
    header = Header(stamp=to_time(10 * 10**9), frame_id='camera_optical')
    ground = TargetFrame(TfLookup(None), 'odom', is_ground=True)
    (points,), _ = ground.take_over([POINTS], header)
    np.testing.assert_allclose(points.velocities_m_s, [[-1.0, 0.0, 0.0]], atol=1e-9)


def test_an_unknown_camera_is_named_with_the_remedy(frame):
    with pytest.raises(TransformError, match=r'other.*odom.*not exist.*tf2_echo odom other'):
        frame.take_over([POINTS], Header(stamp=to_time(10**9), frame_id='other'))


def test_without_tf2_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    with pytest.raises(RuntimeError, match=r'apt install ros-.*-tf2-ros-py'):
        TfLookup(None)
