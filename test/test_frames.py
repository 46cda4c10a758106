import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from biopose_ros import frames
from biopose_ros.records import Camera

POINTS = arrays(np.float64, (7, 3), elements=st.floats(-10, 10))
IN_FRONT = POINTS.map(lambda points: points * [0.2, 0.2, 0.0] + [0, 0, 3] + points * [0, 0, 0.2])
INTRINSICS = np.array([[800.0, 0, 310], [0, 820, 250], [0, 0, 1]])


def camera(*distortion):
    return Camera(640, 480, INTRINSICS, np.array(distortion, dtype=float))


def test_the_fixed_rotations_are_rotations():
    for matrix in (frames.CAMERA_FROM_GROUND, frames.REP103_FROM_OPENSIM):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-15)
        assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_ground_axes_in_the_camera():
    toward_the_camera, up, right = np.eye(3)
    np.testing.assert_array_equal(frames.ground_to_camera(toward_the_camera), [0, 0, -1])
    np.testing.assert_array_equal(frames.ground_to_camera(up), [0, -1, 0])
    # Who faces the camera has the right hand on the picture's left.
    np.testing.assert_array_equal(frames.ground_to_camera(right), [-1, 0, 0])


@given(points_m=POINTS)
def test_ground_and_camera_are_inverse(points_m):
    back = frames.camera_to_ground(frames.ground_to_camera(points_m))
    np.testing.assert_allclose(back, points_m, atol=1e-12)


def test_rep103_axes_are_forward_left_up():
    opensim_axes = np.eye(3)  # columns: forward, up, right
    forward, left, up = frames.segment_rotation_to_rep103(opensim_axes).T
    np.testing.assert_array_equal(forward, [1, 0, 0])
    np.testing.assert_array_equal(left, [0, 0, -1])
    np.testing.assert_array_equal(up, [0, 1, 0])


@given(seed=st.integers(0, 2**32 - 1))
def test_rep103_keeps_the_segments_attitude(seed):
    rotations = Rotation.random(5, random_state=seed)
    turned = frames.segment_rotation_to_rep103(rotations.as_matrix())
    expected = rotations * Rotation.from_euler('x', -90, degrees=True)
    np.testing.assert_allclose(turned, expected.as_matrix(), atol=1e-12)


@given(points_m=IN_FRONT)
def test_projection_agrees_with_opencv(points_m):
    for distortion in ((), (0.1, -0.05, 0.002, -0.001), (0.1, -0.05, 0.002, -0.001, 0.01)):
        view = camera(*distortion)
        expected, _ = cv2.projectPoints(
            points_m, np.zeros(3), np.zeros(3), INTRINSICS, np.array(distortion, dtype=float)
        )
        pixels = frames.project_through_lens(points_m, view)
        np.testing.assert_allclose(pixels, expected[:, 0], atol=1e-6)
        if not distortion:
            np.testing.assert_allclose(frames.project(points_m, view), expected[:, 0], atol=1e-6)


@pytest.mark.parametrize('project', [frames.project, frames.project_through_lens])
def test_points_behind_the_camera_have_no_pixel(project):
    points_m = np.array([[[0.1, 0.2, -3.0], [0.1, 0.2, 3.0]], [[0, 0, 0], [np.nan, 0, 1]]])
    pixels = project(points_m, camera(0.1, 0.0, 0.0, 0.0))
    assert pixels.shape == (2, 2, 2)
    np.testing.assert_array_equal(np.isfinite(pixels).all(-1), [[False, True], [False, False]])
