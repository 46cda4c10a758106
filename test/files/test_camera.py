from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.files.camera import CameraError, fit_to_images, guess_camera, read_camera
from biopose_ros.frames import image_rays, project_through_lens

CAMERA_INFO_YAML = """
image_width: 640
image_height: 480
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 510, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0.001, 0.002, 0]}
"""
TOML = """
[cam_01]
size = [640.0, 480.0]
matrix = [[500.0, 0.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]]
distortions = [0.1, -0.2, 0.001, 0.002]
[cam_02]
size = [640.0, 480.0]
matrix = [[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]]
distortions = [0.0, 0.0, 0.0, 0.0]
[metadata]
adjusted = false
"""
FLAT_YAML = 'fx: 500\nfy: 510\ncx: 320\ncy: 240\nwidth: 640\nheight: 480\n'


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ('name', 'text', 'section', 'distortions'),
    [
        ('info.yaml', CAMERA_INFO_YAML, None, 5),
        ('cameras.toml', TOML, 'cam_01', 4),
        ('flat.yaml', FLAT_YAML, None, 0),
    ],
)
def test_formats(tmp_path, name, text, section, distortions):
    camera = read_camera(write(tmp_path, name, text), 640, 480, section)
    assert camera.is_calibrated
    assert (camera.width_px, camera.height_px) == (640, 480)
    np.testing.assert_array_equal(camera.intrinsics_px, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    assert len(camera.distortion) == distortions


EQUIDISTANT_YAML = CAMERA_INFO_YAML.replace('plumb_bob', 'equidistant').replace(
    '[0.1, -0.2, 0.001, 0.002, 0]', '[0.1, 0.0, 0.0, 0.0]'
)


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('info.yaml', EQUIDISTANT_YAML),
        (
            'model.yaml',
            EQUIDISTANT_YAML.replace('distortion_model: equidistant', 'camera_model: fisheye'),
        ),
        ('both.yaml', EQUIDISTANT_YAML.replace('equidistant', 'plumb_bob\ncamera_model: fisheye')),
        (
            'flat.yaml',
            FLAT_YAML + 'distortion: [0.1, 0.0, 0.0, 0.0]\ndistortion_model: equidistant\n',
        ),
        (
            'lens.toml',
            TOML.split('[cam_02]')[0].replace('-0.2, 0.001, 0.002', '0, 0, 0')
            + 'fisheye = true\n',
        ),
    ],
)
def test_a_fisheye_lens_bends_rays_by_their_angle(tmp_path, name, text):
    """A point 51 degrees off the axis, by the formula of Kannala and Brandt."""
    camera = read_camera(write(tmp_path, name, text), 640, 480)
    angle = np.radians(51.0)
    point_m = 3.0 * np.array([np.sin(angle), 0.0, np.cos(angle)])
    expected_px = 320 + 500 * (angle + 0.1 * angle**3)
    found_px = project_through_lens(point_m, camera)
    np.testing.assert_allclose(found_px, [expected_px, 240])
    ray = image_rays(found_px[None], camera)[0]
    np.testing.assert_allclose(ray, point_m / point_m[2], atol=1e-6)


def test_another_lens_is_refused(tmp_path):
    text = CAMERA_INFO_YAML.replace('plumb_bob', 'mei')
    with pytest.raises(CameraError, match=r"distortion model 'mei' is not supported"):
        read_camera(write(tmp_path, 'info.yaml', text), 640, 480)


def test_a_calibration_is_scaled_to_the_images(tmp_path):
    camera = read_camera(write(tmp_path, 'info.yaml', CAMERA_INFO_YAML), 1280, 960)
    np.testing.assert_allclose(camera.intrinsics_px, [[1000, 0, 640], [0, 1020, 480], [0, 0, 1]])
    assert camera.width_px == 1280


def test_a_cut_of_a_few_pixels_keeps_the_scale(tmp_path):
    camera = read_camera(write(tmp_path, 'info.yaml', CAMERA_INFO_YAML), 636, 480)
    assert camera.intrinsics_px[0, 0] == 500
    assert camera.width_px == 636


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('empty.yaml', '', 'no camera intrinsics understood'),
        ('other.yaml', 'speed: 3', "KeyError: 'fx'"),
        ('bad.yaml', 'fx: 0\nfy: 510\ncx: 320\ncy: 240', 'lengths 0, 510 px, which must be posit'),
        ('nan.yaml', 'fx: .nan\nfy: 510\ncx: 320\ncy: 240', 'intrinsics that are not finite'),
        (
            'mm.yaml',
            'fx: 4.2\nfy: 4.2\ncx: 320\ncy: 240',
            '4.2 px for images 640 px large, which no',
        ),
        ('broken.yaml', 'fx: [', 'no camera intrinsics understood'),
        ('cameras.toml', TOML, 'say which one of: cam_01, cam_02'),
    ],
)
def test_unusable_files_are_named(tmp_path, name, text, message):
    with pytest.raises(CameraError, match=message) as caught:
        read_camera(write(tmp_path, name, text), 640, 480)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CameraError, match=r'nothing.yaml.*FileNotFoundError'):
        read_camera(tmp_path / 'nothing.yaml', 640, 480)


def test_another_shape_is_refused(tmp_path):
    path = write(tmp_path, 'info.yaml', CAMERA_INFO_YAML)
    with pytest.raises(CameraError, match='640x480 px, but the images are 480x640 px'):
        read_camera(path, 480, 640)


def test_a_camera_without_a_size_takes_the_images():
    unsized = replace(guess_camera(640, 480), width_px=0, height_px=0)
    assert fit_to_images(unsized, 640, 480, 'bag').width_px == 640


def test_the_guess_looks_through_the_middle():
    camera = guess_camera(1080, 1920)
    assert not camera.is_calibrated
    assert camera.intrinsics_px[0, 0] == pytest.approx(0.8 * 1920)
    assert camera.intrinsics_px[0, 2] == 540
    assert guess_camera(1080, 1920, focal_px=1700.0).intrinsics_px[1, 1] == 1700.0


@pytest.mark.parametrize('focal_px', [-5.0, 0.0, np.nan, np.inf, 1e9, 35.0])
def test_a_focal_length_that_no_lens_has_is_refused(focal_px):
    with pytest.raises(
        CameraError, match='must lie from 128 to 12800 pixels for images 640 px large, got'
    ):
        guess_camera(640, 480, focal_px)
