"""What lens, sensor and codec do to a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.textures import sensor_noise

_NOISE_SIDE = 512
_CURVE_STEPS = 1024
_LEAST_BLUR_PX = 0.3


@dataclass(frozen=True)
class Effects:
    """
    One camera's faults in one moment.

    :param blur_px: standard deviation of the defocus, pixels of the result.
    :param motion_px: length and direction of the motion blur, [2], pixels; zeros for none.
    :param detail_px: side, in camera pixels, of what the crop was enlarged from.
    :param exposure: mean brightness aimed at, linear.
    :param white_balance: [3], factors of red, green, blue.
    :param contrast: exponent on top of the display curve; 1 leaves it.
    :param noise: [2], read and shot noise, of full scale.
    :param noise_corner: [2], where the noise is read from.
    :param jpeg_quality: 1 to 100; 0 for no compression.
    """

    blur_px: float
    motion_px: FloatArray
    detail_px: float
    exposure: float
    white_balance: FloatArray
    contrast: float
    noise: FloatArray
    noise_corner: NDArray[np.int64]
    jpeg_quality: int


def choose_effects(random: np.random.Generator, crop_side_px: float) -> Effects:
    """
    Choose a camera's faults.

    :param random: source of chance.
    :param crop_side_px: side of the crop in the full image.
    :returns: the faults.
    """
    motion = np.zeros(2)
    if random.random() < 0.2:
        turn, length = random.uniform(0, np.pi), random.uniform(2.0, 9.0)
        motion = length * np.array([np.cos(turn), np.sin(turn)])
    noisy = random.random() < 0.6
    return Effects(
        blur_px=max(float(random.normal(0.3, 0.6)), 0.0),
        motion_px=motion,
        detail_px=crop_side_px,
        exposure=0.23 * float(np.exp(random.normal(0.0, 0.35))),
        white_balance=np.exp(random.normal(0.0, 0.07, 3)),
        contrast=round(float(np.exp(random.normal(0.0, 0.12))), 2),
        noise=np.array([0.02, 0.05]) * random.uniform(0, 1, 2) ** 2 * noisy,
        noise_corner=random.integers(0, _NOISE_SIDE, 2),
        jpeg_quality=int(random.integers(35, 97)) if random.random() < 0.65 else 0,
    )


def develop(
    light: NDArray[np.float32], inside: NDArray[np.bool_], effects: Effects
) -> NDArray[np.uint8]:
    """
    Turn light into the picture that arrives.

    :param light: [side, side, 3] float32, linear, red first.
    :param inside: [side, side], False beyond the camera's image, which the runtime leaves black.
    :param effects: the camera's faults.
    :returns: [side, side, 3] uint8, blue first.
    """
    picture = _soften(light, effects)
    # No exposure meter sees what lies beyond the image.
    mean = float(np.mean(cv2.mean(picture, inside.view(np.uint8))[:3])) + 1e-4
    gains = (effects.exposure / mean * effects.white_balance)[::-1].astype(np.float32)
    corner = effects.noise_corner
    result = np.empty(light.shape, np.uint8)
    _expose(
        picture, gains, _display_curve(effects.contrast), sensor_noise(),
        int(corner[0]), int(corner[1]), float(effects.noise[0]), float(effects.noise[1]), inside,
        result,
    )  # fmt: skip
    if effects.jpeg_quality:
        _, code = cv2.imencode('.jpg', result, [cv2.IMWRITE_JPEG_QUALITY, effects.jpeg_quality])
        result = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return result


def _soften(light: NDArray[np.float32], effects: Effects) -> NDArray[np.float32]:
    """Defocus, motion and enlargement."""
    side = light.shape[0]
    picture: NDArray[Any] = light
    if effects.blur_px > _LEAST_BLUR_PX:
        picture = cv2.GaussianBlur(light, (0, 0), effects.blur_px)
    if np.any(effects.motion_px):
        picture = cv2.filter2D(picture, -1, _motion_kernel(effects.motion_px))
    if effects.detail_px < 0.9 * side:
        small = max(int(effects.detail_px), 24)
        picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture, np.float32)


def _motion_kernel(motion_px: FloatArray) -> NDArray[np.float32]:
    reach = int(np.ceil(np.abs(motion_px).max() / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        column, row = np.rint(reach + share * motion_px).astype(int)
        kernel[row, column] += 1.0
    return kernel / kernel.sum()


@lru_cache(maxsize=256)
def _display_curve(contrast: float) -> NDArray[np.float32]:
    """Light 0 to 2 to display 0 to 1: highlights roll off, then sRGB's curve and a contrast."""
    light = np.linspace(0.0, 2.0, _CURVE_STEPS)
    knee = 0.7
    rolled = np.where(
        light < knee, light, knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee)))
    )
    shown = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * rolled ** (1 / 2.4) - 0.055)
    return (shown**contrast).astype(np.float32)


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def _expose(
    light: NDArray[np.float32],
    gains: NDArray[np.float32],
    curve: NDArray[np.float32],
    noise: NDArray[np.float32],
    noise_row: int,
    noise_column: int,
    read_noise: float,
    shot_noise: float,
    inside: NDArray[np.bool_],
    result: NDArray[np.uint8],
) -> None:
    """Gain, display curve, noise, 8 bits; red first in, blue first out."""
    last = len(curve) - 1
    grit = read_noise + shot_noise * np.sqrt(curve)
    for row in range(light.shape[0]):
        noise_at = (row + noise_row) & (_NOISE_SIDE - 1)
        for column in range(light.shape[1]):
            if not inside[row, column]:
                result[row, column, :] = 0
                continue
            for k in range(3):
                value = light[row, column, 2 - k] * gains[k]
                step = min(max(int(value * 0.5 * last + 0.5), 0), last)
                grain = noise[noise_at, (column + noise_column) & (_NOISE_SIDE - 1), k]
                result[row, column, k] = min(
                    max((curve[step] + grit[step] * grain) * 255.0 + 0.5, 0.0), 255.0
                )
