"""Cut, turned and zoomed versions of a clip, with the camera that would have taken them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.frames import image_rays, project
from biopose_ros.records import Camera, FloatArray
from biopose_ros.training.certainty.turning import turned_axes, turned_camera, turned_picture

# The approach: magnification of the last picture, and in how many pictures it is reached.
NEAREST_ZOOM, APPROACH_FRAMES = 4.0, 90


@dataclass(frozen=True)
class Cut:
    """
    How a picture is changed.

    :param name: of the version.
    :param left, top, right, bottom: what is kept, pixels; None for the picture's own edge.
    :param quarter_turns: clockwise, as seen: 0, 1 or 2.
    :param approaches: magnified about the principal point from picture to picture, the camera
        matrix left as it is: the person comes nearer.
    """

    name: str
    left: int | None = None
    top: int | None = None
    right: int | None = None
    bottom: int | None = None
    quarter_turns: int = 0
    approaches: bool = False

    def zoom(self, frame: int) -> float:
        """Give the magnification of a picture of the clip, counted from 0."""
        if not self.approaches:
            return 1.0
        return 1.0 + (NEAREST_ZOOM - 1.0) * min(frame / (APPROACH_FRAMES - 1), 1.0)

    def rotation(self) -> FloatArray:
        """Give the turn from the clip's camera axes to the version's, [3, 3]."""
        return turned_axes(self.quarter_turns)

    def picture(
        self, image_bgr: NDArray[np.uint8], camera: Camera, frame: int
    ) -> NDArray[np.uint8]:
        """
        Change a picture.

        :param image_bgr: [height, width, 3].
        :param camera: of the clip.
        :param frame: number of the picture in the clip.
        """
        part = image_bgr[self.top : self.bottom, self.left : self.right]
        part = turned_picture(part, self.quarter_turns)
        if self.approaches:
            zoom, middle = self.zoom(frame), camera.intrinsics_px[:2, 2]
            matrix = np.column_stack([zoom * np.eye(2), (1.0 - zoom) * middle])
            nearer = cv2.warpAffine(part, matrix, part.shape[1::-1], flags=cv2.INTER_LINEAR)
            return np.asarray(nearer, np.uint8)
        return np.ascontiguousarray(part)

    def camera(self, camera: Camera) -> Camera:
        """Give the camera of the changed pictures; without distortion."""
        left, top = self.left or 0, self.top or 0
        right = camera.width_px if self.right is None else self.right
        bottom = camera.height_px if self.bottom is None else self.bottom
        matrix = camera.intrinsics_px.copy()
        matrix[:2, 2] -= [left, top]
        part = Camera(right - left, bottom - top, matrix, np.zeros(0), camera.is_calibrated)
        return turned_camera(part, self.quarter_turns)

    def original_px(self, points_px: FloatArray, camera: Camera, frame: int) -> FloatArray:
        """
        Tell where points of a changed picture lie in the clip's own.

        :param points_px: [points, 2].
        :param camera: of the clip.
        :param frame: number of the picture in the clip.
        """
        rays = image_rays(points_px, self.camera(camera)) @ self.rotation()
        rays[:, :2] /= self.zoom(frame)
        return project(rays, camera)


def cuts_of(points_px: Mapping[str, FloatArray]) -> list[Cut]:
    """
    List the versions of a clip.

    :param points_px: where the person's shoulders, hips, knees and ankles are in it, by landmark
        name, [frames, 2]; NaN where unknown. Cuts stay where they are from picture to picture.
    """
    shoulder, hip, knee = (
        np.nanmedian([points_px[f'{side}_{name}'] for side in ('left', 'right')], axis=(0, 1))
        for name in ('shoulder', 'hip', 'knee')
    )
    chest = int(0.5 * (shoulder + hip)[1])
    return [
        Cut('whole'),
        Cut('approach', approaches=True),
        Cut('thighs up', bottom=int(0.5 * (hip + knee)[1])),
        Cut('waist up', bottom=int(hip[1])),
        Cut('chest up', bottom=chest),
        Cut('legs', top=int(hip[1])),
        Cut('one side', right=int(hip[0])),
        Cut('turned 90', quarter_turns=1),
        Cut('turned 180', quarter_turns=2),
    ]
