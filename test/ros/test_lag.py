"""Results that look ahead: the node publishes what the library makes of the same images."""

import sys

import cv2
import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from clips import WALK, cut
from ros_graph import node_and_probe, values

from biopose_ros.person.recording import RecordedImage, RecordingSmoother
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import TrackingState
from biopose_ros.ros.camera_source import CameraSource
from biopose_ros.ros.stamps import to_ns
from biopose_ros.settings import DetectionConfig, PipelineConfig

STEP_NS, LAG_S, IMAGES = 50_000_000, 0.1, 16


@pytest.fixture(scope='module')
def pictures():
    return [cv2.resize(frame.image_bgr, (640, 360)) for frame in cut(WALK, 20, 20 + IMAGES)]


@pytest.fixture(scope='module')
def node(new_namespace, tmp_path_factory, imported):
    settings = (f'lag_s:={LAG_S}', 'method:=landmarks', 'landmark_model:=full')
    flags = [word for setting in settings for word in ('-p', setting)]
    log = tmp_path_factory.mktemp('lag') / 'log.txt'
    topics = ('joint_angles', 'tracked_persons', '/tf', '/diagnostics')
    command = [sys.executable, '-m', 'biopose_ros.cli', 'node']
    with node_and_probe(new_namespace(), log, *flags, topics=topics, command=command) as both:
        _, probe = both
        probe.wait_until_matched()
        yield probe


def expected(pictures, stamps_ns, prefix):
    """By stamp and person, what the library gives with the same look-ahead."""
    config = PipelineConfig(method='landmarks', detection=DetectionConfig(model='full'))
    pipeline = Pipeline(config)
    height, width, _ = pictures[0].shape
    camera = CameraSource(0.0, False).camera_for(width, height)
    smoother = RecordingSmoother(pipeline.skeleton, camera, config.smoothing, LAG_S)
    found = {}
    for picture, stamp_ns in zip(pictures, stamps_ns, strict=True):
        poses = pipeline.process(picture, camera, stamp_ns)
        for image in smoother.add(RecordedImage(stamp_ns / 1e9, poses), pipeline.ground):
            for pose in image.poses:
                if pose.state is not TrackingState.LOST:
                    judged = pipeline.certainty.deviations(pose, camera)
                    found[judged.stamp_ns, f'{prefix}person_{judged.track_id}'] = judged
    return found


def test_the_node_publishes_what_the_library_finds_with_the_same_look_ahead(node, pictures):
    stamps_ns = []
    results = node.received['tracked_persons']
    for number, picture in enumerate(pictures):
        stamps_ns.append(to_ns(node.show(picture, STEP_NS)))
        if number < 2:  # nothing is published yet
            done = str(number + 1)
            node.diagnostics(lambda s, done=done: values(s)['images processed'] == done)
            assert not results
        else:
            node.wait_for(lambda number=number: len(results) >= number - 1)
    assert [to_ns(m.header.stamp) for m in results] == stamps_ns[:-2]
    wanted = expected(pictures, stamps_ns, f'{node.node.get_namespace().strip("/")}_')
    angles = node.received['joint_angles']
    node.wait_for(lambda: len(angles) >= len(wanted))
    got = {(to_ns(m.header.stamp), m.person_id): m for m in angles}
    assert got.keys() == wanted.keys()
    assert len(wanted) > IMAGES / 2
    for key, pose in wanted.items():
        message = got[key]
        assert message.tracking_state == JointAngleArray.STATE_TRACKED
        for field, values_ in (
            ('position', pose.coordinates),
            ('velocity', pose.velocities),
            ('stddev', pose.stddev),
        ):
            np.testing.assert_allclose(getattr(message, field), values_, atol=1e-3, err_msg=field)
    named = {(to_ns(m.header.stamp), p.person_id) for m in results for p in m.persons}
    assert named == wanted.keys()

    def frames():
        return {
            (to_ns(t.header.stamp), t.child_frame_id.partition('/')[0])
            for m in node.received['/tf']
            for t in m.transforms
            if t.child_frame_id.endswith('/pelvis')
        }

    # Messages of different topics may overtake each other.
    node.wait_for(lambda: len(frames()) >= len(wanted), what='frames are missing')
    assert frames() == wanted.keys()
