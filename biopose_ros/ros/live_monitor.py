"""Watches a running node: the newest angles, their history, latencies, and pictures."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image

from biopose_ros.msg import JointAngleArray
from biopose_ros.records import FloatArray
from biopose_ros.ros import qos
from biopose_ros.ros.stamps import NANOSECONDS, to_ns
from biopose_ros.sensor_messages.images import BgrImage, decode_image

# Pictures kept, and the least time between two of them.
MAX_PICTURES = 120
PICTURE_PERIOD_S = 0.5
# While a person is out of sight, angles are predicted, and grow uncertain.
SEEN = (JointAngleArray.STATE_TENTATIVE, JointAngleArray.STATE_TRACKED)


@dataclass(frozen=True)
class AngleHistory:
    """
    The angles of one person over time.

    :param names: coordinate names.
    :param times_s: [messages], since the first message of anybody.
    :param positions: [messages, coordinates], radians or metres.
    :param stddev: [messages, coordinates].
    """

    names: tuple[str, ...]
    times_s: FloatArray
    positions: FloatArray
    stddev: FloatArray


class LiveMonitor:
    """
    Subscribes to a pose node's angles and debug pictures.

    :param node: owns the subscriptions; topics are relative to its namespace.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._messages: dict[str, list[JointAngleArray]] = {}
        self._knee_ways: defaultdict[str, float] = defaultdict(float)
        self._latencies_ms: list[float] = []
        self._stamps_ns: set[int] = set()
        self._recent_ns: deque[int] = deque(maxlen=60)
        self.pictures: list[tuple[int, BgrImage]] = []
        node.create_subscription(JointAngleArray, 'joint_angles', self._on_angles, qos.OUTPUT)
        node.create_subscription(Image, 'debug_image', self._on_picture, qos.OUTPUT)

    def _on_angles(self, message: JointAngleArray) -> None:
        if message.tracking_state in SEEN:
            self._keep(message)
        stamp_ns = to_ns(message.header.stamp)
        now_ns = self._node.get_clock().now().nanoseconds
        if stamp_ns not in self._stamps_ns:
            self._stamps_ns.add(stamp_ns)
            self._latencies_ms.append((now_ns - stamp_ns) * 1e-6)
            self._recent_ns.append(now_ns)

    def _keep(self, message: JointAngleArray) -> None:
        messages = self._messages.setdefault(message.person_id, [])
        if messages:
            knees = [i for i, name in enumerate(message.name) if name.startswith('knee_angle')]
            ways = [abs(message.position[i] - messages[-1].position[i]) for i in knees]
            self._knee_ways[message.person_id] += sum(ways)
        messages.append(message)

    def _on_picture(self, message: Image) -> None:
        stamp_ns = to_ns(message.header.stamp)
        if self.pictures and stamp_ns - self.pictures[-1][0] < PICTURE_PERIOD_S * NANOSECONDS:
            return
        self.pictures.append((stamp_ns, decode_image(message).copy()))
        if len(self.pictures) > MAX_PICTURES:  # thin out a long session evenly
            del self.pictures[1::2]

    @property
    def frames(self) -> int:
        """Count the images that gave angles."""
        return len(self._stamps_ns)

    @property
    def rate_hz(self) -> float:
        """Rate of images with angles over the last seconds."""
        if len(self._recent_ns) < 2:
            return 0.0
        span_ns = self._recent_ns[-1] - self._recent_ns[0]
        return (len(self._recent_ns) - 1) * NANOSECONDS / span_ns if span_ns else 0.0

    def latency_ms(self, percentile: float) -> float:
        """
        Time from an image's stamp to the arrival of its first angles; NaN before any.

        :param percentile: 0 to 100.
        """
        return float(np.percentile(self._latencies_ms, percentile)) if self.frames else np.nan

    @property
    def newest(self) -> JointAngleArray | None:
        """Give the last sighting of the person who moves most."""
        messages = self._liveliest()
        return messages[-1] if messages else None

    def history(self) -> AngleHistory | None:
        """Give the angles of the person who moves most."""
        messages = self._liveliest()
        if not messages:
            return None
        start_ns = min(self._stamps_ns)
        return AngleHistory(
            names=tuple(messages[0].name),
            times_s=np.array([to_ns(m.header.stamp) - start_ns for m in messages]) / NANOSECONDS,
            positions=np.array([m.position for m in messages]),
            stddev=np.array([m.stddev for m in messages]),
        )

    def _liveliest(self) -> list[JointAngleArray]:
        """Give the sightings of the person with the largest sum of knee movements."""
        persons = self._messages.items()
        return max(persons, key=lambda one: self._knee_ways[one[0]], default=('', []))[1]
