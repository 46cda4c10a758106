"""
What is behind the people: rooms and open places in true perspective, abstract pictures, photos.

Rooms are boxes whose floor, walls and ceiling are met by every pixel's viewing ray; an open place
is a large room without a ceiling, whose walls end in a skyline. Bodies throw their shadow on the
floor, so that they stand in the scene and not before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis import palettes, textures
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.lighting import (
    BOUNCE,
    CONTACT_CELL_M,
    CONTACT_CELLS,
    SKY,
    SUN,
    SUN_DIRECTION,
    lit_share,
)
from biopose_ros.training.synthesis.rasteriser import NO_TRIANGLE
from biopose_ros.training.synthesis.shading import sample

FLOOR, CEILING, WALLS = 0, 1, 2  # rows of Room.surfaces; four walls follow
# Columns of Room.surfaces: two colours, texture, tile side in metres, contrast.
SURFACE_FIELDS = 9
# Columns of Room.panels: wall, then extent along and up, metres, then colour, then stripes.
PANEL_FIELDS = 9
MAX_PANELS = 10
PHOTO_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')
_PHOTO_SIDE_PX = 512
_MAX_PHOTOS = 2000
CLOUD_ROW = textures.CLOUDS


@dataclass(frozen=True)
class Room:
    """
    A box around the scene, or an open place.

    :param bounds_m: [6], x from, x to, z from, z to, height, skyline (0 for a room).
    :param surfaces: [6, 9] float32, see the columns above.
    :param panels: [panels, 9] float32, pictures, doors and windows on the walls.
    :param seed: of the skyline's shape.
    """

    bounds_m: NDArray[np.float32]
    surfaces: NDArray[np.float32]
    panels: NDArray[np.float32]
    seed: float


def choose_room(random: np.random.Generator, inside_m: FloatArray) -> Room:
    """
    Build a room or an open place around points.

    :param random: source of chance.
    :param inside_m: [points, 3], camera and persons, world.
    :returns: the room.
    """
    is_open = random.random() < 0.35
    low, high = inside_m.min(0), inside_m.max(0)
    gap = random.uniform(6.0, 40.0, 4) if is_open else random.uniform(0.6, 4.5, 4)
    height = 30.0 if is_open else max(random.uniform(2.3, 4.2), high[1] + 0.3)
    skyline = random.uniform(1.5, 9.0) if is_open else 0.0
    bounds = np.array(
        [low[0] - gap[0], high[0] + gap[1], low[2] - gap[2], high[2] + gap[3], height, skyline],
        np.float32,
    )
    surfaces = np.zeros((6, SURFACE_FIELDS), np.float32)
    wall = _paint(random, is_open)
    for row in range(WALLS, 6):
        surfaces[row] = wall if random.random() < 0.7 else _paint(random, is_open)
    surfaces[FLOOR] = _pave(random, is_open)
    surfaces[CEILING] = _sky(random) if is_open else _paint(random, False)
    panels = _hang_panels(random, bounds, int(random.integers(0, MAX_PANELS + 1)))
    return Room(bounds, surfaces, panels, random.uniform(0.0, 100.0))


def _surface(
    colours: tuple[FloatArray, FloatArray], texture: int, tile_m: float, contrast: float
) -> FloatArray:
    return np.array([*colours[0], *colours[1], texture, tile_m, contrast])


def _paint(random: np.random.Generator, is_open: bool) -> FloatArray:
    """A wall: mostly pale and plain indoors, masonry or trees outdoors."""
    if is_open:
        green = np.array([0.08, 0.14, 0.04]) * random.uniform(0.4, 2.0, 3)
        base = green if random.random() < 0.5 else palettes.cloth_colour(random) * 0.7
        kind = pick(random, [textures.GRASS, textures.BRICKS, textures.PANELS, textures.CLOUDS])
        return _surface((base, base * random.uniform(0.3, 0.8)), kind, random.uniform(2, 8), 0.9)
    pale = random.uniform(0.25, 0.85) * (1.0 - random.uniform(0.0, 0.25, 3))
    base = pale if random.random() < 0.7 else palettes.cloth_colour(random)
    kind = pick(random, [textures.CLOUDS, textures.BRICKS, textures.PANELS, textures.MARBLE],
                [0.62, 0.12, 0.2, 0.06])  # fmt: skip
    contrast = random.uniform(0.1, 0.8)
    return _surface((base, base * random.uniform(0.4, 0.9)), kind, random.uniform(1, 3), contrast)


def _pave(random: np.random.Generator, is_open: bool) -> FloatArray:
    if is_open:
        kind = pick(random, [textures.GRASS, textures.GRAIN, textures.TILES, textures.CARPET])
        base = (
            np.array([0.1, 0.17, 0.05]) * random.uniform(0.5, 1.8, 3)
            if kind == textures.GRASS
            else random.uniform(0.06, 0.4) * (1.0 - random.uniform(0, 0.25, 3))
        )
    else:
        kind = pick(random, [textures.PLANKS, textures.TILES, textures.CARPET, textures.GRAIN])
        wood = np.array([0.35, 0.2, 0.1]) * random.uniform(0.5, 1.8)
        grey = random.uniform(0.05, 0.7) * (1.0 - random.uniform(0, 0.3, 3))
        base = wood if kind == textures.PLANKS else grey
    return _surface((base, base * random.uniform(0.3, 0.8)), kind, random.uniform(0.8, 2.5), 0.9)


def _sky(random: np.random.Generator) -> FloatArray:
    blue = np.array([0.25, 0.45, 0.85]) * random.uniform(0.6, 1.3)
    grey = np.full(3, random.uniform(0.5, 1.1))
    top = blue if random.random() < 0.6 else grey
    return _surface((top, grey), textures.CLOUDS, 60.0, random.uniform(0.2, 1.0))


def _hang_panels(
    random: np.random.Generator, bounds: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Pictures, doors, windows and shelves on the walls."""
    panels = np.zeros((count, PANEL_FIELDS), np.float32)
    wall = random.integers(0, 4, count)
    low, high = np.where(wall < 2, bounds[2], bounds[0]), np.where(wall < 2, bounds[3], bounds[1])
    width, tall = random.uniform(0.3, 1.8, count), random.uniform(0.4, 2.1, count)
    panels[:, 0] = wall
    panels[:, 1] = low + random.random(count) * np.maximum(high - width - low, 0.1)
    panels[:, 2] = panels[:, 1] + width
    panels[:, 3] = np.maximum(random.uniform(-1.2, 1.6, count), 0.0)
    panels[:, 4] = panels[:, 3] + tall
    bright = random.uniform(0.7, 1.8, (count, 1))
    panels[:, 5:8] = palettes.cloth_colours(random, count) * bright
    panels[:, 8] = np.maximum(random.uniform(-0.5, 0.5, count), 0.0)
    return panels


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def paint_room(
    triangle: NDArray[np.int32],
    rays: FloatArray,
    world_from_camera: FloatArray,
    camera_m: FloatArray,
    bounds: NDArray[np.float32],
    surfaces: NDArray[np.float32],
    panels: NDArray[np.float32],
    seed: float,
    light: NDArray[np.float32],
    shadow_strength: float,
    axes: NDArray[np.float32],
    origin: NDArray[np.float32],
    reach: NDArray[np.float32],
    contact: NDArray[np.float32],
    stack: NDArray[np.float32],
    image: NDArray[np.float32],
) -> None:
    """
    Colour the pixels that no triangle covers; parameters as in :func:`~.shading.shade`.

    :param bounds, surfaces, panels, seed: see :class:`Room`.
    :param contact: see :class:`~.lighting.Shadows`.
    :param stack: see :func:`~.textures.texture_stack`.
    """
    direction = np.empty(3, np.float64)
    hit = np.empty(3, np.float64)
    is_open = bounds[5] > 0.0
    pixel_angle = np.sqrt(rays[0, 0] ** 2 + rays[1, 0] ** 2)
    for row in range(triangle.shape[0]):
        for column in range(triangle.shape[1]):
            if triangle[row, column] != NO_TRIANGLE:
                continue
            ray_x = rays[0, 0] * column + rays[0, 1] * row + rays[0, 2]
            ray_y = rays[1, 0] * column + rays[1, 1] * row + rays[1, 2]
            for k in range(3):
                direction[k] = (
                    world_from_camera[k, 0] * ray_x
                    + world_from_camera[k, 1] * ray_y
                    + world_from_camera[k, 2]
                )
            side_x = bounds[1] if direction[0] > 0 else bounds[0]
            side_z = bounds[3] if direction[2] > 0 else bounds[2]
            side_y = bounds[4] if direction[1] > 0 else 0.0
            to_x = (side_x - camera_m[0]) / (direction[0] + 1e-9)
            to_y = (side_y - camera_m[1]) / (direction[1] + 1e-9)
            to_z = (side_z - camera_m[2]) / (direction[2] + 1e-9)
            far = min(to_x, to_y, to_z)
            for k in range(3):
                hit[k] = camera_m[k] + far * direction[k]
            shadow, sky, cosine = 1.0, 1.0, 1.0
            if far == to_y:
                face = CEILING if direction[1] > 0 else FLOOR
                u, v = hit[0], hit[2]
                cosine = abs(direction[1])
            elif far == to_x:
                face = WALLS + (1 if direction[0] > 0 else 0)
                u, v = hit[2], hit[1]
                cosine = abs(direction[0])
            else:
                face = WALLS + (3 if direction[2] > 0 else 2)
                u, v = hit[0], hit[1]
                cosine = abs(direction[2])
            if is_open and face >= WALLS:
                step = np.floor(u * 0.13 + seed)
                tower = np.sin(step * 12.9898 + seed) * 43758.5453
                edge = bounds[5] * (0.4 + 0.6 * (tower - np.floor(tower)))
                edge += 1.5 * (sample(stack[CLOUD_ROW], u * 0.05 + seed, 0.3) - 0.5)
                if v > edge:
                    face = CEILING
            surface = surfaces[face]
            emits = is_open and face == CEILING
            if emits:
                # Sky: read clouds by direction, paler near the horizon.
                flat = np.sqrt(direction[0] ** 2 + direction[2] ** 2) + 1e-6
                climb = min(max(direction[1] / flat, 0.0), 2.0)
                cloud = sample(
                    stack[CLOUD_ROW],
                    direction[0] / (climb + 0.3) * 0.2 + seed,
                    direction[2] / (climb + 0.3) * 0.2,
                )
                share = min(
                    max((cloud - 0.5) * 3.0 * surface[8], 0.0) + 0.6 / (1 + 6 * climb), 1.0
                )
                fade = 1.0
            else:
                tile = surface[7]
                # Fade a texture that is finer than a pixel into its mean.
                footprint = pixel_angle * far * far / (cosine * far + 1e-6) / tile
                fade = 1.0 / (1.0 + (12.0 * footprint) ** 2)
                fine = sample(stack[int(surface[6])], u / tile, v / tile)
                coarse = sample(stack[CLOUD_ROW], u / tile * 0.21 + seed, v / tile * 0.21)
                share = surface[8] * (
                    (1.0 - fine) * fade + 0.35 * (1.0 - fade) + 0.5 * (coarse - 0.5)
                )
                share = min(max(share, 0.0), 1.0)
            panel = -1
            if face >= WALLS:
                for number in range(len(panels)):
                    p = panels[number]
                    if p[0] == face - WALLS and p[1] < u < p[2] and p[3] < v < p[4]:
                        panel = number
                sky = 0.75 + 0.08 * face
                if v < 0.1 and not is_open:
                    share = min(share + 0.5, 1.0)  # the skirting board
            elif face == FLOOR:
                lit = lit_share(
                    hit[0], 0.0, hit[2], 2.0, light[SUN_DIRECTION], axes, origin, reach
                )
                shadow = 1.0 - shadow_strength * (1.0 - lit)
                x = int((hit[0] - origin[0]) / CONTACT_CELL_M + 0.5 * CONTACT_CELLS)
                z = int((hit[2] - origin[2]) / CONTACT_CELL_M + 0.5 * CONTACT_CELLS)
                if 0 <= x < CONTACT_CELLS and 0 <= z < CONTACT_CELLS:
                    sky = 1.0 - contact[z, x]
            for k in range(3):
                if emits:
                    colour = surface[k] * (1.0 - share) + surface[3 + k] * share
                    image[row, column, k] = colour * (light[SKY, k] + 0.4 * light[SUN, k])
                    continue
                colour = surface[k] * (1.0 - share) + surface[3 + k] * share
                if panel >= 0:
                    p = panels[panel]
                    colour = p[5 + k]
                    if p[8] > 0.0:
                        stripe = (v if p[8] < 0.25 else u) / p[8]
                        colour *= 0.5 if stripe - np.floor(stripe) < 0.3 else 1.0
                if face == FLOOR:
                    incoming = sky * light[SKY, k] + light[SUN, k] * shadow * max(
                        light[SUN_DIRECTION, 1], 0.0
                    )
                else:
                    incoming = sky * light[SKY, k] + 0.5 * light[BOUNCE, k] + 0.22 * light[SUN, k]
                image[row, column, k] = colour * incoming


def paint_abstract(random: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """
    Draw a picture of gradients, noise and soft shapes.

    :param random: source of chance.
    :param side_px: width and height.
    :returns: [side, side, 3] float32, linear light.
    """
    small = side_px // 2
    corners = np.stack([palettes.cloth_colour(random) for _ in range(4)]).reshape(2, 2, 3)
    image = cv2.resize(corners.astype(np.float32), (small, small), interpolation=cv2.INTER_LINEAR)
    for _ in range(random.integers(2, 14)):
        colour = tuple(map(float, palettes.cloth_colour(random)))
        place = random.integers(-20, small + 20, 4)
        if random.random() < 0.5:
            corner = place[:2] + random.integers(5, small, 2)
            cv2.rectangle(image, place[:2].tolist(), corner.tolist(), colour, -1)
        elif random.random() < 0.5:
            size = random.integers(4, small // 2, 2).tolist()
            cv2.ellipse(
                image, place[:2].tolist(), size, random.uniform(0, 180), 0, 360, colour, -1
            )
        else:
            thick = int(random.integers(1, 12))
            cv2.line(image, place[:2].tolist(), place[2:].tolist(), colour, thick)
    stack = textures.texture_stack()
    kind = int(random.integers(textures.COUNT))
    shift = random.integers(0, textures.SIDE, 2)
    tile = np.roll(stack[kind], shift, (0, 1))[:small, :small]
    tile = cv2.resize(tile, (small, small))
    image *= 1.0 + random.uniform(0.0, 0.9) * (tile[..., None] - 0.5)
    image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 4.0))
    return cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_LINEAR).clip(0, None)


class Photos:
    """
    A folder of photographs to put behind people.

    :param folder: searched with all its folders for JPEG, PNG, BMP and WebP files.
    :raises ValueError: where the folder does not exist or holds no readable picture.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ValueError(f'backgrounds: {folder} is not a folder')
        self.paths = sorted(
            path for path in folder.rglob('*') if path.suffix.lower() in PHOTO_SUFFIXES
        )[:_MAX_PHOTOS]
        if not self.paths:
            raise ValueError(
                f'backgrounds: no pictures in {folder}; expected {", ".join(PHOTO_SUFFIXES)}'
            )
        self._read: dict[Path, NDArray[np.uint8]] = {}

    def cut(self, random: np.random.Generator, side_px: int) -> NDArray[np.float32]:
        """
        Cut a square from one of the photos.

        :param random: source of chance.
        :param side_px: width and height of the result.
        :returns: [side, side, 3] float32, linear light, red first.
        """
        photo = self._load(self.paths[random.integers(len(self.paths))])
        height, width = photo.shape[:2]
        size = int(min(height, width) * random.uniform(0.5, 1.0))
        top = int(random.integers(0, height - size + 1))
        left = int(random.integers(0, width - size + 1))
        square = cv2.resize(photo[top : top + size, left : left + size], (side_px, side_px))
        if random.random() < 0.5:
            square = square[:, ::-1]
        return palettes.linear_from_srgb(square[..., ::-1].astype(np.float64) / 255.0).astype(
            np.float32
        )

    def _load(self, path: Path) -> NDArray[np.uint8]:
        """Read once; keep a small copy."""
        if path not in self._read:
            photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if photo is None:
                raise ValueError(f'backgrounds: cannot read {path} as a picture')
            scale = _PHOTO_SIDE_PX / min(photo.shape[:2])
            if scale < 1.0:
                photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self._read[path] = np.asarray(photo, np.uint8)
        return self._read[path]
