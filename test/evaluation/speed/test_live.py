"""What the live benchmark makes of a node that answers no more."""

import math

import pytest
from biopose_ros.msg import TrackedPersons
from sensor_msgs.msg import CameraInfo

from biopose_ros.evaluation.speed.live import (
    LiveBenchmark,
    LiveBenchmarkError,
    evaluate,
    isolated_node,
    record,
)
from biopose_ros.evaluation.speed.own_domain import own_domain
from biopose_ros.ros import qos
from biopose_ros.ros.stamps import to_time


@pytest.mark.parametrize('has_images', [False, True])
def test_a_node_that_falls_silent_is_measured_and_a_silent_camera_explained(tmp_path, has_images):
    benchmark = LiveBenchmark(tmp_path, duration_s=3.0, warm_up_s=0.3)
    with isolated_node('silent') as (node, _):
        results = node.create_publisher(TrackedPersons, 'tracked_persons', qos.OUTPUT)
        cameras = node.create_publisher(CameraInfo, 'camera_info', 100)
        sent = []

        def publish():
            if not results.get_subscription_count() or not cameras.get_subscription_count():
                return
            sent.append(None)
            if len(sent) <= 3:
                results.publish(TrackedPersons())
            if has_images:
                info = CameraInfo()
                info.header.stamp = to_time(len(sent))
                cameras.publish(info)

        node.create_timer(0.01, publish)
        if not has_images:
            with pytest.raises(LiveBenchmarkError, match=r'no image within 3 s'):
                record(node, benchmark, ())
            return
        result = evaluate(record(node, benchmark, ()), benchmark.duration_s)
    assert result.frames_processed == 0
    assert result.dropped == result.frames_in > 0
    assert math.isnan(result.latency_p50_ms)


def test_everybody_gets_another_domain(ros_domain_id):
    (first, one), (second, two) = own_domain(), own_domain()
    with one, two:
        assert len({first, second, ros_domain_id}) == 3
