"""
Every change of axes in the project.

Three conventions meet here, all right-handed:

- **camera**: OpenCV optical axes, x right, y down, z forward (away from the lens).
- **ground** and **segment**: OpenSim axes, x forward, y up, z right.
- **REP-103 body**: x forward, y left, z up.

The ground frame shares its origin with the camera and looks back into it: ground x points from the
scene to the camera. A person who faces the camera upright therefore has a pelvis rotation near
zero, and the +-180 degree seam lies at people who turn their back.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.records import Camera, FloatArray

CAMERA_FROM_GROUND: FloatArray = np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
GROUND_FROM_CAMERA: FloatArray = CAMERA_FROM_GROUND.T.copy()
REP103_FROM_OPENSIM: FloatArray = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
OPENSIM_FROM_REP103: FloatArray = REP103_FROM_OPENSIM.T.copy()
# SMPL-format bodies: x to the subject's left, y up, z forward.
OPENSIM_FROM_BODY: FloatArray = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


def ground_to_camera(points_m: ArrayLike) -> FloatArray:
    """
    Express ground points in the camera's optical frame.

    :param points_m: [..., 3], metres, ground frame.
    :returns: [..., 3], metres, camera frame.
    """
    return np.asarray(points_m) @ CAMERA_FROM_GROUND.T


def camera_to_ground(points_m: ArrayLike) -> FloatArray:
    """
    Express camera points in the ground frame.

    :param points_m: [..., 3], metres, camera frame.
    :returns: [..., 3], metres, ground frame.
    """
    return np.asarray(points_m) @ GROUND_FROM_CAMERA.T


def segment_rotation_to_rep103(rotations: ArrayLike) -> FloatArray:
    """
    Turn segment axes from OpenSim's (x forward, y up, z right) to REP-103's (z up) on the right.

    :param rotations: [..., 3, 3], OpenSim segment axes to any frame.
    :returns: [..., 3, 3], REP-103 segment axes to the same frame.
    """
    return np.asarray(rotations) @ OPENSIM_FROM_REP103


def project(points_m: ArrayLike, camera: Camera) -> FloatArray:
    """
    Project camera points into the image, without lens distortion.

    :param points_m: [..., 3], metres, camera frame.
    :param camera: the pinhole camera.
    :returns: [..., 2], pixels; NaN for points behind the camera.
    """
    points = np.asarray(points_m, dtype=np.float64)
    depth = np.where(points[..., 2:] > 1e-6, points[..., 2:], np.nan)
    homogeneous = (points / depth) @ camera.intrinsics_px.T
    return homogeneous[..., :2]


def project_through_lens(points_m: ArrayLike, camera: Camera) -> FloatArray:
    """
    Project camera points into the image as the real lens does, with its distortion.

    :param points_m: [..., 3], metres, camera frame.
    :param camera: the camera.
    :returns: [..., 2], pixels; NaN for points behind the camera.
    """
    points = np.asarray(points_m, dtype=np.float64)
    if camera.distortion.size == 0:
        return project(points, camera)
    is_visible = points[..., 2] > 1e-6  # False for NaN as well
    pixels = np.full((*points.shape[:-1], 2), np.nan)
    if is_visible.any():
        no_motion = np.zeros(3)
        visible = np.ascontiguousarray(points[is_visible])  # OpenCV refuses other layouts
        projected, _ = cv2.projectPoints(
            visible, no_motion, no_motion, camera.intrinsics_px, camera.distortion
        )
        pixels[is_visible] = projected[:, 0]
    return pixels
