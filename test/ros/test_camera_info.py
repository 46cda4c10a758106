import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from biopose_ros.frames import project
from biopose_ros.ros.camera_info import (
    CalibrationError,
    CameraSource,
    camera_for_size,
    camera_from_info,
    same_optics,
)

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


def test_fisheye_is_refused_with_the_remedy():
    with pytest.raises(CalibrationError, match=r"'equidistant'.*image_is_rectified"):
        camera_from_info(info(distortion_model='equidistant', d=[0.1, 0.0, 0.0, 0.0]))


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


def test_resized_image_projects_like_opencv():
    camera = camera_for_size(camera_from_info(info()), 640, 360)
    point = np.array([[0.3, 0.2, 2.0]])
    full, _ = cv2.projectPoints(point, np.zeros(3), np.zeros(3), np.reshape(K, (3, 3)), None)
    np.testing.assert_allclose(project(point, camera), full.reshape(1, 2) / 2)


def test_image_of_another_shape_is_refused():
    with pytest.raises(CalibrationError, match=r'1280x720 but the image is 720x1280'):
        camera_for_size(camera_from_info(info()), 720, 1280)


def test_bad_info_leaves_the_last_good_one():
    source = CameraSource(focal_length_px=0.0, is_rectified=False)
    assert not source.camera_for(640, 360).is_calibrated
    source.update(info())
    with pytest.raises(CalibrationError):
        source.update(info(k=[np.nan] * 9))
    assert source.camera_for(640, 360).intrinsics_px[0, 0] == pytest.approx(400.0)


def test_given_focal_length_stands_in_for_a_calibration():
    source = CameraSource(focal_length_px=1234.0, is_rectified=False)
    source.update(CameraInfo())
    camera = source.camera_for(1280, 720)
    assert camera.intrinsics_px[0, 0] == 1234.0
    assert not camera.is_calibrated


def test_same_optics_sees_a_new_focal_length():
    one = camera_from_info(info())
    assert same_optics(one, camera_from_info(info()))
    assert not same_optics(one, camera_from_info(info(k=[801.0, *K[1:]])))
