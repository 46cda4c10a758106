"""
What a person wears: materials by body region, where garments end, and how far they stand off.

The result is plain number tables, because compiled kernels read them: a cut (where hems, sleeves
and hairlines lie, on the scales of :mod:`biopose_ros.training.synthesis.regions`) and a palette
(one material per region).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis import palettes
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.regions import (
    ANKLE,
    ARM,
    HEIGHT,
    HIP,
    KNEE,
    REST_X,
    REST_Y,
    REST_Z,
    SOLE,
    BodyRegions,
)

# Materials: rows of a palette.
(
    SKIN, TOP, BOTTOM, SHOES, SOCKS, HAIR, EYE, IRIS, BROW, LIPS, GLOVES, COAT, BELT, SKIRT,
    LONG_HAIR, GLASSES,
) = range(16)  # fmt: skip
MATERIALS = 16
# Columns of a palette.
COLOUR_A, COLOUR_B, PATTERN, PERIOD, DUTY, GLOSS, GRAIN_AMOUNT, BUMP = 0, 3, 6, 7, 8, 9, 10, 11
MATERIAL_FIELDS = 12
# Kinds of pattern.
PLAIN, RINGS, PINSTRIPES, CHECKS, DOTS, BLOTCHES_PATTERN, CLOUDY, PRINT, BLOCK = range(9)
# Columns of a cut; heights and arm places on the scales of the regions, others in metres.
(
    SLEEVE, TOP_HEM, NECKLINE_WIDTH, NECKLINE_DEPTH, WAIST, LEG_END, SHOE_TOP, SOCK_TOP, GLOVE_END,
    HAIRLINE, HAIR_SLOPE, COAT_HEM, COAT_GAP, COAT_SLEEVE, BEARD, GLASSES_ON, CHIN, HEAD_UNIT,
    NECK_Y, BELT_ON, TUCKED, TOP_LOOSE, BOTTOM_LOOSE, HAIR_THICK, WRINKLE, SEED, FRONT,
) = range(27)  # fmt: skip
CUT_FIELDS = 27
NEVER = 100.0  # a threshold that no point of a body reaches


@dataclass(frozen=True)
class Outfit:
    """
    One person's look.

    :param cut: [27] float32, the columns above.
    :param palette: [16, 12] float32, one material per row.
    :param skirt_end: height scale where a skirt ends; NaN for none.
    :param hair_length: of long hair below the head, head heights; 0 for short hair.
    """

    cut: NDArray[np.float32]
    palette: NDArray[np.float32]
    skirt_end: float
    hair_length: float


def choose_outfit(random: np.random.Generator, regions: BodyRegions) -> Outfit:
    """
    Dress a person at random.

    :param random: source of chance.
    :param regions: the body.
    :returns: the outfit.
    """
    cut = np.zeros(CUT_FIELDS, np.float32)
    cut[CHIN], cut[HEAD_UNIT] = regions.face_frame_m[1], regions.head_height_m
    cut[FRONT] = regions.face_frame_m[2]
    cut[NECK_Y] = regions.joints_m[12, 1]
    cut[SEED] = random.uniform(0.0, 100.0)
    skirt_end = _cut_clothes(random, cut)
    hair_length = _cut_hair(random, cut)
    return Outfit(cut, choose_palette(random), skirt_end, hair_length)


def _cut_clothes(random: np.random.Generator, cut: NDArray[np.float32]) -> float:
    """Set hems and sleeves; return where the skirt ends, NaN for none."""
    low, high = pick(
        random, [(-0.35, -0.3), (0.35, 0.85), (0.9, 1.7), (1.85, 2.02)], [0.12, 0.42, 0.1, 0.36]
    )
    cut[SLEEVE] = random.uniform(low, high)
    cut[TOP_HEM] = random.uniform(HIP - 0.35, HIP + 0.3)
    cut[TUCKED] = random.random() < 0.35
    cut[NECKLINE_WIDTH] = random.uniform(0.055, 0.11)
    cut[NECKLINE_DEPTH] = random.uniform(*pick(random, [(0.0, 0.05), (0.06, 0.16)]))
    cut[WAIST] = random.uniform(HIP + 0.16, HIP + 0.36)
    cut[BELT_ON] = random.random() < 0.25
    legs = [(0.75, 1.1), (KNEE - 0.6, KNEE + 0.4), (HIP - 0.3, HIP - 0.2)]
    cut[LEG_END] = random.uniform(*pick(random, legs, [0.62, 0.28, 0.1]))
    shoes = [(SOLE - 1.0, SOLE - 0.9), (0.75, 1.0), (1.02, 1.25)]  # barefoot, low, boots
    cut[SHOE_TOP] = random.uniform(*pick(random, shoes, [0.12, 0.7, 0.18]))
    cut[SOCK_TOP] = pick(random, [SOLE - 1.0, ANKLE + random.uniform(0.05, 0.45)])
    cut[GLOVE_END] = 1.93 if random.random() < 0.04 else NEVER
    if random.random() < 0.25:
        cut[COAT_HEM] = pick(random, [random.uniform(HIP - 0.2, HIP + 0.2), KNEE + 0.3])
        cut[COAT_GAP] = pick(random, [0.0, random.uniform(0.02, 0.1)])
        cut[COAT_SLEEVE] = random.uniform(1.8, 2.05)
    else:
        cut[COAT_HEM], cut[COAT_SLEEVE] = NEVER, -NEVER
    # How far cloth stands off the skin, metres: tight sports wear to wide jumpers.
    cut[TOP_LOOSE] = 0.003 + 0.035 * random.beta(1.1, 2.0)
    cut[BOTTOM_LOOSE] = 0.003 + 0.03 * random.beta(1.1, 2.0)
    cut[WRINKLE] = random.uniform(0.15, 0.6)
    if random.random() < 0.12:
        cut[LEG_END] = HIP - 0.25
        return random.uniform(KNEE - 0.3, KNEE + 0.7)
    return float('nan')


def _cut_hair(random: np.random.Generator, cut: NDArray[np.float32]) -> float:
    """Set hairline and thickness; return the length of hair below the head, in head heights."""
    bald = random.random() < 0.07
    cut[HAIRLINE] = NEVER if bald else random.uniform(0.74, 0.84)
    cut[HAIR_SLOPE] = random.uniform(0.62, 0.9)
    cut[HAIR_THICK] = 0.003 + 0.03 * random.beta(1.2, 2.0)
    cut[BEARD] = random.uniform(0.3, 0.95) if random.random() < 0.2 else 0.0
    cut[GLASSES_ON] = random.random() < 0.15
    if bald or random.random() < 0.68:
        return 0.0
    return random.uniform(0.9, 2.2)


_CLOTHS = [TOP, BOTTOM, COAT, SKIRT, SOCKS]
_PATTERNED = np.array([0.5, 0.18, 0.18, 0.5, 0.2])


def choose_palette(random: np.random.Generator) -> NDArray[np.float32]:
    """
    Choose one material per region.

    :param random: source of chance.
    :returns: [16, 12] float32, see :class:`Outfit`.
    """
    palette = np.zeros((MATERIALS, MATERIAL_FIELDS), np.float32)
    colours = palettes.cloth_colours(random, 2 * MATERIALS).reshape(MATERIALS, 6)
    palette[:, COLOUR_A:PATTERN] = colours
    palette[:, PERIOD] = 1.0
    palette[[SHOES, GLOVES, BELT], GLOSS] = random.uniform(0.0, 0.5, 3)
    palette[SHOES, PATTERN] = pick(random, [PLAIN, BLOCK])
    _weave(random, palette)
    skin, hair = palettes.skin_colour(random), palettes.hair_colour(random)
    _fill(palette[SKIN], skin, gloss=random.uniform(0.05, 0.3), grain=0.06)
    _fill(palette[LIPS], skin * [0.75, 0.42, 0.42], gloss=0.3)
    _fill(palette[EYE], np.array([0.6, 0.57, 0.55]), gloss=0.5)
    iris = np.array([0.03, 0.02, 0.015]) * random.uniform(0.6, 4.0, 3)
    _fill(palette[IRIS], iris, gloss=0.6)
    _fill(palette[BROW], 0.7 * hair + 0.15 * skin)
    shine = random.uniform(0.1, 0.5)
    for row in (HAIR, LONG_HAIR):
        _fill(palette[row], hair, gloss=shine, grain=0.5, bump=0.5)
    _fill(palette[GLASSES], np.full(3, 0.01), gloss=0.8)
    if random.random() < 0.2:  # a dress, an overall, a tracksuit
        palette[SKIRT] = palette[BOTTOM] = palette[TOP]
    return palette


def _fill(
    row: NDArray[np.float32],
    colour: FloatArray,
    gloss: float = 0.0,
    grain: float = 0.0,
    bump: float = 0.0,
) -> None:
    row[:3] = row[3:6] = colour
    row[GLOSS], row[GRAIN_AMOUNT], row[BUMP] = gloss, grain, bump


def _weave(random: np.random.Generator, palette: NDArray[np.float32]) -> None:
    """Make cloths of the colours that are there."""
    count = len(_CLOTHS)
    palette[_CLOTHS, GRAIN_AMOUNT] = random.uniform(0.03, 0.3, count)
    palette[_CLOTHS, BUMP] = random.uniform(0.2, 1.0, count)
    palette[_CLOTHS, GLOSS] = np.maximum(random.uniform(-0.25, 0.25, count), 0.0)
    kinds = random.integers(RINGS, BLOCK + 1, count)
    palette[_CLOTHS, PATTERN] = np.where(random.random(count) < _PATTERNED, kinds, PLAIN)
    palette[_CLOTHS, PERIOD] = np.exp(random.uniform(np.log(0.03), np.log(0.2), count))
    palette[_CLOTHS, DUTY] = random.uniform(0.25, 0.75, count)


@njit(cache=True, nogil=True, error_model='numpy')
def garment_at(
    x: float, y: float, z: float, arm: float, height: float, cut: NDArray[np.float32]
) -> int:
    """Name the material at a point of the body's surface, head excluded."""
    if height > 4.0 and abs(x) < 0.12:
        # The opening around the neck: an ellipse that reaches further down in front.
        depth = cut[NECKLINE_DEPTH] if z > 0.0 else 0.0
        across = x / cut[NECKLINE_WIDTH]
        below = max(cut[NECK_Y] - y, 0.0) / (depth + 0.01)
        if across * across + below * below < 1.0 or y > cut[NECK_Y] + 0.045:
            return SKIN
    elif height > 3.5 and abs(x) < 0.12 and z > 0.0:
        across = x / cut[NECKLINE_WIDTH]
        below = max(cut[NECK_Y] - y, 0.0) / (cut[NECKLINE_DEPTH] + 0.01)
        if across * across + below * below < 1.0:
            return SKIN
    if arm > cut[GLOVE_END] and height > 3.5:
        return GLOVES
    is_arm = arm > -0.5 and height > 3.5
    if is_arm:
        if arm < cut[COAT_SLEEVE]:
            return COAT
        return TOP if arm < cut[SLEEVE] else SKIN
    if height > cut[COAT_HEM] and not (z > 0.0 and abs(x) < cut[COAT_GAP]):
        return COAT
    if height < cut[SHOE_TOP]:
        return SHOES
    hem = cut[WAIST] if cut[TUCKED] > 0.0 else min(cut[TOP_HEM], cut[WAIST])
    if height > hem:
        return TOP
    if cut[BELT_ON] > 0.0 and height > cut[WAIST] - 0.07:
        return BELT
    if height > cut[LEG_END]:
        return BOTTOM
    return SOCKS if height < cut[SOCK_TOP] else SKIN


@njit(cache=True, nogil=True, error_model='numpy')
def head_at(x: float, y: float, z: float, cut: NDArray[np.float32]) -> int:
    """
    Name the material at a point of the head; below the chin the garments decide.

    Places of eyes, brows and mouth: measured on the default body, in head heights above the chin.
    """
    unit = cut[HEAD_UNIT]
    up = (y - cut[CHIN]) / unit
    side = abs(x) / unit
    behind = (cut[FRONT] - z) / unit  # of the forehead
    ear = side > 0.335
    # The hairline falls from the forehead to the nape.
    if not ear and up > cut[HAIRLINE] - cut[HAIR_SLOPE] * max(behind - 0.05, 0.0):
        return HAIR
    if behind > 0.3 or ear:
        return SKIN
    across, over = (side - 0.143) / 0.058, (up - 0.49) / 0.026
    if across * across + over * over < 1.0:
        iris = (side - 0.143) / 0.024
        return IRIS if iris * iris + over * over * 0.9 < 1.0 else EYE
    if cut[GLASSES_ON] > 0.0 and 0.43 < up < 0.56:
        edge = max(abs(side - 0.15) / 0.095, abs(up - 0.49) / 0.062)
        if 0.82 < edge < 1.0 or (side < 0.06 and 0.5 < up < 0.525):
            return GLASSES
    arch = 0.567 - 0.9 * (side - 0.15) * (side - 0.15)
    if 0.07 < side < 0.225 and abs(up - arch) < 0.016:
        return BROW
    across, over = side / 0.108, (up - 0.185) / 0.042
    if across * across + over * over < 1.0:
        return LIPS
    return SKIN


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def dress(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    surface: NDArray[np.float32],
    cut: NDArray[np.float32],
) -> NDArray[np.float32]:
    """
    Move the skin outward to where cloth and hair end.

    :param vertices: [vertices, 3], metres, posed.
    :param normals: [vertices, 3], outward.
    :param surface: [vertices, 5], see :class:`~.regions.BodyRegions`.
    :param cut: [27], see :class:`Outfit`.
    :returns: [vertices, 3], metres.
    """
    dressed = vertices.copy()
    seed = cut[SEED]
    for i in range(len(vertices)):
        x, y, z = surface[i, REST_X], surface[i, REST_Y], surface[i, REST_Z]
        height = surface[i, HEIGHT]
        if y > cut[CHIN] - 0.1 * cut[HEAD_UNIT] and abs(x) < 0.12:
            off = cut[HAIR_THICK] if head_at(x, y, z, cut) == HAIR else 0.0
            fold = 1.0 + 0.4 * np.sin(70.0 * x + seed) * np.sin(60.0 * y + 50.0 * z)
        else:
            material = garment_at(x, y, z, surface[i, ARM], height, cut)
            off = _stand_off(material, height, cut)
            fold = 1.0
            if off > 0.007:  # shoes, socks and gloves lie flat
                # Folds: three crossing waves of 13 to 27 cm, mostly around limbs.
                wave = np.sin(31.0 * y + 9.0 * x + seed) + np.sin(23.0 * x - 17.0 * y + seed)
                wave += np.sin(47.0 * y + 29.0 * z + seed)
                fold += cut[WRINKLE] * wave / 1.5
        if off == 0.0:
            continue
        off *= max(fold, 0.2)
        for axis in range(3):
            dressed[i, axis] += off * normals[i, axis]
    return dressed


@njit(cache=True, nogil=True, error_model='numpy')
def _stand_off(material: int, height: float, cut: NDArray[np.float32]) -> float:
    """How far a material stands off the skin, metres, before folds."""
    if material == TOP:
        return cut[TOP_LOOSE] * (1.0 if height > HIP + 0.4 else 1.25)
    if material == COAT:
        return cut[TOP_LOOSE] + 0.012
    if material == BOTTOM:
        # Trouser legs widen towards the hem.
        return cut[BOTTOM_LOOSE] * (1.0 + 0.35 * max(KNEE + 0.5 - height, 0.0))
    if material == SHOES:
        return 0.006
    if material == BELT:
        return cut[BOTTOM_LOOSE] + 0.004
    return 0.0025 if material in (SOCKS, GLOVES) else 0.0
