"""A contact sheet: what the samples look like, and whether the truth lies on them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.training.synthesis.records import SyntheticSample, Visibility

# Blue, green, red: seen, behind the own body, behind something else.
_COLOURS = {
    Visibility.VISIBLE: (80, 255, 80),
    Visibility.SELF_OCCLUDED: (0, 220, 255),
    Visibility.OCCLUDED: (60, 60, 255),
}


def contact_sheet(
    samples: Sequence[SyntheticSample], tile_px: int = 160, columns: int | None = None
) -> NDArray[np.uint8]:
    """
    Lay samples out in rows; joints are drawn on every second one.

    :param samples: at least one.
    :param tile_px: side of one image.
    :param columns: images in a row; None makes a square.
    :returns: [height, width, 3] uint8, blue first.
    :raises ValueError: where there is no sample.
    """
    if not samples:
        raise ValueError('a contact sheet needs at least one sample')
    columns = columns or int(np.ceil(np.sqrt(len(samples))))
    rows = -(-len(samples) // columns)
    sheet = np.zeros((rows * tile_px, columns * tile_px, 3), np.uint8)
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        scale = tile_px / len(sample.image_bgr)
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        tile = np.asarray(
            cv2.resize(sample.image_bgr, (tile_px, tile_px), interpolation=method), np.uint8
        )
        if row % 2:
            _draw_joints(tile, sample, scale)
        top, left = row * tile_px, column * tile_px
        sheet[top : top + tile_px, left : left + tile_px] = tile
    return sheet


def _draw_joints(tile: NDArray[np.uint8], sample: SyntheticSample, scale: float) -> None:
    """Bones in white, joints by visibility; what is out of the image is left out."""
    points = np.rint((sample.joints_px + 0.5) * scale - 0.5).astype(int)
    shown = sample.joint_visibility != Visibility.OUT_OF_IMAGE
    for joint, parent in enumerate(JOINT_PARENTS):
        if parent >= 0 and shown[joint] and shown[parent]:
            start, end = points[parent].tolist(), points[joint].tolist()
            cv2.line(tile, start, end, (255, 255, 255), 1, cv2.LINE_AA)
    for point, visibility in zip(points[shown], sample.joint_visibility[shown], strict=True):
        cv2.circle(tile, point.tolist(), 2, _COLOURS[Visibility(visibility)], -1, cv2.LINE_AA)
