"""A picture of each person of a run, so that a reader of the summary knows who is who."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import PersonPose

FILE = 'person.jpg'
_HEIGHT_PX = 240
# A later picture must be better by this factor, so that few are cut out.
_BETTER = 1.3


class Thumbnails:
    """Keeps the best picture of everybody: large, and sure."""

    def __init__(self) -> None:
        self._pictures: dict[str, tuple[float, NDArray[np.uint8]]] = {}

    def see(self, image_bgr: NDArray[np.uint8], poses: Iterable[PersonPose]) -> None:
        """
        Look at an image.

        :param image_bgr: [height, width, 3].
        :param poses: everybody in it.
        """
        for pose in poses:
            left, top, right, bottom = pose.box_xyxy_px.astype(int)
            worth = (pose.confidence + 0.1) * (right - left) * (bottom - top)
            best = self._pictures.get(pose.person_id)
            is_better = best is None or worth > _BETTER * best[0]
            if pose.state.is_seen and worth > 0 and is_better:
                picture = image_bgr[top:bottom, left:right]
                scale = _HEIGHT_PX / picture.shape[0]
                size = max(round(picture.shape[1] * scale), 1), _HEIGHT_PX
                self._pictures[pose.person_id] = (
                    worth,
                    np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8),
                )

    def write(self, folder: Path) -> None:
        """
        Put each picture beside the person's files.

        :param folder: of the run; who has no folder in it gets no picture.
        """
        for person, (_, picture) in self._pictures.items():
            if (folder / person).is_dir():
                is_encoded, data = cv2.imencode('.jpg', picture)
                if is_encoded:
                    (folder / person / FILE).write_bytes(data.tobytes())
