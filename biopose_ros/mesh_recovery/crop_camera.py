"""
The camera that would have taken a crop on its own: the network's frame of reference.

A person at the image's edge is seen from the side although the crop shows them in its middle, and
a rolled crop turns them. So the network speaks in the axes of a camera that is turned to the
crop's centre and rolled with it; turning back is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.frames import image_rays
from biopose_ros.records import Camera, Crop, FloatArray


@dataclass(frozen=True)
class CropCamera:
    """
    The view of a crop.

    :param rotation: [3, 3], the image camera's axes to the crop camera's.
    :param projection: [3, 3], points in the crop camera's axes, up to a factor, to (u, v, 1): 0 to
        1 across the crop.
    :param extent: the crop's side, as the tangent of the angle that it takes up.
    :param slope: [2], tangents of the angles between the ray of the crop's centre and the optical
        axis, along the crop's sides.
    """

    rotation: FloatArray
    projection: FloatArray
    extent: float
    slope: FloatArray


def crop_camera(crop: Crop, camera: Camera) -> CropCamera:
    """
    Turn a camera to a crop.

    :param crop: the square, pixels of the full image.
    :param camera: of the full image; its distortion counts at the crop's centre.
    """
    ray = image_rays(crop.center_px[None], camera)[0]
    rotation = Rotation.from_euler('z', -crop.angle_rad).as_matrix() @ turn_to_axis(ray)
    # Undistorted, the crop stays centred where its centre's ray meets the image plane.
    centre_px = (camera.intrinsics_px @ ray)[:2]
    unit_from_image = np.eye(3)
    unit_from_image[:2, :2] = crop.rotation.T / crop.size_px
    unit_from_image[:2, 2] = 0.5 - unit_from_image[:2, :2] @ centre_px
    # Off the axis a step covers a smaller angle: cos^2 radially, cos tangentially; their geometric
    # mean is cos^1.5 (docs/mathematics.md).
    cosine = 1.0 / np.linalg.norm(ray)
    return CropCamera(
        rotation,
        unit_from_image @ camera.intrinsics_px @ rotation.T,
        float(crop.size_px / camera.focal_px * cosine**1.5),
        ray[:2] @ crop.rotation,
    )


def turn_to_axis(ray: FloatArray) -> FloatArray:
    """
    Build the smallest rotation that brings a ray onto the optical axis.

    :param ray: [3], camera axes, z above 0.
    :returns: [3, 3].
    """
    x, y, z = ray / np.linalg.norm(ray)
    cross = np.array([[0.0, 0.0, -x], [0.0, 0.0, -y], [x, y, 0.0]])
    return np.eye(3) + cross + cross @ cross / (1.0 + z)
