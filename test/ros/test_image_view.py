"""A camera turned or cut is a camera: projections must agree with OpenCV's through the lens."""

import cv2
import numpy as np
import pytest

from biopose_ros.frames import GroundFrame, project_through_lens
from biopose_ros.records import Camera
from biopose_ros.ros.image_view import ImageView, image_view
from biopose_ros.settings import NodeConfig

CAMERA = Camera(
    640,
    480,
    np.array([[600.0, 0, 330], [0, 580.0, 250], [0, 0, 1]]),
    np.array([0.05, -0.02, 0.004, -0.003, 0.01]),
)
FISHEYE = Camera(
    640,
    480,
    np.array([[250.0, 0, 330], [0, 250.0, 250], [0, 0, 1]]),
    np.array([-0.03, 0.02, -0.3, 0.2]),
    is_fisheye=True,
)
POINTS_M = np.array([[0.2, -0.1, 2.0], [-0.4, 0.3, 2.5], [0.0, 0.0, 1.0]])
WIDE_POINTS_M = POINTS_M * [4.0, 4.0, 1.0]


@pytest.mark.parametrize('rotation_deg', [0, 90, 180, 270])
@pytest.mark.parametrize('region', [(), (0.25, 0.0, 0.5, 0.75)])
@pytest.mark.parametrize(
    ('real', 'points_m'),
    [(CAMERA, POINTS_M), (FISHEYE, WIDE_POINTS_M)],
    ids=['pinhole', 'fisheye'],
)
def test_pixels_and_camera_are_turned_and_cut_alike(rotation_deg, region, real, points_m):
    view = ImageView(rotation_deg, region)
    seen_px = project_through_lens(points_m, real)
    image = np.zeros((480, 640, 3), np.uint8)
    for index, (x, y) in enumerate(seen_px.round().astype(int)):
        image[y, x] = 50 * (index + 1)
    seen, camera = view.see(image, real)
    assert seen.shape[:2] == (camera.height_px, camera.width_px)
    turned_px = project_through_lens(points_m @ view.camera_from_seen, camera)
    for index, (x, y) in enumerate(turned_px):
        rows, columns = np.nonzero(seen[..., 0] == 50 * (index + 1))
        assert abs(columns[0] - x) <= 0.51
        assert abs(rows[0] - y) <= 0.51


def test_clockwise_is_as_a_viewer_sees_it():
    image = np.zeros((4, 6, 3), np.uint8)
    image[0, 0] = 255  # top left
    seen, _ = ImageView(90).see(image, CAMERA)
    np.testing.assert_array_equal(seen, cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
    assert seen[0, -1, 0] == 255  # top right


def test_ground_of_a_turned_camera_is_where_the_real_one_has_it():
    view, mounted = ImageView(270), GroundFrame.of_camera(0.3, 0.1, 1.5)
    point_m = np.array([-2.0, 1.0, 0.4])
    turned_m = mounted.to_camera(point_m)
    real_m = mounted.of_turned_camera(view.camera_from_seen).to_camera(point_m)
    np.testing.assert_allclose(real_m, view.camera_from_seen @ turned_m, atol=1e-12)


def test_the_robot_itself_is_left_out(tmp_path):
    mask = np.full((48, 64), 255, np.uint8)
    mask[40:] = 0
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    image = np.full((480, 640, 3), 9, np.uint8)
    seen, _ = ImageView(mask=tmp_path / 'mask.png').see(image, CAMERA)
    assert (seen[:400] == 9).all()
    assert not seen[400:].any()
    cut, _ = ImageView(180, (0.0, 0.5, 1.0, 0.5), tmp_path / 'mask.png').see(image, CAMERA)
    assert not cut[:80].any()
    assert (cut[80:] == 9).all()


@pytest.mark.parametrize(
    ('values', 'complaint'),
    [
        ({'region_of_interest': '0.5 0 0.6 1'}, 'outside the picture'),
        ({'region_of_interest': '0 0 0 1'}, 'outside the picture'),
        ({'mask_image': '/no/such.png'}, '/no/such.png is not a picture'),
        ({'camera_rotation': 90, 'keypoints_topic': 'k'}, 'leave camera_rotation'),
    ],
)
def test_views_that_cannot_be_are_refused(values, complaint):
    with pytest.raises(ValueError, match=complaint):
        image_view(NodeConfig(**values))
    with pytest.raises(ValueError, match='region_of_interest'):
        NodeConfig(region_of_interest='all')
