import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.training.motion.limb_ik import solve_limb

UPPER, LOWER = np.array([0.01, -0.41, 0.02]), np.array([-0.005, -0.4, -0.015])
HINGE = np.array([1.0, 0.0, 0.0])


@given(
    direction=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.2),
    distance=st.floats(0.25, 0.8),
    roll=st.floats(0, 2 * np.pi),
)
def test_the_limb_meets_its_target_and_bends_about_its_hinge(direction, distance, roll):
    target = np.array(direction) / np.linalg.norm(direction) * distance
    side = np.cross(target, [0.3, 0.5, 0.81])
    wanted = Rotation.from_rotvec(target / distance * roll).apply(side)[None]
    root, bend = solve_limb(UPPER, LOWER, HINGE, target[None], wanted, np.radians(150))
    knee = Rotation.from_rotvec(HINGE * bend[0]).as_matrix()
    np.testing.assert_allclose(root[0] @ (UPPER + knee @ LOWER), target, atol=1e-9)
    np.testing.assert_allclose(root[0] @ root[0].T, np.eye(3), atol=1e-9)
    assert np.linalg.det(root[0]) > 0.99
    assert 0.0 <= bend[0] <= np.radians(150)
    # The hinge lies on the wanted side.
    assert (root[0] @ HINGE) @ wanted[0] > 0


def test_far_targets_are_pointed_at_with_a_straight_limb():
    target = np.array([[0.0, -2.0, 1.0]])
    root, bend = solve_limb(
        UPPER * [0, 1, 0], LOWER * [0, 1, 0], HINGE, target, HINGE[None], np.radians(150)
    )
    assert bend[0] < 1e-6
    np.testing.assert_allclose(root[0] @ [0, -1, 0], target[0] / np.linalg.norm(target), atol=1e-9)
