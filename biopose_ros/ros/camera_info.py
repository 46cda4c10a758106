"""Turn ``CameraInfo`` into a :class:`Camera`, or guess one where the camera is not calibrated."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from biopose_ros.files.camera import guess_camera
from biopose_ros.records import Camera, FloatArray

if TYPE_CHECKING:  # bags are read without ROS: any library's messages will do
    from sensor_msgs.msg import CameraInfo

# OpenCV's pinhole coefficients; fisheye (`equidistant`) is another projection.
PINHOLE_MODELS = ('', 'plumb_bob', 'rational_polynomial')
COEFFICIENT_COUNTS = (0, 4, 5, 8)


class CalibrationError(ValueError):
    """A CameraInfo cannot be used; the text names the value and the remedy."""


def camera_from_info(info: CameraInfo, is_rectified: bool = False) -> Camera | None:
    """
    Read a calibration, with binning and region of interest applied.

    :param is_rectified: the images are rectified: use P, and no distortion.
    :returns: the camera of the published image; None where all of K is zero, which in ROS means
        that the camera is not calibrated.
    :raises CalibrationError: where the numbers cannot be a camera.
    """
    matrix: FloatArray = np.array(info.k, dtype=np.float64).reshape(3, 3)
    projection = np.array(info.p, dtype=np.float64).reshape(3, 4)[:, :3]
    if is_rectified and projection.any():
        matrix = projection
    if not matrix.any():
        return None
    _check_intrinsics(matrix)
    distortion = np.zeros(0) if is_rectified else _distortion(info)
    width, height, matrix = _apply_binning_and_roi(info, matrix)
    return Camera(width, height, matrix, distortion)


def camera_for_size(camera: Camera, width_px: int, height_px: int) -> Camera:
    """
    Fit a calibration to an image that was resized after the camera.

    :raises CalibrationError: where the image has another shape than the calibration.
    """
    if camera.width_px == 0 or camera.height_px == 0:  # drivers that leave the size out
        return replace(camera, width_px=width_px, height_px=height_px)
    if (camera.width_px, camera.height_px) == (width_px, height_px):
        return camera
    scale_x, scale_y = width_px / camera.width_px, height_px / camera.height_px
    if not math.isclose(scale_x, scale_y, rel_tol=0.02):
        raise CalibrationError(
            f'camera_info is for {camera.width_px}x{camera.height_px} but the image is '
            f'{width_px}x{height_px}, another shape; publish the matching camera_info'
        )
    intrinsics = np.diag([scale_x, scale_y, 1.0]) @ camera.intrinsics_px
    return replace(camera, width_px=width_px, height_px=height_px, intrinsics_px=intrinsics)


def _check_intrinsics(matrix: FloatArray) -> None:
    """Refuse what no lens can have; NaN comes from broken calibration files."""
    if not np.isfinite(matrix).all():
        raise CalibrationError(
            f'camera_info holds intrinsics that are not finite ({matrix.ravel().tolist()}); '
            'calibrate the camera again'
        )
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise CalibrationError(
            f'camera_info holds focal lengths {matrix[0, 0]:g}, {matrix[1, 1]:g} px, which must '
            'be positive; calibrate the camera again'
        )


def _distortion(info: CameraInfo) -> FloatArray:
    """Read the lens distortion as [0, 4, 5 or 8] OpenCV coefficients."""
    coefficients = np.array(info.d, dtype=np.float64)
    if not coefficients.any():
        return np.zeros(0)
    if info.distortion_model not in PINHOLE_MODELS:
        raise CalibrationError(
            f'distortion model {info.distortion_model!r} is not supported; rectify the images '
            '(image_proc) and set image_is_rectified'
        )
    if not np.isfinite(coefficients).all():
        raise CalibrationError('camera_info holds distortion coefficients that are not finite')
    if len(coefficients) > 8 and not coefficients[8:].any():
        coefficients = coefficients[:8]
    if len(coefficients) not in COEFFICIENT_COUNTS:
        raise CalibrationError(
            f'camera_info holds {len(coefficients)} distortion coefficients, expected one of '
            f'{COEFFICIENT_COUNTS}; rectify the images and set image_is_rectified'
        )
    return coefficients


def _apply_binning_and_roi(info: CameraInfo, matrix: FloatArray) -> tuple[int, int, FloatArray]:
    """K belongs to the full sensor; shift it to the region of interest, then shrink by binning."""
    roi = info.roi
    width, height = roi.width or info.width, roi.height or info.height
    binning_x, binning_y = max(info.binning_x, 1), max(info.binning_y, 1)
    shift = np.array([[1.0, 0.0, -roi.x_offset], [0.0, 1.0, -roi.y_offset], [0.0, 0.0, 1.0]])
    shrink = np.diag([1 / binning_x, 1 / binning_y, 1.0])
    return width // binning_x, height // binning_y, shrink @ shift @ matrix


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
        return camera_for_size(self._calibrated, width_px, height_px)


def same_optics(one: Camera, other: Camera) -> bool:
    """Tell whether two cameras project alike."""
    return (
        (one.width_px, one.height_px) == (other.width_px, other.height_px)
        and np.allclose(one.intrinsics_px, other.intrinsics_px)
        and np.array_equal(one.distortion, other.distortion)
    )
