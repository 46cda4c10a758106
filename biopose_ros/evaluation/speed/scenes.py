"""Pictures with a known number of persons: one real person of a video, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.video import open_frames
from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.sensor_messages.images import BgrImage
from biopose_ros.settings import DetectionConfig

IMAGE_PX = (1280, 720)
# One person fills a cell of this size; several stand in two rows of cells of half the height.
CELL_PX = (640, 720)
CLIP_IMAGES = 60
# Height of the cell over that of the person.
_MARGIN = 1.2
_SMOOTHED_IMAGES = 9
_GREY = 96


class SceneError(ValueError):
    """A video without a person who can be cut out; names the video and the remedy."""


@dataclass(frozen=True, eq=False)
class Scene:
    """
    A crowd of copies of one person, each at another time of the same movement.

    :param cells: of the person, [height, width, 3] each, in the order of time.
    :param persons: how many copies: 1, or an even number up to 8.
    """

    cells: Sequence[BgrImage]
    persons: int

    @property
    def period(self) -> int:
        """Number of pictures after which they repeat."""
        return 2 * len(self.cells) - 2

    def image(self, number: int) -> BgrImage:
        """
        Compose a picture; the movement runs forth and back, so that no person ever jumps.

        :param number: of the picture, from 0 without end.
        :returns: [720, 1280, 3].
        """
        rows = 1 if self.persons == 1 else 2
        columns = self.persons // rows
        width, height = CELL_PX[0] // rows, CELL_PX[1] // rows
        left = (IMAGE_PX[0] - columns * width) // 2
        canvas = np.full((IMAGE_PX[1], IMAGE_PX[0], 3), _GREY, np.uint8)
        for copy in range(self.persons):
            time = (number + copy * self.period // self.persons) % self.period
            cell = self.cells[min(time, self.period - time)]
            row, column = divmod(copy, columns)
            top, start = row * height, left + column * width
            canvas[top : top + height, start : start + width] = cv2.resize(
                cell, (width, height), interpolation=cv2.INTER_AREA
            )
        return canvas


def person_cells(video: Path) -> list[BgrImage]:
    """
    Cut one person out of a video, alone as far as the video has it.

    :param video: a file with a person who stays in view.
    :returns: [720, 640, 3] each, :data:`CLIP_IMAGES` in a row, the person in the middle.
    :raises SceneError: when no person is followed that long.
    """
    tracker = PersonTracker(DetectionConfig(max_persons=2))
    boxes: dict[int, list[FloatArray]] = {}
    images: list[NDArray[np.uint8]] = []
    for frame in open_frames(video):
        images.append(frame.image_bgr)
        crops = tracker.update(frame.image_bgr, frame.stamp_ns)
        seen = {c.track_id: c.box_xyxy_px for c in crops if c.state is TrackingState.TRACKED}
        boxes = {key: [*boxes.get(key, []), box][-CLIP_IMAGES:] for key, box in seen.items()}
        images = images[-CLIP_IMAGES:]
        for path in boxes.values():
            if len(path) == CLIP_IMAGES and _is_inside(path, frame.image_bgr):
                return _cut_out(images, np.array(path))
    raise SceneError(
        f'{video}: nobody is wholly in view for {CLIP_IMAGES} images in a row; give another video'
    )


def _is_inside(path: Sequence[FloatArray], image: BgrImage) -> bool:
    """:returns: whether the whole person is in view, most of the time."""
    low, high = np.array(path)[:, :2], np.array(path)[:, 2:]
    is_inside = (low > 0).all(axis=1) & (high < [image.shape[1], image.shape[0]]).all(axis=1)
    return bool(is_inside.mean() > 0.9)


def _cut_out(images: Sequence[BgrImage], boxes: FloatArray) -> list[BgrImage]:
    """Follow the person with a window of constant size."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    padded = np.pad(middles, ((_SMOOTHED_IMAGES // 2,) * 2, (0, 0)), mode='edge')
    smooth = np.stack([padded[i : i + _SMOOTHED_IMAGES].mean(axis=0) for i in range(len(middles))])
    scale = CELL_PX[1] / (_MARGIN * float((boxes[:, 3] - boxes[:, 1]).max()))
    cells = []
    for image, middle in zip(images, smooth, strict=True):
        shift = np.array(CELL_PX) / 2 - scale * middle
        matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        cell = cv2.warpAffine(image, matrix, CELL_PX, borderMode=cv2.BORDER_REPLICATE)
        cells.append(cell.astype(np.uint8, copy=False))
    return cells
