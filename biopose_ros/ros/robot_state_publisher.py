"""Keeps a robot_state_publisher informed of the first person's body."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node

SERVICE = 'robot_state_publisher/set_parameters'


class RobotStatePublisher:
    """
    Hands new models to a robot_state_publisher, which reads them from its parameter alone.

    :param node: owns the service client; the other node runs in the same namespace.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._client: Client[Any, Any] = node.create_client(SetParameters, SERVICE)

    def describe(self, urdf: str) -> None:
        """Set the model; without waiting, for the inference thread must not stand still."""
        if not self._client.service_is_ready():
            return
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=urdf)
        request = SetParameters.Request(
            parameters=[Parameter(name='robot_description', value=value)]
        )
        self._client.call_async(request)

    def close(self) -> None:
        """Destroy the client."""
        self._node.destroy_client(self._client)
