"""The same picture as another camera might have taken it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def recoloured(random: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """
    Change brightness, colours, sharpness and noise.

    :param random: source of chance.
    :param image: [height, width, 3].
    :returns: another image of the same size.
    """
    gains = np.exp(random.normal(0, 0.2) + random.normal(0, 0.08, 3))
    values: NDArray[Any] = image.astype(np.float32) * gains + random.normal(0, 12)
    if random.random() < 0.15:
        values[:] = values.mean(2, keepdims=True)
    if random.random() < 0.2:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.4, 1.5))
    if random.random() < 0.3:
        values += random.normal(0, random.uniform(1, 10), values.shape)
    return np.asarray(np.clip(values, 0, 255), np.uint8)
