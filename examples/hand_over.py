"""Find where to hold an object out to somebody: an outstretched hand that rests."""

from contextlib import suppress

import numpy as np
import rclpy
from biopose_ros.msg import BodyPoints, JointAngleArray
from geometry_msgs.msg import PointStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

STRETCHED = 0.85  # distance from shoulder to wrist as a share of the arm's length
RESTING_M_S = 0.15
SURE_M = 0.15  # one sigma along the worst axis
FOR_S = 0.5  # so long in a row


def vector(xyz):
    return np.array([xyz.x, xyz.y, xyz.z])


def offered_hand(message, side):
    """Give the hand's position where one is held out, None where it is not."""
    points = {point.name: point for point in message.points}
    hand, wrist, elbow, shoulder = (
        points[f'{side}_{name}'] for name in ('hand', 'wrist', 'elbow', 'shoulder')
    )
    upper = vector(elbow.position) - vector(shoulder.position)
    fore = vector(wrist.position) - vector(elbow.position)
    length_m = np.linalg.norm(upper) + np.linalg.norm(fore)
    is_stretched = np.linalg.norm(upper + fore) > STRETCHED * length_m
    # Arms that hang down are stretched, too: the hand must be nearer to the camera.
    is_forward = shoulder.position.z - hand.position.z > 0.3 * length_m
    is_resting = np.linalg.norm(vector(hand.velocity)) < RESTING_M_S
    covariance = np.array(hand.covariance).reshape(3, 3)
    is_sure = np.sqrt(np.linalg.eigvalsh(covariance)[-1]) < SURE_M
    return (
        vector(hand.position) if is_stretched and is_forward and is_resting and is_sure else None
    )


class HandOver(Node):
    """Publishes ``hand_over`` where a hand of a tracked person has been held out for a while."""

    def __init__(self):
        super().__init__('hand_over')
        self._since = {}
        self._places = self.create_publisher(PointStamped, 'hand_over', 1)
        self.create_subscription(BodyPoints, 'body_points', self._on_points, 10)

    def _on_points(self, message):
        stamp_s = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        is_tracked = message.tracking_state == JointAngleArray.STATE_TRACKED
        for side in ('right', 'left'):
            key = message.person_id, side
            place = offered_hand(message, side) if is_tracked else None
            if place is None:
                self._since.pop(key, None)
                continue
            if stamp_s - self._since.setdefault(key, stamp_s) >= FOR_S:
                point = PointStamped(header=message.header)
                point.point.x, point.point.y, point.point.z = place.tolist()
                self._places.publish(point)


def main():
    rclpy.init()
    with suppress(KeyboardInterrupt, ExternalShutdownException):  # Ctrl-C, or kill
        rclpy.spin(HandOver())


if __name__ == '__main__':
    main()
