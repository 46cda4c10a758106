"""Keeps a robot_state_publisher informed of the first person's body and joints."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from sensor_msgs.msg import JointState

from biopose_ros.ros import qos

# Below the name of the other node, which runs in the same namespace.
SERVICE = 'robot_state_publisher/set_parameters'
JOINT_STATES = 'robot_state_publisher/joint_states'


class RobotStatePublisher:
    """
    Hands a robot_state_publisher the model and the joints of one person.

    It reads models from its parameter alone. Persons come and go while it shows one of them:
    the person who has been present longest.

    :param node: owns client and publisher.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._client: Client[Any, Any] = node.create_client(SetParameters, SERVICE)
        self._states = node.create_publisher(JointState, JOINT_STATES, qos.OUTPUT)
        self._described = ''

    def show(self, urdf: str, state: JointState) -> None:
        """
        Send one person's joints, and the model where it is another than before.

        Nothing waits for the answer, for the inference thread must not stand still.
        """
        if urdf != self._described and self._client.service_is_ready():
            self._described = urdf
            value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=urdf)
            parameter = Parameter(name='robot_description', value=value)
            self._client.call_async(SetParameters.Request(parameters=[parameter]))
        self._states.publish(state)

    def close(self) -> None:
        """Destroy client and publisher."""
        self._node.destroy_client(self._client)
        self._node.destroy_publisher(self._states)
