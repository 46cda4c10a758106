"""The camera of each image: the newest ``CameraInfo``, or a guess where there is none."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo

from biopose_ros.files.camera import fit_to_images, guess_camera
from biopose_ros.records import Camera
from biopose_ros.sensor_messages.camera_info import camera_from_info

# A lens that focuses changes focal length and principal point by less than this share of the
# image's longer side; persons are followed through it.
FOCUS_BREATHING = 0.03


class CameraSource:
    """
    The newest calibration, and the guess that stands in for it.

    :param focal_length_px: guess where no calibration is known; 0 assumes a typical camera.
    :param is_rectified: see :func:`camera_from_info`.
    """

    def __init__(self, focal_length_px: float, is_rectified: bool) -> None:
        self._focal_length_px = focal_length_px
        self._is_rectified = is_rectified
        self._calibrated: Camera | None = None
        self.has_info = False

    @property
    def is_calibrated(self) -> bool:
        """Whether a calibration is known."""
        return self._calibrated is not None

    def update(self, info: CameraInfo) -> None:
        """
        Take a new CameraInfo; a bad one leaves the last good one in place.

        :raises CalibrationError: see :func:`camera_from_info`.
        """
        self.has_info = True
        self._calibrated = camera_from_info(info, self._is_rectified)

    def camera_for(self, width_px: int, height_px: int) -> Camera:
        """
        Give the camera of an image of this size.

        :raises CalibrationError: where the calibration is for an image of another shape.
        """
        if self._calibrated is None:
            return guess_camera(width_px, height_px, self._focal_length_px or None)
        return fit_to_images(self._calibrated, width_px, height_px, 'camera_info')


def same_optics(one: Camera, other: Camera) -> bool:
    """Return whether two cameras project the same, up to what an autofocus changes."""
    breathing_px = FOCUS_BREATHING * max(one.width_px, one.height_px)
    return (
        (one.width_px, one.height_px) == (other.width_px, other.height_px)
        and np.allclose(one.intrinsics_px, other.intrinsics_px, rtol=0.0, atol=breathing_px)
        and one.distortion.shape == other.distortion.shape
        and one.is_fisheye == other.is_fisheye
    )
