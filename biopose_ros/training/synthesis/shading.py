"""Colour every pixel that shows a body or a thing: material, pattern, folds, light, shadow."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.lighting import (
    BOUNCE,
    LAMP,
    LAMP_DIRECTION,
    SKY,
    SUN,
    SUN_DIRECTION,
    lit_share,
)
from biopose_ros.training.synthesis.rasteriser import weigh
from biopose_ros.training.synthesis.regions import (
    ARM,
    HEIGHT,
    MATERIAL_OFFSET,
    REST_X,
    REST_Y,
    REST_Z,
)
from biopose_ros.training.synthesis.textures import BLOTCHES, CLOUDS, GRAIN, SIDE
from biopose_ros.training.synthesis.wardrobe import (
    BEARD,
    BLOTCHES_PATTERN,
    BUMP,
    CHECKS,
    CHIN,
    CLOUDY,
    COLOUR_B,
    DOTS,
    DUTY,
    FRONT,
    GLOSS,
    GRAIN_AMOUNT,
    HEAD_UNIT,
    PATTERN,
    PERIOD,
    PINSTRIPES,
    PLAIN,
    PRINT,
    RINGS,
    SEED,
    SKIN,
    garment_at,
    head_at,
)


@njit(cache=True, nogil=True, error_model='numpy')
def sample(texture: NDArray[np.float32], u: float, v: float) -> float:
    """Read a tileable texture between its pixels; u, v in tiles."""
    x, y = u * SIDE, v * SIDE
    left, above = np.floor(x), np.floor(y)
    x, y = x - left, y - above
    # SIDE is a power of two: a mask is a modulo that also holds for negative numbers.
    column, row = int(left) & (SIDE - 1), int(above) & (SIDE - 1)
    right, below = (column + 1) & (SIDE - 1), (row + 1) & (SIDE - 1)
    top = texture[row, column] * (1 - x) + texture[row, right] * x
    bottom = texture[below, column] * (1 - x) + texture[below, right] * x
    return top * (1 - y) + bottom * y


@njit(cache=True, nogil=True, error_model='numpy')
def pattern_at(
    kind: int,
    u: float,
    v: float,
    forward: float,
    row: NDArray[np.float32],
    seed: float,
    textures: NDArray[np.float32],
) -> float:
    """Share of the second colour at a place on cloth; u across and v along, metres."""
    if kind == PLAIN:
        return 0.0
    period, duty = row[PERIOD], row[DUTY]
    across, along = u / period, v / period
    across, along = across - np.floor(across), along - np.floor(along)
    if kind == RINGS:
        return 1.0 if along < duty else 0.0
    if kind == PINSTRIPES:
        return 1.0 if across < duty else 0.0
    if kind == CHECKS:
        return 0.5 * ((1.0 if along < duty else 0.0) + (1.0 if across < duty else 0.0))
    if kind == DOTS:
        squared = (across - 0.5) * (across - 0.5) + (along - 0.5) * (along - 0.5)
        return 1.0 if squared < 0.12 * duty else 0.0
    if kind == BLOTCHES_PATTERN:
        return sample(textures[BLOTCHES], u * 2.0 + seed, v * 2.0 + forward)
    if kind == CLOUDY:
        return sample(textures[CLOUDS], u * 1.5 + seed, v * 1.5 + forward)
    if kind == PRINT:
        # A print on chest or back: a patch of shapes with straight edges.
        inside = abs(u) < 0.04 + 0.8 * period and abs(v - 0.3) < 0.03 + 0.5 * period
        if not inside:
            return 0.0
        cell = np.floor(u * 37.0 + seed) * 12.9898 + np.floor(v * 53.0) * 78.233 + seed
        noise = np.sin(cell) * 43758.5453
        return 1.0 if noise - np.floor(noise) < duty else 0.0
    return 1.0 if v > 0.25 + period else 0.0  # BLOCK: another colour above a line


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def shade(
    triangle: NDArray[np.int32],
    inverse_depth: NDArray[np.float32],
    rays: FloatArray,
    camera_vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    surface: NDArray[np.float32],
    faces: NDArray[np.int32],
    owner: NDArray[np.uint8],
    cuts: NDArray[np.float32],
    palettes: NDArray[np.float32],
    world_from_camera: FloatArray,
    camera_m: FloatArray,
    light: NDArray[np.float32],
    shadow_strength: float,
    axes: NDArray[np.float32],
    origin: NDArray[np.float32],
    reach: NDArray[np.float32],
    textures: NDArray[np.float32],
    image: NDArray[np.float32],
) -> None:
    """
    Colour the covered pixels.

    :param triangle: [height, width], see :class:`~.rasteriser.Fragments`, like inverse_depth.
    :param rays: [3, 3], pixel (column, row, 1) to a camera direction with z = 1.
    :param camera_vertices: [vertices, 3], metres, camera axes.
    :param normals: [vertices, 3], world.
    :param surface: [vertices, 5], see :class:`~.regions.BodyRegions`.
    :param faces: [faces, 3].
    :param owner: [faces], which row of cuts and palettes a face belongs to.
    :param cuts: [owners, cut fields].
    :param palettes: [owners, materials, material fields].
    :param world_from_camera: [3, 3], rotation.
    :param camera_m: [3], the camera's place in the world.
    :param light: [6, 3], see :class:`~.lighting.Light`.
    :param shadow_strength: 0 to 1.
    :param axes, origin, reach: see :class:`~.lighting.Shadows`.
    :param textures: see :func:`~.textures.texture_stack`.
    :param image: [height, width, 3], linear light, red first; covered pixels are written.
    """
    weights = np.empty(3, np.float32)
    at = np.empty(5, np.float32)
    world = np.empty(3, np.float64)
    normal = np.empty(3, np.float64)
    view = np.empty(3, np.float64)
    for row in range(triangle.shape[0]):
        for column in range(triangle.shape[1]):
            face = triangle[row, column]
            if face < 0:
                continue
            a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
            ray_x = rays[0, 0] * column + rays[0, 1] * row + rays[0, 2]
            ray_y = rays[1, 0] * column + rays[1, 1] * row + rays[1, 2]
            weigh(
                ray_x, ray_y, camera_vertices[a], camera_vertices[b], camera_vertices[c], weights
            )
            for k in range(5):
                at[k] = (
                    weights[0] * surface[a, k]
                    + weights[1] * surface[b, k]
                    + weights[2] * surface[c, k]
                )
            depth = 1.0 / inverse_depth[row, column]
            for k in range(3):
                view[k] = (
                    world_from_camera[k, 0] * ray_x
                    + world_from_camera[k, 1] * ray_y
                    + world_from_camera[k, 2]
                )
                world[k] = camera_m[k] + depth * view[k]
                normal[k] = (
                    weights[0] * normals[a, k]
                    + weights[1] * normals[b, k]
                    + weights[2] * normals[c, k]
                )
            who = owner[face]
            cut = cuts[who]
            material = _material_at(at, cut)
            properties = palettes[who, material]
            x, y, z = at[REST_X], at[REST_Y], at[REST_Z]
            along_arm = at[ARM] > -0.2 and at[HEIGHT] > 3.5
            u, v = (y + z, abs(x)) if along_arm else (x, y)
            share = pattern_at(int(properties[PATTERN]), u, v, z, properties, cut[SEED], textures)
            grain = sample(textures[GRAIN], 3.0 * (u + 0.7 * z) + cut[SEED], 3.0 * v + 0.4 * z)
            level = 1.0 + properties[GRAIN_AMOUNT] * (grain - 0.5) * 2.0
            if material == SKIN and cut[BEARD] > 0.0:
                level *= 1.0 - 0.75 * cut[BEARD] * _beard(x, y, z, cut)
            bump = properties[BUMP] * 0.8
            if bump > 0.0:
                fold = sample(textures[CLOUDS], 1.1 * (x + 0.5 * z) + cut[SEED], 0.9 * y + 0.3 * z)
                fold2 = sample(textures[CLOUDS], 1.3 * y + cut[SEED], 1.2 * (x - z))
                normal[0] += bump * (fold - 0.5) * 2.0
                normal[1] += bump * (fold2 - 0.5) * 2.0
                normal[2] += bump * (fold - fold2)
            length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + 1e-9
            nx, ny, nz = normal[0] / length, normal[1] / length, normal[2] / length
            sun_cos = (
                nx * light[SUN_DIRECTION, 0]
                + ny * light[SUN_DIRECTION, 1]
                + nz * light[SUN_DIRECTION, 2]
            )
            direct = max(sun_cos, 0.0)
            if direct > 0.0:
                lit = lit_share(
                    world[0], world[1], world[2], 1.5, light[SUN_DIRECTION], axes, origin, reach
                )
                direct *= 1.0 - shadow_strength * (1.0 - lit)
            lamp = max(
                nx * light[LAMP_DIRECTION, 0]
                + ny * light[LAMP_DIRECTION, 1]
                + nz * light[LAMP_DIRECTION, 2],
                0.0,
            )
            up = 0.5 + 0.5 * ny
            facing = -(nx * view[0] + ny * view[1] + nz * view[2]) / np.sqrt(
                view[0] ** 2 + view[1] ** 2 + view[2] ** 2
            )
            # Grazing views see deep into folds and hairs: a little darker towards outlines.
            ambient = (0.7 + 0.3 * min(max(facing, 0.0), 1.0)) * (
                0.6 + 0.4 * min(max(world[1], 0.0) / 0.5, 1.0)
            )
            shine = properties[GLOSS] * direct * max(facing, 0.0) ** 8 * 0.35
            for k in range(3):
                colour = properties[k] * (1.0 - share) + properties[COLOUR_B + k] * share
                incoming = (
                    direct * light[SUN, k]
                    + lamp * light[LAMP, k]
                    + ambient * (up * light[SKY, k] + (1.0 - up) * light[BOUNCE, k])
                )
                image[row, column, k] = colour * level * incoming + shine * light[SUN, k]


@njit(cache=True, nogil=True, error_model='numpy')
def _material_at(at: NDArray[np.float32], cut: NDArray[np.float32]) -> int:
    """Name the material at a surface point of any mesh."""
    if at[HEIGHT] >= MATERIAL_OFFSET - 1:
        return int(at[HEIGHT] - MATERIAL_OFFSET + 0.5)
    x, y, z = at[REST_X], at[REST_Y], at[REST_Z]
    if y > cut[CHIN] - 0.1 * cut[HEAD_UNIT] and abs(x) < 0.12:
        return head_at(x, y, z, cut)
    return garment_at(x, y, z, at[ARM], at[HEIGHT], cut)


@njit(cache=True, nogil=True, error_model='numpy')
def _beard(x: float, y: float, z: float, cut: NDArray[np.float32]) -> float:
    """Where a beard grows: 1 around mouth and chin, 0 elsewhere."""
    up = (y - cut[CHIN]) / cut[HEAD_UNIT]
    if up > 0.33 or up < -0.12 or z < cut[FRONT] - 0.45 * cut[HEAD_UNIT]:
        return 0.0
    return 1.0 if up < 0.27 or abs(x) > 0.2 * cut[HEAD_UNIT] else 0.5
