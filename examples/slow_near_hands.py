"""Slow a robot down by the distance of the nearest hand to the camera."""

import math
from contextlib import suppress

import numpy as np
import rclpy
from biopose_ros.msg import BodyPoints, JointAngleArray, TrackedPersons
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import Float64

STOP_M, FREE_M = 0.5, 1.5  # no motion below, full speed above
SILENCE_S = 0.5  # without results for so long: stop
ARRIVAL_S = 0.3  # a hand is taken to where it will be by then


def bound_m(point):
    """Give a distance that a point is very probably beyond: two sigma nearer, and moved on."""
    position = np.array([point.position.x, point.position.y, point.position.z])
    velocity = np.array([point.velocity.x, point.velocity.y, point.velocity.z])
    if not np.isfinite([position, velocity]).all():
        return 0.0  # unknown may be anywhere
    distance_m = float(np.linalg.norm(position))
    ray = position / distance_m
    stddev_m = math.sqrt(ray @ np.array(point.covariance).reshape(3, 3) @ ray)
    return distance_m - 2.0 * stddev_m + min(0.0, float(ray @ velocity)) * ARRIVAL_S


def speed_share(distance_m):
    """Give a share of the full speed, 0 to 1."""
    return min(1.0, max(0.0, (distance_m - STOP_M) / (FREE_M - STOP_M)))


def present(persons, nearest_m):
    """
    Give the distance of each person who is there.

    :param persons: of a TrackedPersons message.
    :param nearest_m: nearest hand by person_id, as far as known.
    :returns: nearest hand by person_id; who is gone is left out, and who is listed but has no
        points yet may be anywhere: 0.
    """
    here = [p.person_id for p in persons if p.tracking_state != JointAngleArray.STATE_LOST]
    return {name: nearest_m.get(name, 0.0) for name in here}


class SlowNearHands(Node):
    """Publishes ``speed_share``, 0 to 1, several times a second."""

    def __init__(self):
        super().__init__('slow_near_hands')
        self._nearest_m = {}
        self._last = None
        self._shares = self.create_publisher(Float64, 'speed_share', 1)
        self.create_subscription(BodyPoints, 'body_points', self._on_points, 10)
        self.create_subscription(TrackedPersons, 'tracked_persons', self._on_persons, 10)
        self.create_timer(0.05, self._publish)

    def _on_points(self, message):
        hands = [point for point in message.points if point.name.endswith('_hand')]
        self._nearest_m[message.person_id] = min(map(bound_m, hands))

    def _on_persons(self, message):
        """Forget who is gone; a list without anybody says that the way is free."""
        self._last = self.get_clock().now()
        self._nearest_m = present(message.persons, self._nearest_m)

    def _publish(self):
        silent = (
            self._last is None
            or (self.get_clock().now() - self._last).nanoseconds > SILENCE_S * 1e9
        )
        nearest_m = min(self._nearest_m.values(), default=math.inf)
        self._shares.publish(Float64(data=0.0 if silent else speed_share(nearest_m)))


def main():
    rclpy.init()
    with suppress(KeyboardInterrupt, ExternalShutdownException):  # Ctrl-C, or kill
        rclpy.spin(SlowNearHands())


if __name__ == '__main__':
    main()
