import numpy as np
import pytest
import torch
from standing import bent, posed

from biopose_ros.body import load_body
from biopose_ros.body.rotations import chained, relative_to_parents
from biopose_ros.refinement.chain import JOINTS, jacobian_m, turned


@pytest.fixture
def body():
    return posed(bent(np.random.default_rng(0), 20))


def test_turning_the_chain_is_what_the_body_model_does(body):
    vectors = bent(np.random.default_rng(1), 10)
    turns, joints_m = turned(chained(torch.from_numpy(body.pose)).numpy(), body.joints_m, vectors)
    mesh = load_body()(relative_to_parents(torch.from_numpy(turns)).float()[None])
    expected_m = mesh.joints_m[0].numpy() - mesh.joints_m[0, 0].numpy()
    np.testing.assert_allclose(joints_m - joints_m[0], expected_m, atol=1e-5)


def test_jacobian_is_the_slope_of_turning_and_shifting(body):
    turns = chained(torch.from_numpy(body.pose)).numpy()
    carriers = np.array([0, 4, 7, 16, 20])
    points_m = body.joints_m[carriers] + np.array([0.03, -0.1, 0.05])
    slopes = jacobian_m(points_m, carriers, body.joints_m)
    step = 1e-6
    for column in (0, 5, 13, 49, 61):
        vectors = np.zeros(3 * JOINTS)
        vectors[column] = step
        new, joints_m = turned(turns, body.joints_m, vectors.reshape(JOINTS, 3))
        carried = new[carriers] @ turns[carriers].swapaxes(-1, -2)
        arms_m = points_m - body.joints_m[carriers]
        moved_m = joints_m[carriers] + (carried @ arms_m[..., None])[..., 0]
        np.testing.assert_allclose((moved_m - points_m) / step, slopes[..., column], atol=1e-5)
    np.testing.assert_array_equal(slopes[..., -3:], np.broadcast_to(np.eye(3), (5, 3, 3)))
