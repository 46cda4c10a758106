"""Where one frame is in another, as tf2 knows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray

WAIT = Duration(nanoseconds=20_000_000)  # for a transform that is just on its way


class TransformError(RuntimeError):
    """There is no transform at the image's stamp; the text names the frames."""


class TfLookup:
    """
    Listens to TF.

    :param node: owns the subscriptions.
    :raises RuntimeError: where tf2_ros is not installed.
    """

    def __init__(self, node: Node) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            raise RuntimeError(
                f'frames of the robot need the package tf2_ros ({error}): apt install '
                'ros-$ROS_DISTRO-tf2-ros-py, or leave target_frame empty and ground_from as it is'
            ) from None
        self._buffer: Any = tf2_ros.Buffer(node=node)
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)
        self._failures: Any = tf2_ros.TransformException

    def look_up(self, target: str, source: str, stamp: Time) -> tuple[FloatArray, FloatArray]:
        """
        Tell where a frame is in another.

        :param target: the other.
        :param source: the frame.
        :param stamp: when.
        :returns: rotation [3, 3] from the source's axes to the target's, and the source's origin
            [3] in the target, metres.
        :raises TransformError: where TF does not know.
        """
        try:
            transform = self._buffer.lookup_transform(target, source, stamp, WAIT).transform
        except self._failures as error:
            raise TransformError(
                f'TF does not tell where {source} is in {target}: {error}; see `ros2 run tf2_ros '
                f'tf2_echo {target} {source}`'
            ) from None
        turn, shift = transform.rotation, transform.translation
        rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
        return rotation, np.array([shift.x, shift.y, shift.z])

    def close(self) -> None:
        """Leave TF."""
        self._listener.unregister()
