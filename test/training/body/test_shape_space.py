import numpy as np

from biopose_ros.body import load_body
from biopose_ros.training.body.anny_source import bones_of, mirror_vertices
from biopose_ros.training.body.shape_space import fit_joint_regressor, principal_components

RANDOM = np.random.default_rng(0)


def test_components_have_unit_variance_and_rebuild_the_bodies():
    mean, directions = RANDOM.normal(size=(50, 3)), RANDOM.normal(size=(4, 50, 3))
    bodies = mean + np.einsum('bc,cvk->bvk', RANDOM.normal(size=(40, 4)), directions)
    space = principal_components(bodies, np.zeros((40, 1)), 0.0, 4)
    np.testing.assert_allclose(space.bodies_m(space.betas), bodies, atol=1e-9)
    np.testing.assert_allclose(space.betas.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.cov(space.betas.T, bias=True), np.eye(4), atol=1e-9)


def test_measures_win_components_that_vertices_alone_would_lose():
    loud, quiet = RANDOM.normal(size=(2, 60, 3)) * [[[1.0]], [[0.01]]]
    share = RANDOM.normal(size=(80, 2))
    bodies = np.einsum('bc,cvk->bvk', share, np.stack([loud, quiet]))
    measure = share[:, 1:]
    for weight, kept in ((0.0, False), (100.0, True)):
        space = principal_components(bodies, measure, weight, 1)
        correlation = np.corrcoef(space.betas[:, 0], measure[:, 0])[0, 1]
        assert (abs(correlation) > 0.99) == kept


def test_the_joint_regressor_is_symmetric_and_sums_to_one():
    body = load_body()
    data = body.data
    mirror = mirror_vertices(data.template_m)
    betas = RANDOM.normal(size=(30, body.num_components))
    bodies = data.template_m + np.einsum('vkc,bc->bvk', data.shape_directions_m, betas)
    joints = np.stack([data.joint_regressor @ vertices for vertices in bodies])
    regressor = fit_joint_regressor(bodies, joints, data.weights, mirror)
    np.testing.assert_allclose(regressor.sum(axis=1), 1.0, atol=1e-9)
    found = np.stack([regressor @ vertices for vertices in bodies])
    assert np.linalg.norm(found - joints, axis=-1).mean() < 2e-3
    np.testing.assert_allclose(found[:, 1] * [-1, 1, 1], found[:, 2], atol=2e-4)


def test_bones_belong_to_their_joint():
    assert bones_of('left_elbow') == ['lowerarm01.L', 'lowerarm02.L']
    assert bones_of('right_foot')[0] == 'toe1-1.R'
    assert 'finger1-1.L' in bones_of('left_wrist')
    assert 'finger1-1.L' not in bones_of('left_hand')
