"""Quality of service: what the node offers, and what it asks of the camera."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

# Results are small and every one matters to a recorder, hence reliable.
OUTPUT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
TF = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
# Their publishers offer either reliability; asking for the least matches both.
IMU = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
CAMERA_INFO = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def latched(depth: int) -> QoSProfile:
    """
    Let late subscribers still receive the last messages.

    :param depth: how many of them.
    """
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def image(reliability: ReliabilityPolicy) -> QoSProfile:
    """Ask for the newest image only: a live estimate does not use older ones."""
    return QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST, reliability=reliability)


def choose_reliability(wanted: str, publishers: Sequence[TopicEndpointInfo]) -> ReliabilityPolicy:
    """
    Pick the reliability of the image subscription.

    A reliable subscription receives large images that best effort loses, but never matches a
    best-effort publisher; so `auto` is reliable when every publisher offers it.

    :param wanted: ``auto``, ``reliable`` or ``best_effort``.
    :param publishers: known publishers of the topic, perhaps none.
    """
    if wanted == 'best_effort':
        return ReliabilityPolicy.BEST_EFFORT
    offers = (publisher.qos_profile.reliability for publisher in publishers)
    if wanted == 'auto' and ReliabilityPolicy.BEST_EFFORT in offers:
        return ReliabilityPolicy.BEST_EFFORT
    return ReliabilityPolicy.RELIABLE
