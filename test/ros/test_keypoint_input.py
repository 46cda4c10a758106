"""Another detector's keypoints on a topic: in time, too late, and broken."""

import array

import numpy as np
import pytest
from ros_graph import ONE, STEP_NS, node_and_probe
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from biopose_ros.ros.stamps import to_time

POINT = np.dtype(
    [('x', '<f4'), ('y', '<f4'), ('confidence', '<f4'), ('person', '<i4'), ('name', 'S16')]
)
KINDS = {'x': 7, 'y': 7, 'confidence': 7, 'person': 5, 'name': 2}
OWN_CONFIDENCE = pytest.approx(0.9)


def cloud(stamp_ns, confidence):
    points = np.array([(150.0, 60.0, confidence, 0, b'nose')], POINT)
    fields = [
        PointField(
            name=name, offset=POINT.fields[name][1], datatype=kind, count=16 if kind == 2 else 1
        )
        for name, kind in KINDS.items()
    ]
    return PointCloud2(
        header=Header(stamp=to_time(stamp_ns), frame_id='camera_optical_frame'),
        height=1,
        width=1,
        fields=fields,
        point_step=POINT.itemsize,
        row_step=POINT.itemsize,
        data=array.array('B', points.tobytes()),
    )


@pytest.fixture(scope='module')
def listener(new_namespace, tmp_path_factory):
    """A node that takes foreign keypoints, a probe, and a publisher of such."""
    log = tmp_path_factory.mktemp('keypoints') / 'log.txt'
    parameters = ('keypoints_topic:=keypoints', 'keypoints_wait_s:=1.0')
    flags = [word for parameter in parameters for word in ('-p', parameter)]
    topics = ('tracked_persons', '/diagnostics')
    with node_and_probe(new_namespace(), log, *flags, topics=topics) as (_, probe):
        probe.wait_until_matched()
        publisher = probe.node.create_publisher(PointCloud2, 'keypoints', 10)
        probe.wait_for(lambda: publisher.get_subscription_count() == 1)
        yield probe, publisher


def confidence_of(probe, image):
    (message,) = probe.result_of(image)
    return message.persons[0].confidence


def test_keypoints_with_the_stamp_of_the_image_are_used(listener):
    probe, publisher = listener
    probe.begin()
    seen = []

    def show():  # just after discovery a message may be lost
        publisher.publish(cloud(probe.stamp_ns + STEP_NS, 0.25))
        seen.append(confidence_of(probe, ONE))

    probe.wait_for(lambda: pytest.approx(0.25) in seen, step=show)


def test_without_keypoints_of_the_image_the_own_ones_serve(listener):
    probe, publisher = listener
    probe.begin()
    publisher.publish(cloud(probe.stamp_ns, 0.25))
    assert confidence_of(probe, ONE) == OWN_CONFIDENCE


def test_broken_keypoints_are_reported(listener):
    probe, publisher = listener
    probe.diagnostics(
        lambda status: 'a confidence is 50' in status.message,
        step=lambda: (publisher.publish(cloud(probe.stamp_ns, 50.0)), probe.show(ONE)),
    )
