import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from biopose_ros.records import Markers, PersonPose, TrackingState
from biopose_ros.ros.messages import joint_angle_array
from biopose_ros.skeleton import load_skeleton


@pytest.mark.parametrize('contact', [(0.9, 0.1), (np.nan, np.nan)])
def test_foot_contact_survives_the_wire(contact):
    skeleton = load_skeleton()
    coordinates, segments = len(skeleton.coordinate_names), len(skeleton.segment_names)
    person = PersonPose(
        person_id='person_1',
        stamp_ns=0,
        state=TrackingState.TRACKED,
        confidence=1.0,
        coordinates=np.zeros(coordinates),
        velocities=np.zeros(coordinates),
        stddev=np.zeros(coordinates),
        scales=np.ones((segments, 3)),
        scale_stddev=np.zeros(segments),
        segment_rotations=np.zeros((segments, 3, 3)),
        segment_positions_m=np.zeros((segments, 3)),
        markers=Markers((), np.zeros((0, 3)), np.zeros(0)),
        stature_m=1.7,
        stature_stddev_m=0.0,
        box_xyxy_px=np.zeros(4),
        keypoints_px=np.zeros((33, 2)),
        keypoint_confidence=np.zeros(33),
        foot_contact=np.array(contact),
    )
    sent = joint_angle_array(person, skeleton, Header())
    message = deserialize_message(serialize_message(sent), JointAngleArray)
    np.testing.assert_allclose(
        [message.foot_contact_left, message.foot_contact_right], contact, rtol=1e-6
    )
