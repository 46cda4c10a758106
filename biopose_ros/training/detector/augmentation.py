"""The same window as another camera might have given it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.person_detector import INPUT_PX
from biopose_ros.training.detector.windows import LabelledWindow


def augment(random: np.random.Generator, window: LabelledWindow) -> LabelledWindow:
    """
    Mirror, move, scale and recolour a window at random.

    :param random: source of chance.
    :param window: stays as it is.
    :returns: another one; what leaves the input is no longer asked for.
    """
    scale, shift = np.exp(random.normal(0, 0.12)), random.normal(0, 0.04, 2) * INPUT_PX
    mirror = -1.0 if random.random() < 0.5 else 1.0
    half = INPUT_PX / 2
    factors = scale * np.array([mirror, 1.0])
    offset = half - factors * half + shift
    matrix = np.column_stack([np.diag(factors), offset + 0.5 * (factors - 1)])
    image = cv2.warpAffine(window.image_bgr, matrix, (INPUT_PX, INPUT_PX))
    points = window.points_px * factors + offset
    points[:, :2] = np.sort(points[:, :2], axis=1)
    middle = points[:, :2].mean(1)
    is_in = np.all((middle > 0) & (middle < INPUT_PX), axis=1)
    visible = np.where(is_in, window.visible, 0.0)
    return LabelledWindow(_recolour(random, np.asarray(image, np.uint8)), points, visible)


def _recolour(random: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    gains = np.exp(random.normal(0, 0.2) + random.normal(0, 0.08, 3))
    values: NDArray[Any] = image.astype(np.float32) * gains + random.normal(0, 12)
    if random.random() < 0.15:
        values[:] = values.mean(2, keepdims=True)
    if random.random() < 0.2:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.4, 1.5))
    if random.random() < 0.3:
        values += random.normal(0, random.uniform(1, 10), values.shape)
    return np.asarray(np.clip(values, 0, 255), np.uint8)
