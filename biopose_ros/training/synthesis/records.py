"""One synthetic image with everything that is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray


class Visibility(IntEnum):
    """Whether a point of the body can be seen, and if not, why."""

    VISIBLE = 0
    SELF_OCCLUDED = 1
    OCCLUDED = 2
    OUT_OF_IMAGE = 3


@dataclass(frozen=True)
class SyntheticSample:
    """
    An image as the runtime's crop stage would hand it on, and its truth.

    ``body(pose, betas, translation_m)`` gives the vertices in camera axes (OpenCV: x right, y
    down, z forward, metres). Pixels are those of the crop, centres at whole numbers; a pixel of
    the crop is ``crop_from_image @ (pixel of the camera's image, 1)``.

    :param index: number in the stream; with the seed it fixes every byte of the sample.
    :param subject: number of the person's shape.
    :param clip: name of the motion clip.
    :param frame: frame of the clip.
    :param image_bgr: [side, side, 3] uint8.
    :param segmentation: [side, side] uint8: 0 background, 1 the person, 2 other persons, 3 things.
    :param pose: [24, 3] float32, rotation vectors; the root's turns into camera axes.
    :param betas: [components] float32.
    :param translation_m: [3] float32, see above.
    :param gravity: [3] float32, unit vector, camera axes.
    :param intrinsics_px: [3, 3] float32, of the camera's whole image.
    :param image_size_px: [2] int32, width and height of the camera's image.
    :param crop_from_image: [3, 3] float32, pixels to pixels.
    :param joints_m: [24, 3] float32, camera axes.
    :param joints_px: [24, 2] float32.
    :param joint_visibility: [24] uint8, values of :class:`Visibility`.
    :param markers_m: [markers, 3] float32, camera axes; empty without a marker table.
    :param markers_px: [markers, 2] float32.
    :param coordinates: [coordinates] float32, of the skeleton; empty without a skeleton.
    :param scales: [segments, 3] float32; empty without a skeleton.
    """

    index: int
    subject: int
    clip: str
    frame: int
    image_bgr: NDArray[np.uint8]
    segmentation: NDArray[np.uint8]
    pose: FloatArray
    betas: FloatArray
    translation_m: FloatArray
    gravity: FloatArray
    intrinsics_px: FloatArray
    image_size_px: NDArray[np.int32]
    crop_from_image: FloatArray
    joints_m: FloatArray
    joints_px: FloatArray
    joint_visibility: NDArray[np.uint8]
    markers_m: FloatArray
    markers_px: FloatArray
    coordinates: FloatArray
    scales: FloatArray

    @property
    def is_whole(self) -> bool:
        """No joint is hidden by a thing or another person, and none is out of the image."""
        return bool(np.all(self.joint_visibility < Visibility.OCCLUDED))

    def rays(self, points_px: FloatArray) -> FloatArray:
        """
        Give the rays of pixels of the crop.

        :param points_px: [..., 2].
        :returns: [..., 3], camera axes, z = 1.
        """
        projection = self.crop_from_image.astype(np.float64) @ self.intrinsics_px
        ones = np.ones((*points_px.shape[:-1], 1))
        rays = np.concatenate([points_px, ones], -1) @ np.linalg.inv(projection).T
        return rays / rays[..., 2:]


def stack(
    samples: Sequence[SyntheticSample], names: Sequence[str] | None = None
) -> dict[str, NDArray[np.generic]]:
    """
    Join samples to a batch.

    :param samples: at least one.
    :param names: fields that are wanted; None takes all.
    :returns: one array per field, [samples, ...].
    :raises ValueError: where there is no sample.
    """
    if not samples:
        raise ValueError('cannot stack an empty list of samples')
    return {
        name: np.stack([np.asarray(getattr(sample, name)) for sample in samples])
        for name in names or [field.name for field in fields(SyntheticSample)]
    }


def joint_visibility(
    joints_m: FloatArray,
    joints_px: FloatArray,
    flesh_m: FloatArray,
    segmentation: NDArray[np.uint8],
    depth_m: NDArray[np.float32],
    inside: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """
    Find the joints that can be seen.

    A joint lies inside the body, so it counts as seen while the surface before it is no further
    off than the flesh around the joint is thick.

    :param joints_m: [joints, 3], camera axes.
    :param joints_px: [joints, 2], crop.
    :param flesh_m: [joints], distance from the joint to the skin, with a margin.
    :param segmentation: [side, side], 1 where the person shows.
    :param depth_m: [side, side].
    :param inside: [side, side], False beyond the camera's image.
    :returns: [joints], values of :class:`Visibility`.
    """
    side = len(segmentation)
    column, row = np.rint(joints_px).astype(int).T
    outside = (row < 0) | (column < 0) | (row >= side) | (column >= side) | (joints_m[:, 2] <= 0)
    row, column = np.clip(row, 0, side - 1), np.clip(column, 0, side - 1)
    outside |= ~inside[row, column]
    in_front = joints_m[:, 2] - depth_m[row, column] > flesh_m
    by_other = segmentation[row, column] > 1
    # Something else may show at the pixel and still lie behind a joint at the outline.
    nearer = depth_m[row, column] < joints_m[:, 2]
    result = np.where(in_front, Visibility.SELF_OCCLUDED, Visibility.VISIBLE)
    result = np.where(by_other & nearer, Visibility.OCCLUDED, result)
    return np.where(outside, Visibility.OUT_OF_IMAGE, result).astype(np.uint8)
