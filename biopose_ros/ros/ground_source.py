"""Where up is before a camera that moves, image by image: from TF, or from an Imu."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.records import FloatArray
from biopose_ros.ros import qos
from biopose_ros.ros.stamps import NANOSECONDS, to_ns
from biopose_ros.ros.tf_lookup import TfLookup
from biopose_ros.settings import NodeConfig

IMU_TOPIC = 'imu'
# Accelerations of a robot that drives die away over this time, seconds.
SETTLING_S = 0.5
# A message older than this no longer gives the direction of gravity, seconds.
STALE_S = 1.0
# A camera whose optical axis points up as steeply looks at the ceiling, or is none.
_CEILING = np.cos(np.radians(20.0))


class GroundError(RuntimeError):
    """It is not known where up is; the text names what is missing."""


class GroundSource(Protocol):
    """Tells where the ground is before a camera that moves."""

    def at(self, header: Header) -> GroundFrame:
        """
        Give the ground before the camera.

        :param header: of the image.
        :raises RuntimeError: where it is not known.
        """

    def close(self) -> None:
        """Leave the topics."""


class TargetGround:
    """
    A frame of the robot's with z up.

    :param transforms: knows where the camera is in it.
    :param frame: its name.
    """

    def __init__(self, transforms: TfLookup, frame: str) -> None:
        self._transforms, self._frame = transforms, frame

    def at(self, header: Header) -> GroundFrame:
        """Give the ground before the camera at the image's stamp."""
        stamp = Time.from_msg(header.stamp)
        return GroundFrame.of_pose(*self._transforms.look_up(self._frame, header.frame_id, stamp))

    def close(self) -> None:
        """Leave the topics; TF is the caller's."""


def ground_source(
    node: Node, settings: NodeConfig, transforms: TfLookup | None
) -> GroundSource | None:
    """
    Make the source that the settings ask for.

    :param node: owns its subscriptions.
    :param settings: of the node.
    :param transforms: knows where the camera is in the target frame, where there is one.
    :returns: None where the camera stands still, as it is mounted.
    """
    if settings.ground_from == 'imu':
        return ImuGround(node, settings.pipeline.camera_height_m)
    if settings.ground_from == 'target_frame' and transforms is not None:
        return TargetGround(transforms, settings.target_frame)
    return None


class ImuGround:
    """
    Levels the ground by an Imu on the camera, or elsewhere on the robot where TF knows.

    Its orientation is used where it states one, else the acceleration, which points up at rest.

    :param node: owns the subscription.
    :param camera_height_m: over the floor.
    """

    def __init__(self, node: Node, camera_height_m: float) -> None:
        self._node, self._camera_height_m = node, camera_height_m
        self._transforms: TfLookup | None = None
        self._up: FloatArray = np.zeros(3)
        self._header = Header()
        self._arrived_s = -np.inf
        self._subscription = node.create_subscription(Imu, IMU_TOPIC, self._receive, qos.IMU)

    def at(self, header: Header) -> GroundFrame:
        """Give the ground before the camera by the newest message."""
        age_s = time.monotonic() - self._arrived_s
        if age_s > STALE_S:
            raise GroundError(
                f'ground_from is imu, but no message has come on {self._subscription.topic_name} '
                f'for {STALE_S:.0f} s: remap imu to the topic of the Imu'
            )
        up, frame = self._up, self._header.frame_id
        if frame != header.frame_id:
            # Both are mounted on one robot: where they are to each other, the last word counts.
            up = self._lookup().look_up(header.frame_id, frame, Time())[0] @ up
        return GroundFrame.of_up(up, self._camera_height_m)

    def _lookup(self) -> TfLookup:
        if self._transforms is None:
            self._transforms = TfLookup(self._node)
        return self._transforms

    def _receive(self, message: Imu) -> None:
        turn, pull = message.orientation, message.linear_acceleration
        quaternion = np.array([turn.x, turn.y, turn.z, turn.w])
        now = np.array([pull.x, pull.y, pull.z])
        # -1 says that there is no orientation (sensor_msgs/Imu); many leave it as it was made.
        has_orientation = message.orientation_covariance[0] != -1 and quaternion[:3].any()
        if not np.isfinite(quaternion if has_orientation else now).all():
            return  # a reading that failed
        if has_orientation:
            self._up = Rotation.from_quat(quaternion).as_matrix()[2]
        else:
            step_s = (to_ns(message.header.stamp) - to_ns(self._header.stamp)) / NANOSECONDS
            kept = np.exp(-step_s / SETTLING_S) if 0 < step_s < STALE_S else 0.0
            self._up = kept * self._up + (1 - kept) * now
        self._header = message.header
        if self._up.any():
            self._arrived_s = time.monotonic()

    def close(self) -> None:
        """Leave the topics."""
        self._node.destroy_subscription(self._subscription)
        if self._transforms is not None:
            self._transforms.close()


def axes_warning(ground: GroundFrame, frame_id: str) -> str:
    """
    Warn where a camera's frame is not an optical one, by the direction of gravity.

    :param ground: seen from the camera.
    :param frame_id: of the image.
    :returns: '' where it is one.
    """
    if ground.up[2] < _CEILING:
        return ''
    return (
        f'the z axis of {frame_id} points up: the camera looks at the ceiling, or the frame is '
        'not an optical one (x right, y down, z forward); in that case have the camera driver '
        'name its optical frame'
    )
