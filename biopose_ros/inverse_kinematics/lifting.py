"""Place a person's landmarks in the camera frame: the detector's depth on the image's rays."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.frames import image_rays
from biopose_ros.records import Camera, FloatArray

# Landmarks below this confidence are not used to place the person.
MIN_CONFIDENCE = 0.3


def turn_to_ray(landmarks_m: FloatArray, ray: FloatArray) -> FloatArray:
    """
    Turn landmarks seen along a ray into the camera's axes.

    The network sees a crop and knows nothing of where it lies in the image, so its depth axis is
    the crop's viewing ray, not the optical axis.

    :param landmarks_m: [points, 3], z along the viewing ray.
    :param ray: [3], direction of the crop's centre, camera frame.
    :returns: [points, 3], axes parallel to the camera's.
    """
    direction = ray / np.linalg.norm(ray)
    axis = np.cross([0.0, 0.0, 1.0], direction)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        return landmarks_m
    angle = np.arctan2(sine, direction[2])
    return Rotation.from_rotvec(axis / sine * angle).apply(landmarks_m)


def translation_from_rays(
    points_m: FloatArray, rays: FloatArray, weights: FloatArray
) -> FloatArray:
    """
    Find the translation that brings points onto their rays, by weighted linear least squares.

    Each ray (x, y, 1) gives X + tx = x (Z + tz) and Y + ty = y (Z + tz).

    :param points_m: [points, 3], camera axes, any origin.
    :param rays: [points, 3], z = 1.
    :param weights: [points], 0 leaves a point out.
    :returns: [3], metres.
    """
    count = len(points_m)
    rows = np.zeros((2, count, 3))
    rows[0, :, 0] = 1.0
    rows[1, :, 1] = 1.0
    rows[:, :, 2] = -rays[:, :2].T
    right = (rays[:, :2] * points_m[:, 2:] - points_m[:, :2]).T
    root = np.sqrt(weights)
    solution, *_ = np.linalg.lstsq(
        (rows * root[None, :, None]).reshape(-1, 3), (right * root).reshape(-1), rcond=None
    )
    return solution


def lift(
    landmarks_m: FloatArray, keypoints_px: FloatArray, confidence: FloatArray, camera: Camera
) -> FloatArray:
    """
    Place landmarks in the camera frame: lateral position from the image, depth from the network.

    :param landmarks_m: [points, 3], metres, axes of the crop (x right, y down, z away).
    :param keypoints_px: [points, 2], the same points in the full image.
    :param confidence: [points], 0 to 1.
    :param camera: the camera.
    :returns: [points, 3], metres, camera frame; NaN where the person cannot be placed, because
        fewer than four landmarks are trusted or the fit puts it behind the camera.
    """
    weights = np.where(confidence >= MIN_CONFIDENCE, confidence, 0.0)
    if np.count_nonzero(weights) < 4:
        return np.full_like(landmarks_m, np.nan, dtype=np.float64)
    rays = image_rays(keypoints_px, camera)
    centre = np.average(rays, axis=0, weights=weights)
    points = turn_to_ray(np.asarray(landmarks_m, dtype=np.float64), centre)
    for _ in range(3):  # reweighted: one wrong landmark must not move the person
        translation = translation_from_rays(points, rays, weights)
        depth = points[:, 2] + translation[2]
        residual = np.linalg.norm(
            rays[:, :2] * depth[:, None] - (points + translation)[:, :2], axis=1
        )
        scale = max(1.5 * float(np.median(residual[weights > 0])), 1e-3)
        weights = np.where(confidence >= MIN_CONFIDENCE, confidence, 0.0) / (
            1 + (residual / scale) ** 2
        )
    if not np.all(depth > 0.1):
        return np.full_like(points, np.nan)
    return rays * depth[:, None]
