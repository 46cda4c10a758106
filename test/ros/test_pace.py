import time

import pytest
import rclpy
from biopose_ros.msg import TrackedPersons
from rclpy.executors import SingleThreadedExecutor

from biopose_ros.ros import qos
from biopose_ros.ros.pace import Pace, spin_for


@pytest.fixture
def nodes():
    context = rclpy.Context()
    rclpy.init(context=context)
    both = [rclpy.create_node(name, context=context) for name in ('player', 'pose')]
    yield both
    rclpy.shutdown(context=context)


def heard(pace, publisher, *times_s):
    """Tell a player how long images took, and give its speed then."""
    end_s = time.monotonic() + 60
    while not publisher.get_subscription_count() and time.monotonic() < end_s:
        time.sleep(0.02)
    for time_s in times_s:
        publisher.publish(TrackedPersons(processing_time=time_s))
        pace.listen(0.2)
    return pace.speed


def test_a_video_is_played_as_fast_as_the_node_sees_six_images_a_second_of_it(nodes):
    player, pose = nodes
    publisher = pose.create_publisher(TrackedPersons, 'tracked_persons', qos.OUTPUT)
    pace = Pace(player, 'tracked_persons')
    assert pace.speed == 1.0, 'nothing is known yet'
    assert heard(pace, publisher, 0.05) == 1.0, 'never faster than the video'
    assert heard(pace, publisher, *[0.5] * 5) == pytest.approx(1 / 3)
    assert heard(pace, publisher, 60.0) == pytest.approx(1 / 3), 'one image does not count'
    assert heard(pace, publisher, *[0.0] * 5) == 1.0


def test_time_passes_where_nothing_arrives(nodes):
    executor = SingleThreadedExecutor(context=nodes[0].context)
    executor.add_node(nodes[0])
    start_s = time.monotonic()
    spin_for(executor, 0.3)
    assert time.monotonic() - start_s >= 0.3
    spin_for(executor, -1.0)
