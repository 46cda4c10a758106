"""What looks a little like a person and is none: dummies, plants, stands, flowers, textures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis import palettes, textures
from biopose_ros.training.synthesis.backdrop import paint_abstract
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.effects import choose_effects, develop
from biopose_ros.training.synthesis.props import Mesh, ball, rod
from biopose_ros.training.synthesis.wardrobe import MATERIALS

_UP = np.array([0.0, 1.0, 0.0])


def still_life(
    random: np.random.Generator, centre_m: FloatArray, camera_m: FloatArray
) -> list[Mesh]:
    """
    Put dummies, plants and coat stands around, seldom more than two.

    :param random: source of chance.
    :param centre_m: [3], where the persons are, world.
    :param camera_m: [3], world; nothing is put right before it.
    :returns: meshes.
    """
    meshes: list[Mesh] = []
    for _ in range(pick(random, [0, 1, 2, 4], [0.45, 0.3, 0.15, 0.1])):
        turn, reach = random.uniform(0, 2 * np.pi), random.uniform(0.4, 3.0)
        place = np.array(
            [centre_m[0] + reach * np.sin(turn), 0.0, centre_m[2] + reach * np.cos(turn)]
        )
        if np.linalg.norm((place - camera_m)[[0, 2]]) > 1.0:
            meshes += pick(random, [_dummy, _plant, _stand])(random, place)
    return meshes


def _material(random: np.random.Generator) -> int:
    return int(random.integers(MATERIALS))


def _dummy(random: np.random.Generator, foot_m: FloatArray) -> list[Mesh]:
    """A tailor's dummy: a trunk on a pole, often with a ball for a head, never with limbs."""
    size = random.uniform(0.6, 1.1)
    skin, waist = _material(random), foot_m + random.uniform(0.8, 1.2) * size * _UP
    chest = waist + 0.38 * size * _UP
    meshes = [
        rod(foot_m, chest, random.uniform(0.015, 0.05), _material(random)),
        ball(size * np.array([0.17, 0.22, 0.12]), waist, skin),
        ball(size * np.array([0.2, 0.2, 0.13]), chest, skin),
    ]
    if random.random() < 0.7:
        neck = chest + 0.18 * size * _UP
        meshes.append(rod(neck, neck + 0.12 * size * _UP, 0.05 * size, skin))
        head = size * random.uniform(0.09, 0.16)
        meshes.append(ball(head * np.array([0.85, 1.1, 0.95]), neck + 0.2 * size * _UP, skin))
    return meshes


def _plant(random: np.random.Generator, foot_m: FloatArray) -> list[Mesh]:
    """Stems with leaves or blossoms at their ends."""
    height = random.uniform(0.4, 2.2)
    stem, leaf = _material(random), _material(random)
    meshes = []
    for _ in range(random.integers(4, 14)):
        lean = random.normal(0, 0.22, 3) * height * [1, 0.3, 1]
        end = foot_m + random.uniform(0.5, 1.0) * height * _UP + lean
        meshes.append(rod(foot_m, end, 0.012, stem))
        meshes.append(ball(random.uniform(0.03, 0.16, 3), end, leaf))
    return meshes


def _stand(random: np.random.Generator, foot_m: FloatArray) -> list[Mesh]:
    """A lamp or a coat stand: a pole with a few arms, and something that hangs there."""
    height, cloth = random.uniform(1.2, 2.0), _material(random)
    top = foot_m + height * _UP
    meshes = [rod(foot_m, top, random.uniform(0.015, 0.04), _material(random))]
    for _ in range(random.integers(0, 5)):
        end = top + np.array([1, 0.5, 1]) * random.normal(0, 0.18, 3)
        meshes.append(rod(top - 0.05 * _UP, end, 0.015, cloth))
    if random.random() < 0.6:
        drop = random.uniform(0.2, 0.5)
        meshes.append(ball(np.array([0.16, drop, 0.12]), top - (drop + 0.05) * _UP, cloth))
    else:
        meshes.append(ball(random.uniform(0.08, 0.25, 3), top, cloth))
    return meshes


def flat_picture(random: np.random.Generator, side_px: int) -> NDArray[np.uint8]:
    """
    Draw a picture without depth and without persons.

    :param random: source of chance.
    :param side_px: width and height.
    :returns: [side, side, 3] uint8, blue first.
    """
    draw = pick(random, [paint_abstract, _flowers, _clouds, _stripes])
    effects = choose_effects(random, float(np.exp(random.uniform(np.log(60), np.log(1000)))))
    inside = np.ones((side_px, side_px), bool)
    return develop(np.asarray(draw(random, side_px), np.float32), inside, effects)


def _flowers(random: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """Blossoms of a few colours, small and large, before a clouded ground."""
    image = _clouds(random, side_px)
    colours = palettes.cloth_colours(random, 4)
    size = np.exp(random.uniform(np.log(3), np.log(40)))
    for _ in range(random.integers(10, 150)):
        middle, colour = random.uniform(0, side_px, 2), colours[random.integers(4)]
        petals, reach = int(random.integers(1, 9)), size * random.uniform(0.5, 1.5)
        for turn in 2 * np.pi * (np.arange(petals) / petals + random.random()):
            place = middle + 0.6 * reach * np.array([np.cos(turn), np.sin(turn)])
            axes = np.maximum([reach * 0.6, reach * random.uniform(0.15, 0.5)], 1).astype(int)
            shade = (colour * random.uniform(0.6, 1.1)).tolist()
            cv2.ellipse(
                image, place.astype(int).tolist(), axes.tolist(), np.degrees(turn), 0, 360, shade,
                -1, cv2.LINE_AA,
            )  # fmt: skip
    return image


def _clouds(random: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """Noise of one grain in colours, as smoke, foliage, stone or a lens without focus shows it."""
    cells = int(np.exp(random.uniform(np.log(3), np.log(side_px))))
    noise = random.random((cells, cells, 3 if random.random() < 0.4 else 1)).astype(np.float32)
    share = cv2.resize(noise, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    share = share.reshape(side_px, side_px, -1)
    low, high = palettes.cloth_colours(random, 2)
    return np.asarray(low + np.clip(share, 0, 1) * (high - low), np.float32)


def _stripes(random: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """Waves, or a tiled texture, in perspective."""
    kind = int(random.integers(textures.COUNT))
    tile = np.tile(textures.texture_stack()[kind], (2, 2))
    if random.random() < 0.4:
        rows, columns = np.mgrid[: len(tile), : len(tile)] / len(tile)
        across = random.normal(0, 12, 2)
        tile = (0.5 + 0.5 * np.sin(2 * np.pi * (across[0] * rows + across[1] * columns))).astype(
            np.float32
        )
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * len(tile)
    moved = corners + random.normal(0, 0.25 * len(tile), (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(moved, corners * (side_px / len(tile)))
    share = cv2.warpPerspective(
        tile, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    low, high = palettes.cloth_colours(random, 2)
    return np.asarray(low + share[..., None] * (high - low), np.float32)
