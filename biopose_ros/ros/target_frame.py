"""Points in a frame of the robot's, looked up by tf2 at the image's stamp."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header

from biopose_ros.person.body_points import BodyPoints
from biopose_ros.records import FloatArray
from biopose_ros.ros.stamps import NANOSECONDS

# Over this time the camera's own motion is measured.
MOTION_STEP_NS = 50_000_000
WAIT = Duration(nanoseconds=20_000_000)  # for a transform that is just on its way


class TransformError(RuntimeError):
    """There is no transform at the image's stamp; the text names the frames."""


class TargetFrame:
    """
    Expresses points of the camera's frame in another one.

    :param node: owns the subscriptions to TF.
    :param frame: the other one.
    :raises RuntimeError: where tf2_ros is not installed.
    """

    def __init__(self, node: Node, frame: str) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            raise RuntimeError(
                f'target_frame needs the package tf2_ros ({error}): apt install '
                'ros-$ROS_DISTRO-tf2-ros-py, or leave target_frame empty'
            ) from None
        self.frame = frame
        self._buffer: Any = tf2_ros.Buffer(node=node)
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)
        self._failures: Any = tf2_ros.TransformException

    def take_over(self, points: BodyPoints, header: Header) -> tuple[BodyPoints, Header]:
        """
        Express points in the frame; their velocities hold the camera's own motion then.

        :param points: in the frame of the header.
        :param header: of the image.
        :raises TransformError: where TF does not say where the camera was.
        """
        stamp = Time.from_msg(header.stamp)
        try:
            rotation, shift_m = self._look_up(header.frame_id, stamp)
            before = stamp - Duration(nanoseconds=MOTION_STEP_NS)
            old_rotation, old_shift_m = self._look_up(header.frame_id, before)
        except self._failures as error:
            raise TransformError(
                f'body_points cannot be given in {self.frame}: {error}; see `ros2 run tf2_ros '
                f'tf2_echo {self.frame} {header.frame_id}`'
            ) from None
        taken = points.turned(rotation, shift_m)
        moved_m = taken.positions_m - (points.positions_m @ old_rotation.T + old_shift_m)
        own = moved_m / (MOTION_STEP_NS / NANOSECONDS)
        velocities = taken.velocities_m_s + own
        taken = BodyPoints(taken.names, taken.positions_m, velocities, taken.covariances_m2)
        return taken, Header(stamp=header.stamp, frame_id=self.frame)

    def _look_up(self, camera: str, stamp: Time) -> tuple[FloatArray, FloatArray]:
        transform = self._buffer.lookup_transform(self.frame, camera, stamp, WAIT).transform
        turn, shift = transform.rotation, transform.translation
        rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
        return rotation, np.array([shift.x, shift.y, shift.z])

    def close(self) -> None:
        """Leave TF."""
        self._listener.unregister()
