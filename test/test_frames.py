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


def test_the_default_ground_is_that_of_a_level_camera():
    ground = frames.GroundFrame()
    points_m = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(ground.camera_from_ground, frames.CAMERA_FROM_GROUND)
    np.testing.assert_allclose(ground.to_camera(points_m), frames.ground_to_camera(points_m))


@given(pitch=st.floats(-1.5, 1.5), roll=st.floats(-3.1, 3.1), height_m=st.floats(0, 5))
def test_a_mounted_camera_agrees_with_a_chain_of_tf_rotations(pitch, roll, height_m):
    ground = frames.GroundFrame.of_camera(pitch, roll, height_m)
    # A camera as robots mount it, by REP-103: fixed-axis roll, pitch, no yaw; optical frame after.
    optical = Rotation.from_euler('xyz', [-np.pi / 2, 0, -np.pi / 2])
    world_from_optical = Rotation.from_euler('xyz', [roll, pitch, 0.0]) * optical
    points_m = np.random.default_rng(0).normal(size=(5, 3))
    in_world = world_from_optical.apply(points_m) + [0, 0, height_m]  # x ahead, y left, z up
    x, y, z = in_world.T
    expected = np.stack([-x, z, y], axis=1)  # x back to the camera, y up, z to the picture's left
    np.testing.assert_allclose(
        ground.from_leaning(frames.camera_to_ground(points_m)), expected, atol=1e-12
    )
    np.testing.assert_allclose(ground.to_camera(expected), points_m, atol=1e-12)


@given(pitch=st.floats(-1.5, 1.5), roll=st.floats(-3.1, 3.1))
def test_the_tilt_of_a_ground_is_that_of_its_camera(pitch, roll):
    ground = frames.GroundFrame.of_camera(pitch, roll, 0.0)
    np.testing.assert_allclose(ground.tilt_rad, [pitch, roll], atol=1e-9)
    again = frames.GroundFrame.of_up(3.0 * ground.up, 0.0)
    np.testing.assert_allclose(again.level_from_leaning, ground.level_from_leaning, atol=1e-9)


def test_only_a_camera_that_is_described_is_known_to_be_level():
    assert not frames.GroundFrame().is_level
    assert not frames.GroundFrame.of_camera(0.0, 0.0, 0.0).is_level
    assert frames.GroundFrame.of_camera(0.0, 0.0, 1.2).is_level
    assert frames.GroundFrame.of_pose(np.eye(3), np.zeros(3)).is_level


def test_signs_of_a_mounted_camera():
    ahead, right = [0.0, 0.0, 2.0], [1.0, 0.0, 0.0]

    def height(point, **mounting):
        given = {'pitch_rad': 0.0, 'roll_rad': 0.0, 'height_m': 1.0} | mounting
        ground = frames.GroundFrame.of_camera(**given)
        return ground.from_leaning(frames.camera_to_ground(point))[1]

    assert height(ahead) == pytest.approx(1.0)
    assert height(ahead, pitch_rad=np.radians(30)) == pytest.approx(0.0)  # looks down
    assert height(right, roll_rad=np.radians(30)) == pytest.approx(0.5)  # right side is down


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
