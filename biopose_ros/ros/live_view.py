"""A running node's topics in the viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from biopose_ros.msg import JointAngleArray, SubjectModel
from biopose_ros.ros import qos

# What the node publishes, and the name under which the view knows it.
TOPICS: tuple[tuple[type, str, str, Any], ...] = (
    (JointAngleArray, 'joint_angles', 'biopose_ros/msg/JointAngleArray', qos.OUTPUT),
    (SubjectModel, 'subject_model', 'biopose_ros/msg/SubjectModel', qos.latched(16)),
    (CameraInfo, 'camera_info', 'sensor_msgs/msg/CameraInfo', qos.CAMERA_INFO),
    (Image, 'debug_image', 'sensor_msgs/msg/Image', qos.OUTPUT),
    (MarkerArray, 'meshes', 'visualization_msgs/msg/MarkerArray', qos.OUTPUT),
)


def watch(
    handler: Callable[[str], Callable[[Any], Any] | None],
    namespace: str,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """
    Hand messages over until interrupted.

    :param handler: gives the function that shows a type of message; see
        :meth:`~biopose_ros.viewer.messages.MessageView.handler`.
    :param namespace: of the node.
    :param is_over: asked ten times a second.
    """
    rclpy.init()
    node = rclpy.create_node('viewer', namespace=namespace)
    for message_type, topic, name, profile in TOPICS:
        show = handler(name)
        if show is not None:
            node.create_subscription(message_type, topic, show, profile)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok() and not is_over():
            executor.spin_once(timeout_sec=0.1)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
