"""
Hear of bodies as a ROS4HRI program does, in a process that finds hri_msgs.

Prints one JSON object: what came on each topic last, once all have come.
"""

import json
import sys

import rclpy
from hri_msgs.msg import IdsList, NormalizedRegionOfInterest2D, Skeleton2D
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

BODY = f'/humans/bodies/{sys.argv[1]}'
TOPICS = {
    '/humans/bodies/tracked': (IdsList, 10),
    f'{BODY}/roi': (NormalizedRegionOfInterest2D, 10),
    f'{BODY}/skeleton2d': (Skeleton2D, 10),
    f'{BODY}/joint_states': (JointState, 10),
    f'{BODY}/urdf': (String, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)),
}


def main():
    rclpy.init()
    node = rclpy.create_node('listener')
    last, frames = {}, {}
    for topic, (kind, profile) in TOPICS.items():
        node.create_subscription(
            kind, topic, lambda message, topic=topic: last.update({topic: message}), profile
        )

    def keep(message):
        for one in message.transforms:
            x = one.transform.translation
            frames[one.child_frame_id] = (one.header.frame_id, [x.x, x.y, x.z])

    node.create_subscription(TFMessage, '/tf', keep, 100)
    root = f'body_{sys.argv[1]}'
    while len(last) < len(TOPICS) or root not in frames or not last['/humans/bodies/tracked'].ids:
        rclpy.spin_once(node, timeout_sec=0.1)
    tracked, roi, points, joints, urdf = (last[topic] for topic in TOPICS)
    print(
        json.dumps(
            {
                'ids': list(tracked.ids),
                'stamps': len({str(one.header.stamp) for one in (roi, points, joints)}),
                'roi': [roi.xmin, roi.ymin, roi.xmax, roi.ymax, roi.c],
                'points': [[point.x, point.y, point.c] for point in points.skeleton],
                'joints': dict(zip(joints.name, joints.position, strict=True)),
                'urdf': urdf.data,
                'frames': frames,
            }
        )
    )


main()
