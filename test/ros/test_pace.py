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


@pytest.fixture
def told(nodes):
    """Tell a player how long images took: its speed once it has heard of all of them."""
    player, pose = nodes
    publisher = pose.create_publisher(TrackedPersons, 'tracked_persons', qos.OUTPUT)
    pace = Pace(player, 'tracked_persons')

    def speed(*times_s):
        end_s = time.monotonic() + 60
        while not publisher.get_subscription_count() and time.monotonic() < end_s:
            time.sleep(0.02)
        for time_s in times_s:
            publisher.publish(TrackedPersons(processing_time=time_s))
        while list(pace._times_s)[-len(times_s) :] != list(times_s) and time.monotonic() < end_s:
            pace.listen(0.05)
        return pace.speed

    assert pace.speed == 1.0, 'nothing is known yet'
    return speed


def test_a_video_is_played_as_fast_as_the_node_sees_six_images_a_second_of_it(told):
    assert told(0.05) == 1.0, 'never faster than the video'
    assert told(0.5, 0.5, 0.5, 0.5, 0.5) == pytest.approx(1 / 3)
    assert told(60.0) == pytest.approx(1 / 3), 'one image does not count'
    assert told(0.0, 0.0, 0.0, 0.0, 0.0) == 1.0


def test_time_passes_where_nothing_arrives(nodes):
    executor = SingleThreadedExecutor(context=nodes[0].context)
    executor.add_node(nodes[0])
    start_s = time.monotonic()
    spin_for(executor, 0.3)
    assert time.monotonic() - start_s >= 0.3
    spin_for(executor, -1.0)
