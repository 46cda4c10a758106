import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.synthesis.balance import balanced, joint_angles_deg


def poses(**angles_deg):
    """Bend both sides: [frames, 24, 3] of knee, hip, ankle and elbow flexion, degrees."""
    frames = len(next(iter(angles_deg.values())))
    pose = np.zeros((frames, 24, 3), np.float32)
    for name, values in angles_deg.items():
        axis, sign = {'knee': (0, 1), 'hip': (0, -1), 'ankle': (0, -1), 'elbow': (1, -1)}[name]
        for side in (1, -1):
            joint = JOINT[f'{"left" if side == 1 else "right"}_{name}']
            pose[:, joint, axis] = np.radians(values) * sign * (side if name == 'elbow' else 1)
    return pose


def test_angles_are_those_of_the_joints():
    wanted = {'knee': [5.0, 120.0], 'hip': [-10.0, 95.0], 'ankle': [-20.0, 15.0],
              'elbow': [10.0, 140.0]}  # fmt: skip
    found = joint_angles_deg(poses(**wanted))
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], np.stack([values, values], 1), atol=1e-3)


def test_a_twisted_forearm_does_not_bend_the_elbow():
    pose = poses(elbow=[60.0])
    twisted = Rotation.from_rotvec(pose[0, JOINT['left_elbow']]) * Rotation.from_rotvec(
        [1.2, 0, 0]
    )
    pose[0, JOINT['left_elbow']] = twisted.as_rotvec()
    np.testing.assert_allclose(joint_angles_deg(pose)['elbow'], 60.0, atol=1e-3)


def test_rare_angles_and_straight_legs_come_more_often():
    random = np.random.default_rng(0)
    knees = np.concatenate([random.uniform(20, 50, 900), random.uniform(100, 135, 60),
                            random.uniform(0, 9, 40)])  # fmt: skip
    weights = np.ones(1000)
    shares = balanced(poses(knee=knees), weights)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[900:960].sum() > 0.12
    assert shares[960:].sum() > 0.15
    assert shares.max() < 9 / 1000  # no frame is shown over and over
