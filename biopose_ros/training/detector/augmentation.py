"""The same window as another camera might have given it."""

from __future__ import annotations

import cv2
import numpy as np

from biopose_ros.detection.person_detector import INPUT_PX
from biopose_ros.training.detector.windows import LabelledWindow
from biopose_ros.training.recolouring import recoloured


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
    return LabelledWindow(recoloured(random, np.asarray(image, np.uint8)), points, visible)
