"""Camera images of rendered scenes, full of persons or of things alone, to try detectors on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.detector.clutter import flat_picture
from biopose_ros.training.detector.truth import person_truth
from biopose_ros.training.detector.windows import furnish, label, plan_persons
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.lookalikes import without_persons

LONGER_SIDE_PX = 960
# Smallest persons, as a share of the image's height.
_LEAST_SHARE = 0.06
_FLAT_SHARE, _CROWD_SHARE, _CROWD = 0.3, 0.25, 12


@dataclass(frozen=True)
class StagedImage:
    """
    An image and who is in it.

    :param image_bgr: [height, width, 3] uint8, the longer side 960 pixels.
    :param points_px: [persons, 6, 2], as in :mod:`biopose_ros.training.detector.truth`.
    :param heights_px: [persons], the longer side of the body's box.
    :param visible: [persons], 0 to 1.
    """

    image_bgr: NDArray[np.uint8]
    points_px: FloatArray
    heights_px: FloatArray
    visible: FloatArray


def staged_images(
    generator: SampleGenerator, count: int, is_empty: bool, seed: int
) -> Iterator[StagedImage]:
    """
    Stage images one by one.

    :param generator: of a split that training did not see.
    :param count: how many.
    :param is_empty: no persons, but dummies, plants, furniture and pictures without a place.
    :param seed: fixes them all.
    """
    for number in range(count):
        random = np.random.default_rng([20250107, seed, is_empty, number])
        if is_empty and random.random() < _FLAT_SHARE:
            picture = flat_picture(random, LONGER_SIDE_PX)
            yield _without_bars(picture, np.array([16, 9]), np.zeros((0, 6, 2)), *np.zeros((2, 0)))
        else:
            yield _staged(random, generator, is_empty)


def _staged(
    random: np.random.Generator, generator: SampleGenerator, is_empty: bool
) -> StagedImage:
    plan = plan_persons(random, generator, _CROWD if random.random() < _CROWD_SHARE else 3)
    (scene,) = generator.scenes([plan], _LEAST_SHARE)
    scene = furnish(random, scene)
    camera = scene.view.camera
    size = np.array([camera.width_px, camera.height_px])
    crop = Crop(size / 2, float(size.max()), 0.0)
    if is_empty:
        scene, truths = without_persons(scene), []
    else:
        found = [person_truth(person, scene.view) for person in scene.persons]
        truths = [truth for truth in found if truth]
    scene = replace(scene, crop=crop)
    labels = label(random, scene, truths, generator, LONGER_SIDE_PX)
    heights = np.array([truth.height_px for truth in truths]) * LONGER_SIDE_PX / size.max()
    return _without_bars(labels.image_bgr, size, labels.points_px, heights, labels.visible)


def _without_bars(
    picture: NDArray[np.uint8],
    size: NDArray[np.int_],
    points_px: FloatArray,
    heights_px: FloatArray,
    visible: FloatArray,
) -> StagedImage:
    """Cut an image out of the middle of a square."""
    width, height = np.rint(size * LONGER_SIDE_PX / size.max()).astype(int)
    left, top = (LONGER_SIDE_PX - width) // 2, (LONGER_SIDE_PX - height) // 2
    image = np.ascontiguousarray(picture[top : top + height, left : left + width])
    return StagedImage(image, points_px - [left, top], heights_px, visible)
