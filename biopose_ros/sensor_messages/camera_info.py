"""Turn ``CameraInfo`` into a :class:`Camera`: pinhole cameras and fisheye lenses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from biopose_ros.records import Camera, FloatArray

# OpenCV's pinhole coefficients; a fisheye lens is another projection.
PINHOLE_MODELS = ('', 'pinhole', 'plumb_bob', 'rational_polynomial')
FISHEYE_MODELS = ('equidistant', 'fisheye', 'kannala_brandt4')
FISHEYE_COEFFICIENTS = 4
COEFFICIENT_COUNTS = (0, 4, 5, 8)
# Focal lengths of real lenses over the image's longer side: 136 to 3 degrees of view.
SHORTEST_LENS, LONGEST_LENS = 0.2, 20.0
Numbers = Sequence[float] | FloatArray


class Region(Protocol):
    """What is read of a ``sensor_msgs/RegionOfInterest``, pixels."""

    x_offset: int
    y_offset: int
    width: int
    height: int


class CameraInfo(Protocol):
    """What is read of a ``sensor_msgs/CameraInfo``."""

    width: int
    height: int
    distortion_model: str
    d: Numbers
    k: Numbers
    p: Numbers
    binning_x: int
    binning_y: int
    roi: Region


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
    check_intrinsics(matrix, max(info.width, info.height), 'camera_info')
    distortion, is_fisheye = (
        (np.zeros(0), False) if is_rectified else lens(info.distortion_model, info.d)
    )
    width, height, matrix = _apply_binning_and_roi(info, matrix)
    return Camera(width, height, matrix, distortion, is_fisheye=is_fisheye)


def check_intrinsics(matrix: FloatArray, longer_side_px: int, name: str) -> None:
    """
    Refuse what no lens can have; NaN comes from broken calibration files.

    :param matrix: [3, 3], K, pixels.
    :param longer_side_px: of the images; 0 where it is not known.
    :param name: of what holds it, for the error.
    :raises CalibrationError: names the values and the remedy.
    """
    if not np.isfinite(matrix).all():
        raise CalibrationError(
            f'{name} holds intrinsics that are not finite ({matrix.ravel().tolist()}); '
            'calibrate the camera again'
        )
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise CalibrationError(
            f'{name} holds focal lengths {matrix[0, 0]:g}, {matrix[1, 1]:g} px, which must '
            'be positive; calibrate the camera again'
        )
    if not longer_side_px:  # drivers that leave the size out
        return
    shares = np.diag(matrix)[:2] / longer_side_px
    if not (shares.min() >= SHORTEST_LENS and shares.max() <= LONGEST_LENS):
        raise CalibrationError(
            f'{name} holds focal lengths {matrix[0, 0]:g}, {matrix[1, 1]:g} px for images '
            f'{longer_side_px} px large, which no lens has ({SHORTEST_LENS:g} to {LONGEST_LENS:g} '
            'times the longer side); K must be in pixels of these images'
        )


def lens(model: str, coefficients: Numbers) -> tuple[FloatArray, bool]:
    """
    Read a lens.

    :param model: of the distortion, as ROS and OpenCV name it; '' for a pinhole camera's.
    :param coefficients: in the model's order.
    :returns: the coefficients [0, 4, 5 or 8], and whether it is a fisheye lens, then [4].
    :raises CalibrationError: for another model, or numbers that do not fit it.
    """
    values = np.array(coefficients, dtype=np.float64)
    if not np.isfinite(values).all():
        raise CalibrationError('the distortion holds coefficients that are not finite')
    if model in FISHEYE_MODELS:
        if len(values) not in (0, FISHEYE_COEFFICIENTS):
            raise CalibrationError(
                f'a fisheye lens ({model}) has 4 distortion coefficients, got {len(values)}; '
                "calibrate with OpenCV's fisheye model"
            )
        return (values if len(values) else np.zeros(FISHEYE_COEFFICIENTS)), True
    if not values.any():
        return np.zeros(0), False
    if model not in PINHOLE_MODELS:
        raise CalibrationError(
            f'distortion model {model!r} is not supported; rectify the images (image_proc) and '
            'set image_is_rectified, or --rectified'
        )
    if len(values) > 8 and not values[8:].any():
        values = values[:8]
    if len(values) not in COEFFICIENT_COUNTS:
        raise CalibrationError(
            f'camera_info holds {len(values)} distortion coefficients, expected one of '
            f'{COEFFICIENT_COUNTS}; rectify the images and set image_is_rectified, or --rectified'
        )
    return values, False


def _apply_binning_and_roi(info: CameraInfo, matrix: FloatArray) -> tuple[int, int, FloatArray]:
    """K belongs to the full sensor; shift it to the region of interest, then shrink by binning."""
    roi = info.roi
    width, height = roi.width or info.width, roi.height or info.height
    binning_x, binning_y = max(info.binning_x, 1), max(info.binning_y, 1)
    shift = np.array([[1.0, 0.0, -roi.x_offset], [0.0, 1.0, -roi.y_offset], [0.0, 0.0, 1.0]])
    shrink = np.diag([1 / binning_x, 1 / binning_y, 1.0])
    return width // binning_x, height // binning_y, shrink @ shift @ matrix
