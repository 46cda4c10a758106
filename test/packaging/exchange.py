"""
Send JointAngleArray messages (``exchange.py send``) or receive one (``exchange.py receive``).

The receiver prints what it got, and which files its classes and libraries came from, as JSON.
``exchange.py find NAME`` waits for a node.
"""

import json
import sys
import time
from pathlib import Path

SECONDS = 120.0


def send():
    """Publish until the parent ends this process."""
    import rclpy
    from biopose_ros.msg import JointAngleArray

    rclpy.init()
    node = rclpy.create_node('sender')
    publisher = node.create_publisher(JointAngleArray, 'joint_angles', 10)
    message = JointAngleArray(person_id='person_1', tracking_state=JointAngleArray.STATE_TRACKED)
    message.header.frame_id = 'camera'
    message.name = ['knee_angle_r', 'elbow_flex_r']
    message.position = [0.5, float('nan')]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        publisher.publish(message)
        time.sleep(0.05)


def receive():
    """Print the first message that arrives."""
    import rclpy

    import biopose_ros
    from biopose_ros import msg

    rclpy.init()
    node = rclpy.create_node('receiver')
    received = []
    node.create_subscription(msg.JointAngleArray, 'joint_angles', received.append, 10)
    end = time.monotonic() + SECONDS
    while not received and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    loaded = {line.split()[-1] for line in Path('/proc/self/maps').read_text().splitlines()}
    print(
        json.dumps(
            {
                'messages': [
                    [message.header.frame_id, message.person_id, *message.name, *message.position]
                    for message in received
                ],
                'package': biopose_ros.__file__,
                'generated': msg.__file__,
                'libraries': sorted(path for path in loaded if 'libbiopose_ros__' in path),
            }
        )
    )


def find(name):
    """Print the names of all nodes as soon as the one sought is among them."""
    import rclpy

    rclpy.init()
    node = rclpy.create_node('finder')
    end = time.monotonic() + SECONDS
    names = []
    while name not in names and time.monotonic() < end:
        time.sleep(0.1)
        names = node.get_node_names()
    print(json.dumps(names))


if __name__ == '__main__':
    {'send': send, 'receive': receive, 'find': find}[sys.argv[1]](*sys.argv[2:])
