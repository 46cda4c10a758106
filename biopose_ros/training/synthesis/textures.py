"""Tileable grey textures for floors, walls and cloth, drawn once per process from fixed seeds."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SIDE = 128
# Rows of the stack that :func:`texture_stack` returns.
CLOUDS, GRAIN, CARPET, TILES, PLANKS, BRICKS, MARBLE, GRASS, PANELS, BLOTCHES = range(10)
COUNT = 10


@cache
def texture_stack() -> NDArray[np.float32]:
    """
    Draw all textures.

    :returns: [textures, 128, 128] float32, 0 to 1, every one continuing at its borders.
    """
    random = np.random.default_rng(20250101)
    clouds = _spectral_noise(random, 1.7)
    grain = _spectral_noise(random, 0.6)
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    marble = 0.5 + 0.5 * np.sin(2 * np.pi * (2 * columns + 1.5 * clouds * 2))
    stack = [
        clouds,
        grain,
        0.5 + 0.5 * (_spectral_noise(random, 0.2) - 0.5) + 0.2 * (clouds - 0.5),
        _mortar(columns, rows, 4, 4, 0.0) * (0.85 + 0.3 * (clouds - 0.5)),
        _planks(random, rows),
        _mortar(columns, rows, 4, 8, 0.5) * (0.7 + 0.5 * (grain - 0.5) + 0.3 * clouds),
        0.6 * marble + 0.4 * grain,
        0.6 * _spectral_noise(random, 0.9) + 0.4 * grain,
        _mortar(columns, rows, 2, 1, 0.0) * (0.92 + 0.1 * grain),
        np.clip((_spectral_noise(random, 2.2) - 0.5) * 6 + 0.5, 0, 1),
    ]
    return np.stack(stack).clip(0.0, 1.0).astype(np.float32)


@cache
def sensor_noise() -> NDArray[np.float32]:
    """
    Draw normal noise once; images read it from random corners.

    :returns: [512, 512, 3] float32, mean 0, standard deviation 1; slightly correlated between
        neighbours, as demosaicking leaves it.
    """
    white = np.random.default_rng(20250102).standard_normal((512, 512, 3))
    smooth = gaussian_filter(white, (0.5, 0.5, 0.0), mode='wrap')
    return (smooth / smooth.std()).astype(np.float32)


def _spectral_noise(random: np.random.Generator, falloff: float) -> NDArray[np.float64]:
    """Noise whose amplitude falls with frequency to the given power; 0 to 1, mean near 0.5."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(random.standard_normal((SIDE, SIDE))) / frequency**falloff
    noise = np.fft.ifft2(spectrum).real
    return np.clip(0.5 + noise / (5 * noise.std()), 0.0, 1.0)


def _mortar(
    columns: NDArray[np.float64],
    rows: NDArray[np.float64],
    across: int,
    down: int,
    shift: float,
) -> NDArray[np.float64]:
    """Tiles or bricks: 1 inside, dark in the joints; odd rows shifted."""
    odd = np.floor(rows * down) % 2
    x = (columns * across + shift * odd) % 1.0
    y = (rows * down) % 1.0
    joint = (np.minimum(x, 1 - x) < 0.02 * across) | (np.minimum(y, 1 - y) < 0.02 * down)
    return np.where(joint, 0.35, 1.0)


def _planks(random: np.random.Generator, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wooden boards of different tone with grain along them."""
    board = np.floor(rows * 8).astype(int)
    tone = random.uniform(0.45, 0.9, 8)[board]
    grain = _spectral_noise(random, 1.0)
    stretched = gaussian_filter(grain, (0.5, 8.0), mode='wrap') - 0.5
    edge = ((rows * 8) % 1.0) < 0.1
    return np.where(edge, 0.3, tone + 1.5 * stretched)
