"""Colours of skin, hair and cloth, in linear light."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray

# The ten tones of the Monk Skin Tone scale (Ellis Monk, 2022; public), sRGB.
_SKIN_SRGB = np.array(
    [
        [246, 237, 228],
        [243, 231, 219],
        [247, 234, 208],
        [234, 218, 186],
        [215, 189, 150],
        [160, 126, 86],
        [130, 92, 67],
        [96, 65, 52],
        [58, 49, 42],
        [41, 36, 32],
    ],
    np.float64,
)
_HAIR_SRGB = np.array(
    [
        [18, 16, 15],
        [38, 27, 21],
        [62, 42, 28],
        [94, 66, 42],
        [150, 110, 66],
        [205, 170, 115],
        [120, 52, 26],
        [130, 128, 126],
        [215, 212, 208],
    ],
    np.float64,
)


def linear_from_srgb(values: FloatArray) -> FloatArray:
    """
    Undo the display curve (IEC 61966-2-1).

    :param values: any shape, 0 to 1.
    :returns: light, 0 to 1.
    """
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def skin_colour(random: np.random.Generator) -> FloatArray:
    """
    Choose between two neighbouring tones of the scale, with a little change of hue.

    :param random: source of chance.
    :returns: [3], red, green, blue in linear light.
    """
    place = random.beta(1.2, 1.3) * (len(_SKIN_SRGB) - 1.001)
    low, share = int(place), place % 1.0
    tone = _SKIN_SRGB[low] * (1 - share) + _SKIN_SRGB[low + 1] * share
    # Printed scales are paler than lit skin: photographs show more red in the light tones.
    warm = np.array([1.0, 0.9, 0.82]) ** random.uniform(0.3, 1.0)
    return linear_from_srgb(np.clip(tone / 255 * warm * random.uniform(0.9, 1.03), 0, 1))


def hair_colour(random: np.random.Generator) -> FloatArray:
    """
    Choose a natural hair colour.

    :param random: source of chance.
    :returns: [3], linear light.
    """
    tone = _HAIR_SRGB[random.integers(len(_HAIR_SRGB))] / 255 * random.uniform(0.8, 1.2)
    return linear_from_srgb(np.clip(tone + random.normal(0, 0.01, 3), 0, 1))


def cloth_colours(random: np.random.Generator, count: int) -> FloatArray:
    """
    Choose colours as wardrobes hold them: half near grey, white or black, else any hue.

    :param random: source of chance.
    :param count: how many.
    :returns: [count, 3], linear light.
    """
    chance = random.random((4, count))
    value = 0.06 + 0.9 * chance[0]
    vivid = np.where(chance[1] < 0.45, 0.18 * chance[2], 0.2 + 0.7 * chance[2])
    offset = (np.array([5.0, 3.0, 1.0]) + 6.0 * chance[3][:, None]) % 6.0
    wave = np.clip(np.minimum(offset, 4.0 - offset), 0.0, 1.0)
    return linear_from_srgb((value * (1.0 - vivid * wave.T)).T)


def cloth_colour(random: np.random.Generator) -> FloatArray:
    """
    Choose one colour, see :func:`cloth_colours`.

    :param random: source of chance.
    :returns: [3], linear light.
    """
    return cloth_colours(random, 1)[0]
