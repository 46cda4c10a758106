import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.body.rotations import (
    axis_angle_to_matrix,
    chained,
    matrix_to_six,
    pose_to_matrices,
    relative_to_parents,
    six_to_matrix,
)

number = st.floats(-4.0, 4.0, width=32)
vectors = st.tuples(number, number, number)


@given(vectors)
def test_axis_angle_agrees_with_scipy(vector):
    ours = axis_angle_to_matrix(torch.tensor(vector, dtype=torch.float64))
    expected = Rotation.from_rotvec(vector).as_matrix()
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-7)


@pytest.mark.parametrize('size', [0.0, 1e-9, 1e-5, 1e-4, 1.1e-4, 1e-2, 3.1])
def test_axis_angle_has_exact_gradients_everywhere(size):
    vector = torch.tensor([0.6, 0.0, -0.8], dtype=torch.float64) * size
    vector.requires_grad_()
    assert torch.autograd.gradcheck(axis_angle_to_matrix, vector)


@given(vectors)
def test_six_numbers_carry_a_rotation(vector):
    matrix = axis_angle_to_matrix(torch.tensor(vector, dtype=torch.float64))
    torch.testing.assert_close(six_to_matrix(matrix_to_six(matrix)), matrix)


def test_any_six_numbers_give_a_rotation():
    matrices = six_to_matrix(torch.randn(100, 6, generator=torch.Generator().manual_seed(0)))
    product = matrices @ matrices.mT
    torch.testing.assert_close(product, torch.eye(3).expand_as(product), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(matrices), torch.ones(100), atol=1e-5, rtol=0)


def test_a_pose_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r'pose must be .*24, 3.*got \(2, 72\)'):
        pose_to_matrices(torch.zeros(2, 72), 24)


def test_rotations_against_parents_chain_to_those_against_the_camera():
    turns = Rotation.random(24, np.random.default_rng(0))
    local = relative_to_parents(torch.from_numpy(turns.as_matrix())).numpy()
    by_hand = [Rotation.from_matrix(local[0])]
    for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
        by_hand.append(by_hand[parent] * Rotation.from_matrix(local[joint]))
    np.testing.assert_allclose([c.as_matrix() for c in by_hand], turns.as_matrix(), atol=1e-12)
    again = chained(torch.from_numpy(local)).numpy()
    np.testing.assert_allclose(again, turns.as_matrix(), atol=1e-12)
