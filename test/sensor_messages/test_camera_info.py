import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from biopose_ros.frames import project
from biopose_ros.sensor_messages.camera_info import CalibrationError, camera_from_info

K = [800.0, 0.0, 640.0, 0.0, 810.0, 360.0, 0.0, 0.0, 1.0]


def info(**changes):
    fields = {'width': 1280, 'height': 720, 'k': K, 'distortion_model': 'plumb_bob'}
    return CameraInfo(**{**fields, **changes})


def test_calibration_is_read():
    camera = camera_from_info(info(d=[0.1, -0.2, 0.001, 0.002, 0.05]))
    np.testing.assert_array_equal(camera.intrinsics_px.ravel(), K)
    np.testing.assert_array_equal(camera.distortion, [0.1, -0.2, 0.001, 0.002, 0.05])
    assert (camera.width_px, camera.height_px, camera.is_calibrated) == (1280, 720, True)


def test_zero_matrix_means_uncalibrated():
    assert camera_from_info(CameraInfo(width=640, height=480)) is None


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_intrinsics_that_are_not_finite_are_refused(bad):
    with pytest.raises(CalibrationError, match=r'not finite.*calibrate'):
        camera_from_info(info(k=[bad, *K[1:]]))


@pytest.mark.parametrize('focal', [0.0, -800.0])
def test_focal_length_must_be_positive(focal):
    with pytest.raises(CalibrationError, match='must be positive'):
        camera_from_info(info(k=[focal, *K[1:]]))


def test_a_fisheye_lens_is_read_and_unknown_ones_are_refused():
    camera = camera_from_info(info(distortion_model='equidistant', d=[0.1, 0.0, 0.0, 0.0]))
    assert camera.is_fisheye
    np.testing.assert_array_equal(camera.distortion, [0.1, 0.0, 0.0, 0.0])
    assert camera_from_info(info(distortion_model='equidistant')).is_fisheye
    with pytest.raises(CalibrationError, match='has 4 distortion coefficients, got 5'):
        camera_from_info(info(distortion_model='equidistant', d=[0.1] * 5))
    with pytest.raises(CalibrationError, match=r"'omni'.*image_is_rectified"):
        camera_from_info(info(distortion_model='omni', d=[0.1, 0.0, 0.0, 0.0]))


def test_rectified_images_use_the_projection_matrix():
    p = [700.0, 0.0, 600.0, 0.0, 0.0, 700.0, 350.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    camera = camera_from_info(info(p=p, d=[0.1, 0.0, 0.0, 0.0, 0.0]), is_rectified=True)
    assert camera.intrinsics_px[0, 0] == 700.0
    assert len(camera.distortion) == 0


def test_rational_model_drops_trailing_zeros_only():
    d = [0.1, 0.2, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6]
    camera = camera_from_info(info(distortion_model='rational_polynomial', d=[*d, 0.0, 0.0]))
    np.testing.assert_array_equal(camera.distortion, d)
    with pytest.raises(CalibrationError, match='12 distortion coefficients'):
        camera_from_info(info(distortion_model='rational_polynomial', d=[*d, 0.1, 0.0, 0.0, 0.0]))


def test_region_and_binning_match_a_cropped_and_shrunk_picture():
    roi = RegionOfInterest(x_offset=100, y_offset=50, width=800, height=600)
    camera = camera_from_info(info(roi=roi, binning_x=2, binning_y=2))
    point = np.array([[0.2, -0.1, 3.0]])
    full = camera_from_info(info())
    expected = (project(point, full) - [100, 50]) / 2
    np.testing.assert_allclose(project(point, camera), expected)
    assert (camera.width_px, camera.height_px) == (400, 300)


@pytest.mark.parametrize('focal_px', [3.0, 100_000.0])
def test_a_focal_length_that_no_lens_has_is_refused(focal_px):
    matrix = [focal_px, 0.0, 640.0, 0.0, focal_px, 360.0, 0.0, 0.0, 1.0]
    with pytest.raises(CalibrationError, match=r'1280 px large, which no lens has'):
        camera_from_info(info(k=matrix))
