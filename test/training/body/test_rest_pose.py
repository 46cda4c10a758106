import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.training.body.rest_pose import alignment

RANDOM = np.random.default_rng(0)


def test_alignment_meets_the_first_direction_and_the_plane():
    along, beside = RANDOM.normal(size=(2, 20, 3))
    turns = alignment(along, beside, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.eye(3) + 0 * turns, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    turned = np.einsum('bij,bj->bi', turns, along)
    np.testing.assert_allclose(turned[:, 1:], 0.0, atol=1e-12)
    assert (turned[:, 0] > 0).all()
    turned = np.einsum('bij,bj->bi', turns, beside)
    np.testing.assert_allclose(turned[:, 2], 0.0, atol=1e-12)
    assert (turned[:, 1] > 0).all()


@pytest.mark.parametrize('angle', [-1.2, 0.0, 2.0])
def test_alignment_undoes_a_rotation(angle):
    turn = Rotation.from_rotvec(angle * np.array([0.6, 0.0, 0.8]))
    along, beside = turn.apply(np.eye(3)[:2])
    found = alignment(along[None], beside[None], np.eye(3)[0], np.eye(3)[1])[0]
    np.testing.assert_allclose(found @ turn.as_matrix(), np.eye(3), atol=1e-12)
