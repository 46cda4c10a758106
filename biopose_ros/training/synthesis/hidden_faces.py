"""Faces made of coarse blocks, as in footage whose persons shall not be recognised."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray

_CHANCE = 0.05
_FEWEST_BLOCKS, _MOST_BLOCKS = 3, 8
_NECK, _HEAD = JOINT_NAMES.index('neck'), JOINT_NAMES.index('head')
# From the head's joint, at its base, to the middle of the face, as a share of neck to head; and
# half the side of the square that covers it.
_UP_SHARE, _HALF_SIDE_M = 0.7, 0.13
_NEAREST_M = 0.2


def choose_face_blocks(random: np.random.Generator) -> int:
    """
    Choose how many blocks wide faces are shown.

    :param random: source of chance.
    :returns: 0 leaves faces as they are.
    """
    if random.random() >= _CHANCE:
        return 0
    return int(random.integers(_FEWEST_BLOCKS, _MOST_BLOCKS + 1))


def pixelate_faces(
    image: NDArray[np.uint8],
    persons_m: Iterable[FloatArray],
    projection: FloatArray,
    blocks: int,
) -> None:
    """
    Cover the faces of a picture with blocks of one colour each.

    :param image: [height, width, 3], changed in place.
    :param persons_m: [24, 3] joints of each person, camera axes.
    :param projection: [3, 3], from camera axes to pixels.
    :param blocks: across a face.
    """
    for joints_m in persons_m:
        middle_m = joints_m[_HEAD] + _UP_SHARE * (joints_m[_HEAD] - joints_m[_NECK])
        if middle_m[2] < _NEAREST_M:
            continue
        corners_m = middle_m + np.outer((-_HALF_SIDE_M, _HALF_SIDE_M), (1.0, 1.0, 0.0))
        corners_px = (corners_m / middle_m[2] @ projection.T)[:, :2]
        center_px = corners_px.mean(0)
        half_px = 0.5 * float(np.linalg.norm(corners_px[1] - corners_px[0])) / np.sqrt(2.0)
        limit = [image.shape[1], image.shape[0]]
        left, top = np.clip(np.floor(center_px - half_px), 0, limit).astype(int)
        right, bottom = np.clip(np.ceil(center_px + half_px), 0, limit).astype(int)
        face = image[top:bottom, left:right]
        if min(face.shape[:2]) >= blocks:
            few = cv2.resize(face, (blocks, blocks), interpolation=cv2.INTER_AREA)
            size = (right - left, bottom - top)
            face[:] = cv2.resize(few, size, interpolation=cv2.INTER_NEAREST)
