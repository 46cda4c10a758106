import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame
from biopose_ros.ros.transforms import ground_transform, joint_transforms


@pytest.mark.parametrize('mounting', [(0.0, 0.0, 0.0), (0.4, -0.1, 1.6)])
def test_the_ground_below_the_cameras_frame_is_where_the_coordinates_count_from(mounting):
    ground = GroundFrame.of_camera(*mounting)
    stamped = ground_transform('biopose_ground', ground, Header(frame_id='camera_optical'))
    assert (stamped.header.frame_id, stamped.child_frame_id) == (
        'camera_optical',
        'biopose_ground',
    )
    turn, shift = stamped.transform.rotation, stamped.transform.translation
    rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w])
    point_m = np.array([-3.0, 0.9, 0.4])  # OpenSim axes: forward, up, right
    in_rep103_m = np.array([point_m[0], -point_m[2], point_m[1]])  # forward, left, up
    np.testing.assert_allclose(
        rotation.apply(in_rep103_m) + [shift.x, shift.y, shift.z],
        ground.to_camera(point_m),
        atol=1e-12,
    )


def test_a_level_camera_at_a_known_height_stands_over_the_floor():
    ground = GroundFrame.of_camera(0.0, 0.0, 1.6)
    shift = ground_transform('ground', ground, Header()).transform.translation
    np.testing.assert_allclose([shift.x, shift.y, shift.z], [0.0, 1.6, 0.0], atol=1e-12)


def test_joints_have_frames_by_their_names_where_their_segment_is_known():
    header = Header(frame_id='person_1/radius_r')
    segments = [
        TransformStamped(header=header, child_frame_id=f'person_1/{name}')
        for name in ('pelvis', 'hand_r', 'talus_l')
    ]
    sent = {one.child_frame_id: one for one in joint_transforms(segments, 'person_1')}
    assert set(sent) == {'person_1/right_wrist', 'person_1/left_ankle'}
    wrist = sent['person_1/right_wrist']
    assert wrist.header.frame_id == 'person_1/hand_r'
    shift, turn = wrist.transform.translation, wrist.transform.rotation
    assert (shift.x, shift.y, shift.z, turn.w) == (0.0, 0.0, 0.0, 1.0)
