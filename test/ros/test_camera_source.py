import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo

from biopose_ros.ros.camera_source import CameraSource, same_optics
from biopose_ros.sensor_messages.camera_info import CalibrationError, camera_from_info

K = [800.0, 0.0, 640.0, 0.0, 810.0, 360.0, 0.0, 0.0, 1.0]


def info(**changes):
    fields = {'width': 1280, 'height': 720, 'k': K, 'distortion_model': 'plumb_bob'}
    return CameraInfo(**{**fields, **changes})


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


def test_an_autofocus_leaves_the_optics_the_same_and_a_zoom_does_not():
    one = camera_from_info(info())
    assert same_optics(one, camera_from_info(info()))
    assert same_optics(one, camera_from_info(info(k=[805.0, *K[1:]])))
    assert not same_optics(one, camera_from_info(info(k=[1000.0, *K[1:]])))
