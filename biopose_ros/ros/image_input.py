"""The subscriptions to the camera, and the watch over them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from biopose_ros.ros import qos

ImageMessage: TypeAlias = Image | CompressedImage
COMPRESSED_SUFFIX = '/compressed'


class ImageInput:
    """
    Subscribes to one camera, in the quality of service that its publishers offer.

    :param node: owns the subscriptions.
    :param transport: raw or compressed.
    :param reliability: auto, reliable or best_effort.
    :param on_image: called with each image.
    :param on_camera_info: called with each CameraInfo.
    """

    def __init__(
        self,
        node: Node,
        transport: str,
        reliability: str,
        on_image: Callable[[ImageMessage], None],
        on_camera_info: Callable[[CameraInfo], None],
    ) -> None:
        self._node = node
        self._wanted_reliability = reliability
        self._on_image = on_image
        self._message_type = CompressedImage if transport == 'compressed' else Image
        self.topic = _image_topic(node, transport)
        self._reliability = qos.choose_reliability(reliability, self._publishers())
        self._image_subscription = self._subscribe()
        self._info_subscription = node.create_subscription(
            CameraInfo, 'camera_info', on_camera_info, qos.CAMERA_INFO
        )
        self._last_image_s = time.monotonic()

    def _subscribe(self) -> Subscription[ImageMessage]:
        return self._node.create_subscription(
            self._message_type, self.topic, self._receive, qos.image(self._reliability)
        )

    def _receive(self, message: ImageMessage) -> None:
        self._last_image_s = time.monotonic()
        self._on_image(message)

    def follow_publishers(self) -> None:
        """Subscribe anew where the publishers now offer another reliability."""
        reliability = qos.choose_reliability(self._wanted_reliability, self._publishers())
        if reliability is not self._reliability:
            self._reliability = reliability
            self._node.destroy_subscription(self._image_subscription)
            self._image_subscription = self._subscribe()

    def has_camera_info_publisher(self) -> bool:
        """Return whether the calibration has a publisher."""
        return self._node.count_publishers(self._info_subscription.topic_name) > 0

    def rivals(self) -> str:
        """Warn of several nodes that publish on the topic; '' where it is one at most."""
        ends = self._publishers()
        if len(ends) < 2:
            return ''
        names = sorted({f'{end.node_namespace.rstrip("/")}/{end.node_name}' for end in ends})
        return (
            f'{len(ends)} publishers send images on {self.topic} ({", ".join(names)}): persons of '
            'different pictures mix; stop one of them, or remap the topic'
        )

    def fault(self, stale_after_s: float) -> str:
        """
        Explain why no image comes, with the remedy.

        :param stale_after_s: how long to wait for an image before that counts as a fault.
        :returns: '' while images come.
        """
        silent_s = time.monotonic() - self._last_image_s
        if silent_s < stale_after_s:
            return ''
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if not publishers:
            return (
                f'nobody publishes {self.topic}; start the camera driver, or remap the topic '
                '(launch: image_topic:=..., see `ros2 topic list -t`)'
            )
        expected = f'sensor_msgs/msg/{self._message_type.__name__}'
        kinds = {publisher.topic_type for publisher in publishers}
        if expected not in kinds:
            return (
                f'{self.topic} carries {", ".join(sorted(kinds))}, not {expected}; set '
                'image_transport to raw or compressed as the topic is'
            )
        return self._silence(silent_s, len(publishers))

    def _silence(self, silent_s: float, publisher_count: int) -> str:
        offers = {publisher.qos_profile.reliability for publisher in self._publishers()}
        if self._reliability is ReliabilityPolicy.RELIABLE and (
            ReliabilityPolicy.BEST_EFFORT in offers
        ):
            return (
                f'{self.topic} is published best effort, which a reliable subscription never '
                'receives; set image_reliability to auto'
            )
        return (
            f'no image on {self.topic} for {silent_s:.0f} s although {publisher_count} '
            'publisher(s) are connected; the camera may have stopped, or large images are lost '
            'on the way: set FASTDDS_DEFAULT_PROFILES_FILE to the fastdds_profile.xml of this '
            'package for the camera driver too, make the publisher reliable, or use '
            'image_transport:=compressed'
        )

    def _publishers(self) -> list[TopicEndpointInfo]:
        expected = f'sensor_msgs/msg/{self._message_type.__name__}'
        return [
            publisher
            for publisher in self._node.get_publishers_info_by_topic(self.topic)
            if publisher.topic_type == expected
        ]

    def close(self) -> None:
        """End the subscriptions."""
        self._node.destroy_subscription(self._image_subscription)
        self._node.destroy_subscription(self._info_subscription)


def _image_topic(node: Node, transport: str) -> str:
    """
    Name the image topic after remapping.

    Compressed images live beside the raw topic. The remapping rule names the raw one, so the
    suffix comes after it; a rule that names the compressed topic works, too.
    """
    topic = node.resolve_topic_name('image')
    if transport == 'compressed' and not topic.endswith(COMPRESSED_SUFFIX):
        topic += COMPRESSED_SUFFIX
    return topic
