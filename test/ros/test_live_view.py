"""Live topics in the viewer: every message comes to whoever shows its type."""

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

    def publish():
        while not publisher.get_subscription_count():
            time.sleep(0.05)
        for number in range(3):
            publisher.publish(JointAngleArray(person_id=f'person_{number}'))

    def handler(name):
        asked.append(name)
        return seen.append if name.endswith('JointAngleArray') else None

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    watch(handler, namespace, lambda: len(seen) >= 3 or time.monotonic() > deadline)
    thread.join(timeout=10)
    node.destroy_node()
    rclpy.shutdown(context=context)
    assert [message.person_id for message in seen] == ['person_0', 'person_1', 'person_2']
    assert 'visualization_msgs/msg/MarkerArray' in asked
