"""The node's parameters: declared from the settings, and checked before they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from biopose_ros.settings import NodeConfig, Setting, build, settings_of
from biopose_ros.settings.parameter_file import check_parameter_names

SETTINGS = {setting.name: setting for setting in settings_of(NodeConfig)}


def declare_parameters(node: Node) -> None:
    """
    Declare all parameters.

    :raises ValueError: on a start value for a parameter that does not exist.
    :raises rclpy.exceptions.InvalidParameterValueException: on a start value out of range.
    :raises rclpy.exceptions.InvalidParameterTypeException: on one of the wrong type.
    """
    # Values of the command line and of parameter files; rclpy has no public name for them.
    check_parameter_names(node._parameter_overrides)
    for setting in SETTINGS.values():
        node.declare_parameter(setting.name, setting.default, descriptor(setting))


def read_settings(node: Node) -> NodeConfig:
    """
    Read the present values.

    :raises ValueError: where values contradict each other.
    """
    return build(NodeConfig, {name: node.get_parameter(name).value for name in SETTINGS})


def descriptor(setting: Setting) -> ParameterDescriptor:
    """Describe a parameter to `ros2 param describe` and to graphical tools."""
    described = ParameterDescriptor(
        description=setting.description, read_only=setting.is_read_only
    )
    if setting.choices:
        described.additional_constraints = f'one of: {setting.range_text}'
    elif not setting.is_dynamic and not setting.is_read_only:
        described.additional_constraints = 'changes only while the node is unconfigured'
    if setting.bounds is not None:
        low, high = setting.bounds
        if isinstance(setting.unset, float):  # the value that stands for None must be in range
            low = min(low, setting.unset)
        if setting.kind is int:
            described.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        else:
            described.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
    return described


def check_parameters(
    parameters: Sequence[Parameter[Any]], is_configured: bool
) -> SetParametersResult:
    """
    Check new values beyond the ranges of the descriptors.

    :param is_configured: the node holds its networks, so only dynamic parameters may change.
    """
    for parameter in parameters:
        setting = SETTINGS.get(parameter.name)
        if setting is None:
            continue
        if is_configured and not setting.is_dynamic:
            reason = (
                f'{setting.name} changes only while the node is unconfigured; run `ros2 lifecycle '
                'set` deactivate and cleanup'
            )
            return SetParametersResult(successful=False, reason=reason)
        try:
            setting.check(setting.from_parameter(parameter.value))
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)
