"""Records topics into an MCAP bag with their definitions inside, without rosbag2."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from biopose_ros.files.mcap_writer import McapWriter, TopicQos
from biopose_ros.files.message_definitions import definition_text
from biopose_ros.ros.interrupts import ros_until_interrupted
from biopose_ros.ros.topics import RESULT_TOPICS

DISCOVERY_PERIOD_S = 0.25


class Recorder:
    """
    Subscribes to topics as they appear, and writes their serialised messages unchanged.

    :param node: owns the subscriptions.
    :param folder: the bag to make.
    :param topics: names, relative to the node's namespace or absolute; ``*`` stands for any part
        of a name. Those whose type is not installed here are left out, with a warning.
    :raises FileExistsError: when the folder exists and is not empty.
    """

    def __init__(self, node: Node, folder: Path, topics: Sequence[str] = RESULT_TOPICS) -> None:
        self._node = node
        self._wanted = [_pattern(node, topic) for topic in topics]
        self._writer = McapWriter(folder)
        self._subscriptions: dict[str, Subscription[Any]] = {}
        self._left_out: set[str] = set()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(DISCOVERY_PERIOD_S, self._discover, clock=steady)
        self._discover()

    @property
    def message_count(self) -> int:
        """Messages written so far."""
        return self._writer.message_count

    @property
    def path(self) -> Path:
        """Give the MCAP file."""
        return self._writer.path

    def _discover(self) -> None:
        for topic, types in self._node.get_topic_names_and_types():
            if topic in self._subscriptions or topic in self._left_out:
                continue
            is_wanted = any(pattern.fullmatch(topic) for pattern in self._wanted)
            if is_wanted and self._node.count_publishers(topic):
                try:
                    self._subscribe(topic, types[0])
                except (LookupError, ImportError, AttributeError) as error:
                    self._left_out.add(topic)
                    self._node.get_logger().warning(f'{topic} is not recorded: {error}')

    def _subscribe(self, topic: str, type_name: str) -> None:
        profile = self._matching_profile(topic)
        qos = TopicQos(
            is_reliable=profile.reliability is ReliabilityPolicy.RELIABLE,
            is_latched=profile.durability is DurabilityPolicy.TRANSIENT_LOCAL,
            depth=profile.depth,
        )
        write = self._writing_to(topic, type_name, definition_text(type_name), qos)
        self._subscriptions[topic] = self._node.create_subscription(
            _message_class(type_name), topic, write, profile, raw=True
        )

    def _writing_to(
        self, topic: str, type_name: str, definition: str, qos: TopicQos
    ) -> Callable[[bytes], None]:
        def write(message: bytes) -> None:
            now_ns = self._node.get_clock().now().nanoseconds
            self._writer.write(topic, type_name, definition, message, now_ns, qos)

        return write

    def _matching_profile(self, topic: str) -> QoSProfile:
        """Choose the strictest quality of service that all present publishers offer."""
        offers = [p.qos_profile for p in self._node.get_publishers_info_by_topic(topic)]
        is_reliable = all(o.reliability is ReliabilityPolicy.RELIABLE for o in offers)
        is_latched = all(o.durability is DurabilityPolicy.TRANSIENT_LOCAL for o in offers)
        return QoSProfile(
            depth=100,
            reliability=(
                ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT
            ),
            durability=(
                DurabilityPolicy.TRANSIENT_LOCAL if is_latched else DurabilityPolicy.VOLATILE
            ),
        )

    def close(self) -> None:
        """Finish the bag."""
        self._node.destroy_timer(self._timer)
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._writer.close()


def _pattern(node: Node, topic: str) -> re.Pattern[str]:
    """Turn the name of a topic, or of many, into an expression for absolute names."""
    parts = topic.split('*')
    if len(parts) == 1:
        return re.compile(re.escape(node.resolve_topic_name(topic)))
    if not topic.startswith('/'):
        parts[0] = f'{node.get_namespace().rstrip("/")}/{parts[0]}'
    return re.compile('[^/]+'.join(map(re.escape, parts)))


def _message_class(type_name: str) -> Any:
    package, _, name = type_name.split('/')
    return getattr(importlib.import_module(f'{package}.msg'), name)


def main(args: Sequence[str] | None = None) -> int:
    """
    Record until interrupted; parameters `bag` (folder) and `topics`.

    :returns: exit status: 0, or 1 where the bag cannot be made.
    """
    # A message must not be left half written.
    with ros_until_interrupted(args, breaks_off=False) as stopped:
        return _record(stopped)


def _record(stopped: threading.Event) -> int:
    node = rclpy.create_node('recorder')
    folder = Path(node.declare_parameter('bag', 'biopose_bag').value)
    topics: list[str] = node.declare_parameter('topics', list(RESULT_TOPICS)).value
    try:
        recorder = Recorder(node, folder, topics)
    except FileExistsError as error:
        node.get_logger().fatal(str(error))
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    node.get_logger().info(f'recording into {folder}')
    try:
        while not stopped.is_set():
            executor.spin_once(timeout_sec=0.1)
    finally:
        recorder.close()
        print(f'{recorder.message_count} messages in {recorder.path}')
    return 0
