"""Light: sun, sky and bounce, a lamp, the shadow that bodies throw, and the dark under feet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray

# Rows of Light.table: directions point towards the source, colours are linear light.
SUN_DIRECTION, SUN, SKY, BOUNCE, LAMP_DIRECTION, LAMP = range(6)
SHADOW_CELLS, SHADOW_CELL_M = 128, 0.03
CONTACT_CELLS, CONTACT_CELL_M = 80, 0.05
SHADOW_BIAS_M = 0.05


@dataclass(frozen=True)
class Light:
    """
    The light of a scene, world axes (y up).

    :param table: [6, 3] float32, rows as named above.
    :param shadow_strength: 0 to 1, how much of the sun a shadow takes.
    """

    table: NDArray[np.float32]
    shadow_strength: float


@dataclass(frozen=True)
class Shadows:
    """
    What bodies and things hide from the sun and from the floor.

    :param across: [2, 3], world directions of the shadow map's axes, unit length.
    :param origin_m: [3], world point at the map's centre.
    :param reach_m: [128, 128], largest distance towards the sun of anything over each cell.
    :param contact: [80, 80], 0 to 1, how much the floor's sky light is taken by what stands on it.
    """

    across: NDArray[np.float32]
    origin_m: NDArray[np.float32]
    reach_m: NDArray[np.float32]
    contact: NDArray[np.float32]


def choose_light(random: np.random.Generator) -> Light:
    """
    Light a scene at random: from flat and overcast to hard sun, from lamp-lit to daylight.

    :param random: source of chance.
    :returns: the light.
    """
    hard = random.beta(1.0, 1.8)
    warmth = random.normal(0.0, 0.18)
    warm = np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    sun_level, sky_level = 1.8 * hard + 0.1, random.uniform(0.4, 0.9) * (1.2 - 0.8 * hard)
    table = np.array(
        [
            _direction(random, random.uniform(0.25, 1.5)),
            warm * sun_level,
            (2.0 - warm) * sky_level * random.uniform(0.9, 1.1, 3),
            sky_level * random.uniform(0.3, 0.8) * random.uniform(0.7, 1.3, 3),
            _direction(random, random.uniform(0.0, 0.9)),
            random.uniform(0.0, 0.7) * random.uniform(0.8, 1.2, 3),
        ],
        np.float32,
    )
    return Light(table, random.uniform(0.5, 1.0))


def cast_shadows(vertices_m: NDArray[np.float32], light: Light, centre_m: FloatArray) -> Shadows:
    """
    Mark what bodies hide.

    :param vertices_m: [vertices, 3], world.
    :param light: the scene's light.
    :param centre_m: [3], world, what the map is centred on; its floor point centres the contact.
    :returns: the maps.
    """
    sun = light.table[SUN_DIRECTION].astype(np.float64)
    axes = np.stack(square_to(sun)).astype(np.float32)
    origin = np.asarray(centre_m, np.float32)
    reach = np.full((SHADOW_CELLS, SHADOW_CELLS), -1e3, np.float32)
    weight = np.zeros((CONTACT_CELLS, CONTACT_CELLS), np.float32)
    _splat(vertices_m, origin, axes, light.table[SUN_DIRECTION], reach, weight)
    contact = 0.75 * (1.0 - np.exp(-0.35 * cv2.blur(cv2.blur(weight, (3, 3)), (5, 5))))
    return Shadows(axes, origin, reach, contact.astype(np.float32))


def square_to(along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """
    Complete a direction to a frame.

    :param along: [3], unit vector.
    :returns: two unit vectors; with ``along`` as the third they make a right-handed frame.
    """
    x, y, z = along
    if abs(z) < 0.9:
        norm = np.hypot(x, y)
        side = np.array([y / norm, -x / norm, 0.0])
    else:
        norm = np.hypot(y, z)
        side = np.array([0.0, z / norm, -y / norm])
    other = [y * side[2] - z * side[1], z * side[0] - x * side[2], x * side[1] - y * side[0]]
    return side, np.array(other)


def _direction(random: np.random.Generator, elevation_rad: float) -> FloatArray:
    turn = random.uniform(0.0, 2 * np.pi)
    flat = np.cos(elevation_rad)
    return np.array([flat * np.sin(turn), np.sin(elevation_rad), flat * np.cos(turn)])


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def _splat(
    vertices: NDArray[np.float32],
    origin: NDArray[np.float32],
    axes: NDArray[np.float32],
    sun: NDArray[np.float32],
    reach: NDArray[np.float32],
    weight: NDArray[np.float32],
) -> None:
    """Keep the reach towards the sun per map cell, and the closeness to the floor."""
    cells, floor_cells = len(reach), len(weight)
    for i in range(len(vertices)):
        x = vertices[i, 0] - origin[0]
        y = vertices[i, 1] - origin[1]
        z = vertices[i, 2] - origin[2]
        u = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) / SHADOW_CELL_M + 0.5 * cells
        v = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) / SHADOW_CELL_M + 0.5 * cells
        along = sun[0] * x + sun[1] * y + sun[2] * z
        # A cross of cells: vertices of a calf are further apart than a cell is wide.
        for du, dv in ((0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)):
            column, row = int(u) + du, int(v) + dv
            inside = 0 <= column < cells and 0 <= row < cells
            if inside and along > reach[row, column]:
                reach[row, column] = along
        height = vertices[i, 1]
        if height < 0.5:
            column = int(x / CONTACT_CELL_M + 0.5 * floor_cells)
            row = int(z / CONTACT_CELL_M + 0.5 * floor_cells)
            if 0 <= column < floor_cells and 0 <= row < floor_cells:
                weight[row, column] += np.exp(-max(height, 0.0) / 0.08)


@njit(cache=True, nogil=True, error_model='numpy')
def lit_share(
    x: float,
    y: float,
    z: float,
    spread: float,
    sun: NDArray[np.float32],
    axes: NDArray[np.float32],
    origin: NDArray[np.float32],
    reach: NDArray[np.float32],
) -> float:
    """How much of the sun reaches a world point: 0 to 1 over a window ``spread`` cells wide."""
    cells = len(reach)
    x, y, z = x - origin[0], y - origin[1], z - origin[2]
    u = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) / SHADOW_CELL_M + 0.5 * cells
    v = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) / SHADOW_CELL_M + 0.5 * cells
    if u < 2.0 or v < 2.0 or u > cells - 3.0 or v > cells - 3.0:
        return 1.0
    along = sun[0] * x + sun[1] * y + sun[2] * z + SHADOW_BIAS_M
    lit = 0.0
    for du, dv in ((0.0, 0.0), (1.0, 0.4), (-0.4, 1.0), (-1.0, -0.4), (0.4, -1.0)):
        column, row = int(u + du * spread), int(v + dv * spread)
        column, row = min(max(column, 0), cells - 1), min(max(row, 0), cells - 1)
        lit += 0.2 if reach[row, column] <= along else 0.0
    return lit
