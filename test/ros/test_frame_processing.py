"""Whom the node still speaks of once they are forgotten."""

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
from biopose_ros.ros.ground_source import MountedGround
from biopose_ros.ros.image_view import ImageView
from biopose_ros.ros.person_choice import PersonChoice
from biopose_ros.ros.stamps import to_time

STILL = person_pose(
    track_id=1,
    state=TrackingState.TRACKED,
    keypoints_px=np.random.default_rng(0).uniform(0.0, 100.0, (33, 2)),
    keypoint_confidence=np.ones(33),
)


def test_whoever_is_forgotten_is_no_longer_doubted():
    pipeline = SimpleNamespace(
        process=lambda image, camera, stamp_ns, found: [replace(STILL, stamp_ns=stamp_ns)],
        reset=lambda: [replace(STILL, state=TrackingState.LOST)],
        clock=StageClock(),
    )
    grounds, cameras = MountedGround(GroundFrame()), CameraSource(0.0, False)
    processor = FrameProcessor(
        pipeline, cameras, grounds, '', print, ImageView(), PersonChoice(), still_s=1.0
    )
    for second in (1, 2, 3):
        header = Header(stamp=to_time(second * 10**9), frame_id='camera')
        processor.process(image_message(np.zeros((48, 64, 3), np.uint8), header), 0)
    assert processor.motionless == {'person_1'}
    assert [person.state for person in processor.reset().persons] == [TrackingState.LOST]
    assert processor.motionless == processor.present == frozenset()
