import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.frames import project
from biopose_ros.mesh_recovery.crop_camera import crop_camera
from biopose_ros.records import Camera, Crop

CAMERAS = st.builds(
    lambda focal, width, height: Camera(
        width,
        height,
        np.array([[focal, 0, width / 2 + 3], [0, focal, height / 2 - 5], [0, 0, 1.0]]),
        np.zeros(0),
    ),
    st.floats(300, 3000),
    st.integers(200, 4000),
    st.integers(200, 4000),
)
CROPS = st.builds(
    lambda x, y, size, angle: (x, y, size, angle),
    st.floats(-0.2, 1.2),
    st.floats(-0.2, 1.2),
    st.floats(0.05, 1.5),
    st.floats(-np.pi, np.pi),
)
POINTS = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(1, 9)), min_size=1, max_size=5
)


def cropped(camera, choice):
    x, y, size, angle = choice
    centre = np.array([x * camera.width_px, y * camera.height_px])
    return Crop(centre, size * camera.height_px, angle)


@given(CAMERAS, CROPS, POINTS)
def test_the_crop_camera_sees_what_the_image_shows_in_the_crop(camera, choice, points):
    crop = cropped(camera, choice)
    view = crop_camera(crop, camera)
    points_m = np.array(points)
    seen = points_m @ view.rotation.T @ view.projection.T
    wanted = crop.from_image(project(points_m, camera))
    np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], wanted, rtol=1e-6, atol=1e-6)


@given(CAMERAS, CROPS)
def test_the_crop_camera_looks_at_the_middle_and_rolls_with_the_crop(camera, choice):
    crop = cropped(camera, choice)
    view = crop_camera(crop, camera)
    np.testing.assert_allclose(view.rotation @ view.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(view.rotation) > 0
    middle = view.rotation.T @ [0, 0, 1]
    np.testing.assert_allclose(project(middle, camera), crop.center_px, atol=1e-6)
    # One without the other: the turn to the ray, then a roll by the crop's angle.
    ray = middle / np.linalg.norm(middle)
    axis = np.cross(ray, [0, 0, 1])
    turn = Rotation.from_rotvec(
        axis / max(np.linalg.norm(axis), 1e-12) * np.arccos(np.clip(ray[2], -1, 1))
    )
    roll = Rotation.from_euler('z', -crop.angle_rad)
    np.testing.assert_allclose(view.rotation, (roll * turn).as_matrix(), atol=1e-6)


def test_the_extent_is_the_tangent_across_a_crop_in_the_middle():
    camera = Camera(640, 480, np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]]), np.zeros(0))
    view = crop_camera(Crop(np.array([320.0, 240.0]), 250.0, 0.3), camera)
    assert np.isclose(view.extent, 0.5)
    np.testing.assert_allclose(view.slope, 0, atol=1e-9)


def test_a_lens_bends_the_middle_of_the_crop():
    intrinsics = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    camera = Camera(640, 480, intrinsics, np.array([-0.3, 0.1, 0, 0, 0]))
    crop = Crop(np.array([600.0, 420.0]), 200.0, 0.0)
    straight = crop_camera(crop, Camera(640, 480, intrinsics, np.zeros(0)))
    bent = crop_camera(crop, camera)
    # Barrel distortion draws points inward: the ray is further out than it looks.
    assert np.all(bent.slope > straight.slope)
