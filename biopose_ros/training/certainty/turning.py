"""Pictures turned by quarters of a circle, with the camera that would have taken them so."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Camera, FloatArray

_ROTATIONS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turned_axes(quarter_turns: int) -> FloatArray:
    """
    Give the turn from the camera's axes to those of the camera whose picture is turned.

    :param quarter_turns: of the picture, clockwise as seen.
    :returns: [3, 3].
    """
    cosine, sine = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][quarter_turns % 4]
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def turned_picture(image_bgr: NDArray[np.uint8], quarter_turns: int) -> NDArray[np.uint8]:
    """
    Turn a picture.

    :param image_bgr: [height, width, 3].
    :param quarter_turns: clockwise as seen.
    """
    if quarter_turns % 4 == 0:
        return image_bgr
    return np.asarray(cv2.rotate(image_bgr, _ROTATIONS[quarter_turns % 4]), np.uint8)


def turned_camera(camera: Camera, quarter_turns: int) -> Camera:
    """
    Give the camera of the turned picture.

    :param camera: without distortion.
    :param quarter_turns: of the picture, clockwise as seen.
    """
    turn = turned_axes(quarter_turns)[:2, :2]
    size = np.array([camera.width_px, camera.height_px], np.float64)
    width, height = np.abs(turn) @ size
    matrix = np.eye(3)
    matrix[:2, 2] = turn @ (camera.intrinsics_px[:2, 2] - size / 2) + [width / 2, height / 2]
    matrix[:2, :2] = np.diag(np.abs(turn) @ np.diag(camera.intrinsics_px)[:2])
    return replace(camera, width_px=round(width), height_px=round(height), intrinsics_px=matrix)
