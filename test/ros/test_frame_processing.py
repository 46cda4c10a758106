"""Of whom the node speaks, and when: once they are forgotten, and when results wait."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from person_poses import person_pose
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.inference.stage_clock import StageClock
from biopose_ros.records import TrackingState
from biopose_ros.ros.camera_messages import image_message
from biopose_ros.ros.camera_source import CameraSource
from biopose_ros.ros.frame_processing import FrameProcessor
from biopose_ros.ros.image_view import ImageView
from biopose_ros.ros.person_choice import PersonChoice
from biopose_ros.ros.stamps import to_ns, to_time
from biopose_ros.settings import PipelineConfig
from biopose_ros.skeleton import load_skeleton

STILL = person_pose(
    track_id=1,
    state=TrackingState.TRACKED,
    coordinates=np.zeros(len(load_skeleton().coordinate_names)),
    keypoints_px=np.random.default_rng(0).uniform(0.0, 100.0, (33, 2)),
    keypoint_confidence=np.ones(33),
)
PICTURE = np.zeros((48, 64, 3), np.uint8)


def test_results_wait_for_later_images_and_end_with_the_persons():
    lost = replace(STILL, state=TrackingState.LOST)
    pipeline = SimpleNamespace(
        process=lambda image, camera, stamp_ns, found: [replace(STILL, stamp_ns=stamp_ns)],
        reset=lambda: [lost],
        clock=StageClock(),
        skeleton=load_skeleton(),
        ground=GroundFrame(),
        config=PipelineConfig(),
        certainty=SimpleNamespace(deviations=lambda pose, camera: pose),
    )
    grounds, cameras = None, CameraSource(0.0, False)
    processor = FrameProcessor(
        pipeline, cameras, grounds, '', print, ImageView(), PersonChoice(), 10.0, lag_s=0.2
    )

    def told(results):
        return [(to_ns(r.header.stamp), [p.state.name for p in r.persons]) for r in results]

    start, tenth = 10**9, 10**8
    seen = []
    for number in range(4):
        header = Header(stamp=to_time(start + number * tenth), frame_id='camera')
        seen.append(told(processor.process(image_message(PICTURE, header), 0)))
        # What diagnostics measure is when an image is done, not how long it waits by wish.
        assert processor.stamp_ns == start + number * tenth
    followed = ['TRACKED']
    assert seen == [[], [], [(start, followed)], [(start + tenth, followed)]]
    last = start + 3 * tenth
    assert told(processor.reset()) == [
        (last - tenth, followed),
        (last, followed),
        (last, ['LOST']),
    ]
    assert processor.present == frozenset()


def test_whoever_is_forgotten_is_no_longer_doubted():
    pipeline = SimpleNamespace(
        process=lambda image, camera, stamp_ns, found: [replace(STILL, stamp_ns=stamp_ns)],
        reset=lambda: [replace(STILL, state=TrackingState.LOST)],
        clock=StageClock(),
        ground=GroundFrame(),
    )
    grounds, cameras = None, CameraSource(0.0, False)
    processor = FrameProcessor(
        pipeline, cameras, grounds, '', print, ImageView(), PersonChoice(), still_s=1.0
    )
    for second in (1, 2, 3):
        header = Header(stamp=to_time(second * 10**9), frame_id='camera')
        processor.process(image_message(PICTURE, header), 0)
    assert processor.motionless == {'person_1'}
    (result,) = processor.reset()
    assert [person.state for person in result.persons] == [TrackingState.LOST]
    assert processor.motionless == processor.present == frozenset()


def test_the_ground_that_is_told_is_the_one_found_in_this_image():
    found = GroundFrame.of_camera(0.3, 0.0, 0.0)
    pipeline = SimpleNamespace(clock=StageClock(), ground=GroundFrame())

    def process(image, camera, stamp_ns, keypoints):
        pipeline.ground = found
        return []

    pipeline.process = process
    processor = FrameProcessor(
        pipeline,
        CameraSource(0.0, False),
        None,
        '',
        print,
        ImageView(),
        PersonChoice(),
        still_s=1.0,
    )
    header = Header(stamp=to_time(10**9), frame_id='camera')
    (result,) = processor.process(image_message(PICTURE, header), 0)
    np.testing.assert_allclose(result.ground.level_from_leaning, found.level_from_leaning)
