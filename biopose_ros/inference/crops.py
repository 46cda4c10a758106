"""Rotated square crops: where a person is, upright and at one size for the networks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Crop, FloatArray


def crop_from_axis(center_px: FloatArray, top_px: FloatArray, margin: float) -> Crop:
    """
    Build the crop around a person from BlazePose's two alignment points.

    :param center_px: [2], middle of the hips.
    :param top_px: [2], where the trunk's direction meets the circle around the whole person.
    :param margin: side of the crop over the circle's diameter; 1.25 in the published pipeline.
    :returns: the crop.
    """
    axis = np.asarray(top_px, dtype=np.float64) - center_px
    # Upright means that the axis points to -y of the crop.
    angle = np.arctan2(axis[0], -axis[1])
    size = 2 * margin * float(np.hypot(*axis))
    return Crop(np.asarray(center_px, dtype=np.float64), max(size, 1.0), float(angle))


def cut_out(
    image: NDArray[np.uint8], crops: Sequence[Crop], size_px: int, out: NDArray[np.uint8]
) -> None:
    """
    Cut crops out of an image; what lies outside the image is black.

    :param image: [height, width, 3].
    :param crops: the squares.
    :param size_px: side of the result.
    :param out: [crops, size, size, 3], filled.
    """
    for crop, target in zip(crops, out, strict=True):
        matrix = np.empty((2, 3))
        matrix[:, :2] = crop.rotation * (crop.size_px / size_px)
        # Pixel centres lie at half numbers of the crop and at whole numbers for OpenCV.
        matrix[:, 2] = crop.to_image(np.full(2, 0.5 / size_px)) - 0.5
        cv2.warpAffine(
            image,
            matrix,
            (size_px, size_px),
            dst=target,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
