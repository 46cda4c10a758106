"""The subscription to another detector's 2D keypoints, and the wait for those of an image."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from biopose_ros.keypoints import DetectedKeypoints, KeypointError
from biopose_ros.ros import qos
from biopose_ros.ros.stamps import to_ns
from biopose_ros.sensor_messages.keypoint_cloud import read_keypoint_cloud

KEPT_MESSAGES = 30


class KeypointInput:
    """
    Keeps the last keypoints by the stamp of their image.

    The executor's thread receives, the inference thread waits.

    :param node: owns the subscription.
    :param topic: of ``sensor_msgs/PointCloud2``, see
        :func:`biopose_ros.sensor_messages.keypoint_cloud.read_keypoint_cloud`.
    :param wait_s: how long an image waits for its keypoints.
    :param on_fault: called with the error of a message that cannot be read.
    """

    def __init__(
        self, node: Node, topic: str, wait_s: float, on_fault: Callable[[Exception], None]
    ) -> None:
        self._node = node
        self._wait_s = wait_s
        self._on_fault = on_fault
        self._condition = threading.Condition()
        self._found: dict[int, DetectedKeypoints] = {}
        self._subscription = node.create_subscription(
            PointCloud2, topic, self._receive, qos.OUTPUT
        )

    def at(self, stamp_ns: int) -> DetectedKeypoints | None:
        """
        Give the keypoints of an image, waiting for them a little.

        :param stamp_ns: of the image; that of the message must be the same.
        :returns: None where none come in time, or the topic has no publisher.
        """
        end_s = time.monotonic() + self._wait_s
        with self._condition:
            while stamp_ns not in self._found:
                left_s = end_s - time.monotonic()
                if left_s <= 0 or self._is_past(stamp_ns) or not self._has_publisher():
                    return None
                self._condition.wait(left_s)
            return self._found[stamp_ns]

    def _is_past(self, stamp_ns: int) -> bool:
        """Return whether keypoints of a later image have come: those of this one never will."""
        return any(stamp > stamp_ns for stamp in self._found)

    def _has_publisher(self) -> bool:
        return self._node.count_publishers(self._subscription.topic_name) > 0

    def _receive(self, message: PointCloud2) -> None:
        stamp_ns = to_ns(message.header.stamp)
        try:
            found = read_keypoint_cloud(message, stamp_ns)
        except KeypointError as error:
            self._on_fault(error)
            return
        with self._condition:
            if self._is_past(stamp_ns):  # stamps went back, or it is late
                self._found.clear()
            self._found[stamp_ns] = found
            while len(self._found) > KEPT_MESSAGES:
                del self._found[next(iter(self._found))]
            self._condition.notify_all()

    def close(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._subscription)
