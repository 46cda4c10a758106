import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from person_poses import person_pose
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from biopose_ros.ros.messages import joint_angle_array
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.skeleton import load_skeleton


@pytest.mark.parametrize('contact', [(0.9, 0.1), (np.nan, np.nan)])
def test_foot_contact_survives_the_wire(contact):
    skeleton = load_skeleton()
    pose = person_pose(skeleton.default_coordinates, foot_contact=np.array(contact))
    sent = joint_angle_array(NamedPerson.of(pose, ''), skeleton, Header())
    message = deserialize_message(serialize_message(sent), JointAngleArray)
    np.testing.assert_allclose(
        [message.foot_contact_left, message.foot_contact_right], contact, rtol=1e-6
    )
