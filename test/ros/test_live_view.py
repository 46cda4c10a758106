"""Live topics in the viewer: every message comes to whoever shows its type."""

import itertools
import threading
import time

import rclpy
from biopose_ros.msg import JointAngleArray

from biopose_ros.ros import qos
from biopose_ros.ros.live_view import watch


def test_messages_of_a_running_node_are_handed_over(new_namespace):
    namespace, seen, asked = new_namespace(), [], []
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('source', namespace=namespace, context=context)
    publisher = node.create_publisher(JointAngleArray, 'joint_angles', qos.OUTPUT)

    is_seen = threading.Event()

    def publish():  # the first ones are lost, before anybody is connected
        for number in itertools.count():
            publisher.publish(JointAngleArray(confidence=float(number)))
            if is_seen.wait(0.05):
                break

    def handler(name):
        asked.append(name)
        return seen.append if name.endswith('JointAngleArray') else None

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    watch(handler, namespace, lambda: len(seen) >= 3 or time.monotonic() > deadline)
    is_seen.set()
    thread.join()
    node.destroy_node()
    rclpy.shutdown(context=context)
    numbers = [message.confidence for message in seen]
    assert len(numbers) >= 3
    assert numbers == sorted(set(numbers))
    assert 'visualization_msgs/msg/MarkerArray' in asked
