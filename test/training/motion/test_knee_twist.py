import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.knee_twist import with_knee_twist
from biopose_ros.training.motion.library import activity_clips
from biopose_ros.training.motion.splits import Split


def bent(degrees):
    pose = np.zeros((len(degrees), 24, 3), np.float32)
    for side in ('left', 'right'):
        pose[:, JOINT[f'{side}_knee'], 0] = np.radians(degrees)
    return pose


@pytest.mark.parametrize(('side', 'inward'), [('left', -1), ('right', 1)])
def test_the_foot_turns_inward_as_the_knee_bends(side, inward):
    turned = with_knee_twist(bent([0, 30, 90]))[:, JOINT[f'{side}_knee']]
    shank = Rotation.from_rotvec(turned)
    # Undo the bend: what stays of the foot's direction is the twist.
    unbend = Rotation.from_euler('x', [[0], [-30], [-90]], degrees=True)
    forward = (unbend * shank).apply([0, 0, 1])
    twist = np.degrees(np.arctan2(forward[:, 0], forward[:, 2])) * inward
    np.testing.assert_allclose(twist, [0, 6.7, 10.8], atol=0.3)


def test_other_joints_and_straight_legs_stay():
    pose = bent([0, 60])
    pose[:, JOINT['spine1']] = 0.3
    twisted = with_knee_twist(pose)
    others = [i for i, name in enumerate(JOINT_NAMES) if not name.endswith('knee')]
    np.testing.assert_array_equal(twisted[:, others], pose[:, others])
    np.testing.assert_allclose(twisted[0], pose[0], atol=1e-6)


def test_all_motion_that_trains_bends_knees_so():
    for clip in activity_clips(4, seed=1, split=Split.TRAIN):
        knees = clip.pose[:, JOINT['left_knee']]
        bent_far = knees[knees[:, 0] > np.radians(30)]
        off_axis = np.linalg.norm(bent_far[:, 1:], axis=1)
        assert not len(bent_far) or off_axis.min() > np.radians(1)
