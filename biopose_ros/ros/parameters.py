"""The parameters of the node: names, ranges, units, and what may change while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import pi
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from biopose_ros.detection.config import AUTO
from biopose_ros.frames import HIGHEST_CAMERA_M, GroundFrame
from biopose_ros.pipeline import METHODS
from biopose_ros.pretrained.networks import LANDMARK_MODELS
from biopose_ros.refinement.refiner import RefinementConfig
from biopose_ros.ros.qos import RELIABILITIES


@dataclass(frozen=True)
class ParameterSpec:
    """
    One parameter.

    :param bounds: smallest and largest value of a number, None for others.
    :param choices: allowed texts, empty for any.
    :param is_dynamic: may change at any time; others only while the node is unconfigured.
    :param is_read_only: fixed at start.
    """

    name: str
    default: bool | int | float | str
    description: str
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    is_dynamic: bool = False
    is_read_only: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Describe the parameter to `ros2 param describe` and to graphical tools."""
        descriptor = ParameterDescriptor(description=self.description, read_only=self.is_read_only)
        if self.choices:
            descriptor.additional_constraints = f'one of: {", ".join(self.choices)}'
        elif not self.is_dynamic and not self.is_read_only:
            descriptor.additional_constraints = 'changes only while the node is unconfigured'
        if self.bounds is not None:
            low, high = self.bounds
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(low), to_value=float(high))
                ]
        return descriptor


@dataclass(frozen=True)
class NodeSettings:
    """The values of all parameters; meanings and units are in :data:`PARAMETERS`."""

    autostart: bool
    method: str
    device: str
    landmark_model: str
    mesh_weights: str
    max_persons: int
    height_m: float
    mass_kg: float
    refine_iterations: int
    refine_budget_ms: float
    smoothing: float
    image_transport: str
    image_reliability: str
    image_is_rectified: bool
    focal_length_px: float
    camera_pitch_rad: float
    camera_roll_rad: float
    camera_height_m: float
    keypoints_topic: str
    keypoints_wait_s: float
    stale_after_s: float
    person_id_prefix: str
    publish_tf: bool
    robot_state_publisher: bool
    publish_markers: bool
    publish_meshes: bool
    publish_virtual_markers: bool
    publish_debug_image: bool
    debug_image_hz: float

    def ground_frame(self) -> GroundFrame:
        """Give the ground frame of a camera that is mounted so."""
        return GroundFrame.of_camera(
            self.camera_pitch_rad, self.camera_roll_rad, self.camera_height_m
        )


DEFAULT_REFINEMENT = RefinementConfig()
PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'autostart',
        True,
        'Configure and activate at start; false leaves both to a lifecycle manager.',
        is_read_only=True,
    ),
    ParameterSpec(
        'method',
        'biopose',
        'How joint angles are found. biopose: from the mesh of each person, by networks; '
        'landmarks: BlazePose landmarks and inverse kinematics; neurik: these, corrected by a '
        'network that sees the last second.',
        choices=METHODS,
    ),
    ParameterSpec('device', 'auto', 'Where the networks run: auto, cpu, cuda, or cuda:N.'),
    ParameterSpec(
        'landmark_model',
        AUTO,
        'Size of the landmark network: accuracy against speed; auto takes the most accurate one '
        'that is imported for biopose, else full.',
        choices=(AUTO, *LANDMARK_MODELS),
    ),
    ParameterSpec(
        'mesh_weights',
        '',
        "Weights file of one's own for method biopose, from `biopose train mesh`, its encoder "
        'beside it where that was trained, too. Empty for those that ship with the package.',
    ),
    ParameterSpec('max_persons', 4, 'How many persons to follow at most.', bounds=(1, 16)),
    ParameterSpec(
        'height_m',
        0.0,
        'Standing height of the person, metres; 0 estimates it. Right for one person only.',
        bounds=(0.0, 2.6),
    ),
    ParameterSpec(
        'mass_kg',
        0.0,
        'Mass of the person, for subject models; 0 estimates it. Right for one person only.',
        bounds=(0.0, 400.0),
    ),
    ParameterSpec(
        'refine_iterations',
        DEFAULT_REFINEMENT.iterations,
        'Steps that bring each recovered body onto the 2D keypoints, at most; 0 takes none. '
        'Method biopose only.',
        bounds=(0, 20),
    ),
    ParameterSpec(
        'refine_budget_ms',
        DEFAULT_REFINEMENT.budget_ms,
        'Time for these steps, all persons of an image together, milliseconds.',
        bounds=(0.0, 1000.0),
    ),
    ParameterSpec(
        'smoothing',
        0.5,
        'Strength of the causal filter on the coordinates: 0 none, 1 strongest, unitless.',
        bounds=(0.0, 1.0),
        is_dynamic=True,
    ),
    ParameterSpec(
        'image_transport',
        'raw',
        'raw subscribes to Image, compressed to CompressedImage on <image>/compressed.',
        choices=('raw', 'compressed'),
    ),
    ParameterSpec(
        'image_reliability',
        'auto',
        'Quality of service of the image subscription; auto: reliable where all publishers are.',
        choices=RELIABILITIES,
    ),
    ParameterSpec(
        'image_is_rectified',
        False,
        'Images have no lens distortion left; CameraInfo.P is used in place of K and D.',
    ),
    ParameterSpec(
        'focal_length_px',
        0.0,
        'Focal length of a camera without calibration, pixels; 0 assumes a typical camera.',
        bounds=(0.0, 50000.0),
    ),
    ParameterSpec(
        'camera_pitch_rad',
        0.0,
        'How far the camera looks down, radians; negative looks up. Levels the ground frame.',
        bounds=(-pi / 2, pi / 2),
    ),
    ParameterSpec(
        'camera_roll_rad',
        0.0,
        "How far the camera's right side is down, radians. Levels the ground frame.",
        bounds=(-pi, pi),
    ),
    ParameterSpec(
        'camera_height_m',
        0.0,
        'Height of the camera over the floor, metres; 0 leaves y = 0 at the camera.',
        bounds=(0.0, HIGHEST_CAMERA_M),
    ),
    ParameterSpec(
        'keypoints_topic',
        '',
        "PointCloud2 with another detector's 2D keypoints, stamped as their images; they take the "
        "place of the node's own where they come in time. Empty for none.",
    ),
    ParameterSpec(
        'keypoints_wait_s',
        0.1,
        'How long an image waits for its keypoints of that topic, seconds.',
        bounds=(0.0, 1.0),
    ),
    ParameterSpec(
        'stale_after_s',
        2.0,
        'Without a new image for so long, warn, and report the persons as lost; seconds.',
        bounds=(0.2, 60.0),
        is_dynamic=True,
    ),
    ParameterSpec(
        'person_id_prefix',
        '',
        'Put before person ids and the names of all frames; tells two cameras apart.',
    ),
    ParameterSpec('publish_tf', True, 'Broadcast the segment frames on /tf.', is_dynamic=True),
    ParameterSpec(
        'robot_state_publisher',
        False,
        'A robot_state_publisher broadcasts the first person from robot_description and '
        'joint_states; the node then sends only the root frame of that person.',
    ),
    ParameterSpec('publish_markers', True, 'Draw the skeletons as RViz markers.', is_dynamic=True),
    ParameterSpec(
        'publish_meshes',
        False,
        'Draw the recovered bodies as triangles, to whoever subscribes; method biopose only.',
        is_dynamic=True,
    ),
    ParameterSpec(
        'publish_virtual_markers',
        False,
        'Publish named points of the recovered bodies as PointCloud2; method biopose only.',
        is_dynamic=True,
    ),
    ParameterSpec(
        'publish_debug_image',
        False,
        'Publish the picture with the skeletons drawn over it, to whoever subscribes.',
        is_dynamic=True,
    ),
    ParameterSpec(
        'debug_image_hz',
        5.0,
        'Debug images per second at most; large images cost the node as much as the estimate.',
        bounds=(0.1, 120.0),
        is_dynamic=True,
    ),
)

_SPECS = {spec.name: spec for spec in PARAMETERS}
SHORTEST_PERSON_M = 0.5


def declare_parameters(node: Node) -> None:
    """
    Declare all parameters.

    :raises rclpy.exceptions.InvalidParameterValueException: on a start value out of range.
    :raises rclpy.exceptions.InvalidParameterTypeException: on one of the wrong type.
    """
    for spec in PARAMETERS:
        node.declare_parameter(spec.name, spec.default, spec.descriptor())


def read_settings(node: Node) -> NodeSettings:
    """Read the present values."""
    return NodeSettings(
        **{field.name: node.get_parameter(field.name).value for field in fields(NodeSettings)}
    )


def check_parameters(
    parameters: Sequence[Parameter[Any]], is_configured: bool
) -> SetParametersResult:
    """
    Judge new values beyond what the descriptors say.

    :param is_configured: the node holds its networks, so only dynamic parameters may change.
    """
    for parameter in parameters:
        spec = _SPECS.get(parameter.name)
        reason = _objection(spec, parameter.value, is_configured) if spec else ''
        if reason:
            return SetParametersResult(successful=False, reason=f'{parameter.name}: {reason}')
    return SetParametersResult(successful=True)


def _objection(spec: ParameterSpec, value: object, is_configured: bool) -> str:
    """Say why a value is refused, '' where it is not."""
    if is_configured and not spec.is_dynamic:
        return 'changes only while unconfigured; run `ros2 lifecycle set` deactivate and cleanup'
    if spec.choices and value not in spec.choices:
        return f'{value!r} is not one of {", ".join(spec.choices)}'
    if spec.name == 'height_m' and isinstance(value, float) and 0.0 < value < SHORTEST_PERSON_M:
        return f'{value:g} m is no standing height; give metres, or 0 to estimate it'
    return ''
