"""Topics that each person has for themselves, below ``persons/<person_id>/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node, PublisherEventCallbacks
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from biopose_ros.ros import qos
from biopose_ros.ros.topics import person_topic


def removable_publisher(node: Node, kind: Any, topic: str, profile: QoSProfile) -> Publisher[Any]:
    """
    Make a publisher that any thread may destroy.

    The executor waits for a publisher's events; one that another thread destroys just before is an
    error that ends the node. Without event callbacks there is nothing to wait for.

    :param node: owns it.
    :param kind: class of its messages.
    :param topic: its name.
    :param profile: quality of service.
    """
    silent = PublisherEventCallbacks(use_default_callbacks=False)
    return node.create_publisher(kind, topic, profile, event_callbacks=silent)


class PersonTopics:
    """
    Offers topics of persons as they come, and takes them away as they go.

    On a robot ``robot_description`` and ``joint_states`` belong to the robot; below its own name
    each person can have them, too, and a robot_state_publisher in that namespace finds them.

    :param node: owns the publishers.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publishers: dict[str, tuple[Publisher[Any], Publisher[Any]]] = {}

    def describe(self, person_id: str, urdf: str) -> None:
        """Send a person's model; the first time, offer the person's topics."""
        if person_id not in self._publishers:
            self._publishers[person_id] = (
                self._publisher(String, person_id, 'robot_description', qos.latched(1)),
                self._publisher(JointState, person_id, 'joint_states', qos.OUTPUT),
            )
        self._publishers[person_id][0].publish(String(data=urdf))

    def send(self, person_id: str, state: JointState) -> None:
        """Send the joints of a person who is described."""
        self._publishers[person_id][1].publish(state)

    def keep_only(self, present: Iterable[str]) -> None:
        """Take away the topics of everybody else."""
        for gone in self._publishers.keys() - set(present):
            for publisher in self._publishers.pop(gone):
                self._node.destroy_publisher(publisher)

    def _publisher(
        self, kind: Any, person_id: str, name: str, profile: QoSProfile
    ) -> Publisher[Any]:
        return removable_publisher(self._node, kind, person_topic(person_id, name), profile)
