"""Conversions between nanoseconds and ROS stamps."""

from __future__ import annotations

from builtin_interfaces.msg import Duration, Time

NANOSECONDS = 1_000_000_000


def to_time(stamp_ns: int) -> Time:
    """Turn nanoseconds since the epoch into a stamp."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def to_duration(seconds: float) -> Duration:
    """Turn seconds into a ROS duration."""
    sec, nanosec = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Duration(sec=sec, nanosec=nanosec)


def to_ns(stamp: Time) -> int:
    """Turn a stamp into nanoseconds since the epoch."""
    return stamp.sec * NANOSECONDS + stamp.nanosec
