"""How fast a video may be played for the pose node that watches it."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node

from biopose_ros.msg import TrackedPersons
from biopose_ros.ros import qos

# A pose node that sees fewer images of each second of movement may lose who walks.
LEAST_HZ = 6.0
_REMEMBERED = 5


class Pace:
    """
    Learns from a pose node how long it works on an image.

    :param node: owns the subscription; nobody else may spin it.
    :param topic: of the pose node's ``TrackedPersons``.
    """

    def __init__(self, node: Node, topic: str) -> None:
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._times_s: deque[float] = deque(maxlen=_REMEMBERED)
        node.create_subscription(TrackedPersons, topic, self._on_persons, qos.OUTPUT)

    def _on_persons(self, message: TrackedPersons) -> None:
        self._times_s.append(message.processing_time)

    def listen(self, duration_s: float) -> None:
        """
        Let time pass.

        :param duration_s: how much; at 0 what has arrived already is read, one message.
        """
        spin_for(self._executor, duration_s)

    @property
    def speed(self) -> float:
        """Speed of play, at most 1, at which the node sees 6 images of each second of video."""
        if not self._times_s:
            return 1.0
        return min(1.0, 1.0 / (LEAST_HZ * max(float(np.median(self._times_s)), 1e-3)))


def spin_for(executor: Executor, duration_s: float) -> None:
    """
    Handle what arrives for some time.

    :param executor: of the nodes.
    :param duration_s: for how long; at least one message is handled, if there is one.
    """
    end_s = time.monotonic() + duration_s
    executor.spin_once(timeout_sec=max(duration_s, 0.0))
    while (left_s := end_s - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left_s)
