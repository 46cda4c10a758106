import numpy as np

from biopose_ros.body.joints import JOINT_NAMES, MIRRORED_JOINTS
from biopose_ros.refinement.prior import prior_precision


def cost(**turns_rad):
    vectors = np.zeros((24, 3))
    for name, turn in turns_rad.items():
        vectors[JOINT_NAMES.index(name)] = turn
    return vectors.ravel() @ prior_precision() @ vectors.ravel()


def test_both_sides_weigh_the_same_and_all_is_bounded():
    precision = prior_precision().reshape(24, 3, 24, 3)
    mirrored = precision[list(MIRRORED_JOINTS)][:, :, list(MIRRORED_JOINTS)]
    np.testing.assert_allclose(mirrored, precision)
    assert np.linalg.eigvalsh(prior_precision()).min() > 0


def test_turning_the_trunk_with_all_that_hangs_on_it_costs_less_than_bending_it():
    turn = np.array([0.1, 0.0, 0.0])
    assert cost(spine2=turn) < cost(spine2=turn, spine3=-turn)


def test_uncertain_joints_give_way_first():
    turn = np.array([0.0, 0.1, 0.0])
    assert cost(left_elbow=turn) < cost(left_knee=turn) < cost(left_collar=turn)
