"""The person detector: coarse crops of persons, in the whole image and in tiles of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.graph_file import onnx_of_graph
from biopose_ros.inference.crops import crop_from_axis
from biopose_ros.inference.onnx_runtime import create_session
from biopose_ros.pretrained.networks import NETWORKS
from biopose_ros.records import Crop, FloatArray
from biopose_ros.resources import resource_path

KIND = 'person_detector'  # of the weights file
WEIGHTS = f'weights/{KIND}.safetensors'
INPUT_PX = NETWORKS['pose_detection'].size_px
# (cells per side, anchors per cell) of the three score maps, in the order of the outputs.
_ANCHOR_GRIDS = ((28, 2), (14, 2), (7, 6))
_CROP_MARGIN = 1.25
_MAX_OVERLAP = 0.3
# Boxes that pass the score in an overexposed or noisy picture can be hundreds; the best suffice.
_MAX_BOXES = 64


@dataclass(frozen=True)
class Detection:
    """
    A person as the detector sees it.

    :param score: 0 to 1.
    :param face_xyxy_px: [4], box around the head; the full image.
    :param crop: square around the whole person, upright.
    """

    score: float
    face_xyxy_px: FloatArray
    crop: Crop


@dataclass(frozen=True)
class Window:
    """
    A part of the image that the detector looks at, fitted into its square input.

    :param left, top, width, height: pixels of the full image.
    """

    left: int
    top: int
    width: int
    height: int


class PersonDetector:
    """
    Find persons in an image.

    :param device: see :func:`biopose_ros.inference.onnx_runtime.create_session`.
    :param threads: CPU threads, 0 for automatic.
    :param min_score: boxes below are ignored, 0 to 1.
    :param network: ONNX file; None for the one that ships with the package.
    :raises FileNotFoundError: when that file is missing.
    :raises ValueError: when that file is broken.
    :raises NetworkFileError: when the ONNX file is missing or broken.
    """

    def __init__(
        self,
        device: str = 'auto',
        threads: int = 0,
        min_score: float = 0.5,
        network: Path | None = None,
    ) -> None:
        network = network or onnx_of_graph(resource_path(WEIGHTS), KIND)
        self.session = create_session(network, device, threads)
        self.min_score = min_score
        self.anchors = make_anchors()

    def detect(
        self, image: NDArray[np.uint8], windows: Sequence[Window] | None = None
    ) -> list[Detection]:
        """
        Find persons; all windows run in one batch.

        :param image: [height, width, 3], blue, green, red.
        :param windows: where to look; None for the whole image.
        :returns: the best first; overlapping ones are merged.
        """
        if windows is None:
            windows = [Window(0, 0, image.shape[1], image.shape[0])]
        inputs = np.zeros((len(windows), INPUT_PX, INPUT_PX, 3), np.uint8)
        placings = [
            _letterbox(image, window, out) for window, out in zip(windows, inputs, strict=True)
        ]
        boxes, scores = self.session.run(['boxes', 'scores'], {'images': inputs})
        found = [
            self._decode(box, score, scale, offset)
            for box, score, (scale, offset) in zip(boxes, scores[..., 0], placings, strict=True)
        ]
        points, weights = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return merge_overlapping(points, weights)

    def _decode(
        self, raw: FloatArray, logits: FloatArray, scale: float, offset_px: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """:returns: [boxes, 6, 2] two box corners and four keypoints, full image; scores."""
        threshold = np.log(self.min_score / (1 - self.min_score)) if self.min_score < 1 else 100
        chosen = np.flatnonzero(logits >= threshold)
        chosen = chosen[np.argsort(-logits[chosen])][:_MAX_BOXES]
        points = raw[chosen].astype(np.float64).reshape(-1, 6, 2)
        anchors_px = self.anchors[chosen] * INPUT_PX
        center, extent = points[:, 0] + anchors_px, points[:, 1]
        points[:, 2:] += anchors_px[:, None]
        points[:, 0], points[:, 1] = center - extent / 2, center + extent / 2
        return points * scale + offset_px, 1 / (1 + np.exp(-logits[chosen].astype(np.float64)))


def make_anchors() -> FloatArray:
    """
    List the anchor centres.

    :returns: [2254, 2], x and y, 0 to 1 across the input.
    """
    grids = []
    for cells, repeats in _ANCHOR_GRIDS:
        row, column = np.divmod(np.arange(cells * cells), cells)
        centers = (np.stack([column, row], axis=1) + 0.5) / cells
        grids.append(np.repeat(centers, repeats, axis=0))
    return np.concatenate(grids)


def merge_overlapping(points_px: FloatArray, scores: FloatArray) -> list[Detection]:
    """
    Average the boxes of one person, weighted by their scores.

    :param points_px: [boxes, 6, 2], two corners of the box and four keypoints.
    :param scores: [boxes], 0 to 1.
    :returns: one detection per person, the best first.
    """
    detections = []
    left = np.argsort(-scores)
    while len(left):
        overlap = _overlap(points_px[left[0], :2], points_px[left, :2])
        same = left[overlap > _MAX_OVERLAP]
        # A box without area overlaps not even itself.
        same = same if len(same) else left[:1]
        mean = np.average(points_px[same], axis=0, weights=scores[same])
        crop = crop_from_axis(mean[2], mean[3], _CROP_MARGIN)
        detections.append(Detection(float(scores[left[0]]), mean[:2].reshape(4), crop))
        left = left[~np.isin(left, same)]
    return detections


def _overlap(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """:returns: intersection over union of a box [2, 2] with boxes [n, 2, 2]."""
    extent = np.minimum(box[1], boxes[:, 1]) - np.maximum(box[0], boxes[:, 0])
    shared = np.prod(np.maximum(extent, 0), axis=1)
    areas = np.prod(np.maximum(boxes[:, 1] - boxes[:, 0], 0), axis=1)
    union = areas + np.prod(np.maximum(box[1] - box[0], 0)) - shared
    return shared / np.maximum(union, 1e-9)


def _letterbox(
    image: NDArray[np.uint8], window: Window, out: NDArray[np.uint8]
) -> tuple[float, FloatArray]:
    """
    Fit a part of the image into the middle of a square.

    :returns: factor and offset [2] that lead from input pixels back to the full image.
    """
    part = image[window.top : window.top + window.height, window.left : window.left + window.width]
    scale = max(window.width, window.height) / INPUT_PX
    width = max(round(window.width / scale), 1)
    height = max(round(window.height / scale), 1)
    left, top = (INPUT_PX - width) // 2, (INPUT_PX - height) // 2
    # Averaging keeps thin limbs where the picture shrinks much.
    method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    out[top : top + height, left : left + width] = cv2.resize(
        part, (width, height), interpolation=method
    )
    return scale, np.array([window.left - left * scale, window.top - top * scale])
