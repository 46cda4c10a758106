"""Recovered bodies drawn over the pictures that they come from, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from biopose_ros.body import BodyModel, load_body
from biopose_ros.body.surface import body_vertices_m
from biopose_ros.evaluation.body.pictures import Image, shaded
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.video import open_frames
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, FloatArray, PersonPose

_SKIN_BGR = np.array([235.0, 190.0, 120.0])
_OPACITY = 0.75
_CELL_PX = (300, 220)  # height and width
_COLUMNS = 4
_MARGIN = 1.3


def draw_body(image_bgr: Image, vertices_m: FloatArray, model: BodyModel, camera: Camera) -> Image:
    """
    Lay a shaded body over a picture; lens distortion is left out.

    :param image_bgr: [height, width, 3], stays as it is.
    :param vertices_m: [vertices, 3], camera axes.
    :param model: whose faces they span.
    :param camera: of the picture.
    :returns: a new picture.
    """
    # Pixels of the camera count from their corners, those of the rasteriser from their centres.
    projection = camera.intrinsics_px - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
    shade, inverse_depth = shaded(vertices_m, model.faces, projection, image_bgr.shape[:2])
    picture, seen = image_bgr.copy(), inverse_depth > 0
    mixed = _OPACITY * shade[seen][:, None] * _SKIN_BGR + (1 - _OPACITY) * image_bgr[seen]
    picture[seen] = mixed.astype(np.uint8)
    return picture


def body_cells(video: Path, pipeline: Pipeline, count: int, step: int) -> Iterator[Image]:
    """
    Run the pipeline over a part of a video, and draw the body of its first person.

    :param video: of real persons.
    :param pipeline: of method biopose.
    :param count: pictures at most, spread over the video.
    :param step: every n-th image is shown to the pipeline.
    :returns: the person without and with the body, side by side.
    """
    model = load_body()
    pipeline.reset()
    source = open_frames(str(video))
    total = source.frame_count or 0
    wanted = set((np.linspace(0.05, 0.95, count) * total).astype(int) // step * step)
    for number, frame in enumerate(source):
        if number % step:
            continue
        height, width, _ = frame.image_bgr.shape
        camera = guess_camera(width, height)
        poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns)
        pose = next((pose for pose in poses if pose.body is not None), None)
        if number in wanted and pose is not None and pose.body is not None:
            drawn = draw_body(frame.image_bgr, body_vertices_m(model, pose.body), model, camera)
            yield np.hstack([_cell(picture, pose) for picture in (frame.image_bgr, drawn)])


def sheet(cells: Iterable[Image]) -> Image:
    """
    Lay pictures of one size side by side, row after row.

    :param cells: at least one.
    """
    pictures = list(cells)
    blank = np.full_like(pictures[0], 255)
    pictures += [blank] * (-len(pictures) % _COLUMNS)
    return np.vstack(
        [np.hstack(pictures[i : i + _COLUMNS]) for i in range(0, len(pictures), _COLUMNS)]
    )


def _cell(picture: Image, pose: PersonPose) -> Image:
    """Cut out the person's surroundings."""
    left, top, right, bottom = pose.box_xyxy_px
    height, width = _CELL_PX
    scale = min(height / (bottom - top), width / (right - left)) / _MARGIN
    middle = 0.5 * np.array([left + right, top + bottom])
    shift = 0.5 * np.array([width, height]) - scale * middle
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_AREA).astype(np.uint8)
