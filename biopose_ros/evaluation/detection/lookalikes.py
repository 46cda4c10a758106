"""
The same scenes with a person, a humanoid robot, mannequins, and a picture of the person.

Robots have the person's joints, with limbs of rods and boxes; mannequins the person's body, of one
material, or of plastic in the person's clothes; pictures show the person, framed, on a flat board.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count as count_from
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.frames import project
from biopose_ros.records import Crop
from biopose_ros.training.detector.windows import label
from biopose_ros.training.synthesis import palettes
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.lookalikes import FIGURES, without_persons
from biopose_ros.training.synthesis.scene import Scene, exact_crop

SIDE_PX = 960
# Smallest figures, as a share of the image's height.
_LEAST_SHARE = 0.2
_LEAST_INSIDE = 0.9  # of the person's joints
Picture = NDArray[np.uint8]
KINDS = (*FIGURES, 'picture')


def drawn_lookalikes(
    generator: SampleGenerator, count: int, seed: int
) -> Iterator[dict[str, Picture]]:
    """
    Draw scenes, each with every kind of figure in the same place and pose.

    :param generator: of a split that training did not see.
    :param count: how many scenes.
    :param seed: fixes them all.
    :returns: [height, width, 3] uint8 by kind, ``person`` first; the longer side has 960 pixels.
    """
    scenes = _scenes_in_view(generator, seed)
    for number, scene in enumerate(islice(scenes, count)):

        def chance(use: int, number: int = number) -> np.random.Generator:
            return np.random.default_rng([20251128, seed, number, use])

        # The same chance for light, lens and grain.
        pictures = {
            kind: _whole(chance(1), change(chance(0), scene), generator)
            for kind, change in FIGURES.items()
        }
        empty = _whole(chance(1), without_persons(scene), generator)
        crop = _inside(exact_crop(scene.persons[0], scene.view), scene)
        portrait = label(chance(2), replace(scene, crop=crop), [], generator, SIDE_PX // 2)
        pictures['picture'] = hang_picture(chance(3), empty, portrait.image_bgr)
        yield pictures


def _scenes_in_view(generator: SampleGenerator, seed: int) -> Iterator[Scene]:
    """Give scenes whose person is in the image as a whole, or nearly so."""
    for number in count_from(0):
        random = np.random.default_rng([20251128, seed, number])
        plan = generator.plan(random, np.zeros(1), np.zeros(1))
        (scene,) = generator.scenes([plan], _LEAST_SHARE)
        camera = scene.view.camera
        joints_px = project(scene.view.to_camera(scene.persons[0].joints_m), camera)
        is_inside = (joints_px > 0) & (joints_px < [camera.width_px, camera.height_px])
        if is_inside.all(axis=1).mean() >= _LEAST_INSIDE:
            yield scene


def _inside(crop: Crop, scene: Scene) -> Crop:
    """Move and shrink a crop until it lies in the image."""
    camera = scene.view.camera
    image = np.array([camera.width_px, camera.height_px], np.float64)
    size = min(crop.size_px, *image)
    return Crop(np.clip(crop.center_px, size / 2, image - size / 2), float(size), 0.0)


def hang_picture(random: np.random.Generator, room: Picture, portrait: Picture) -> Picture:
    """
    Hang a framed picture into an image.

    :param random: source of chance.
    :param room: [height, width, 3].
    :param portrait: [side, side, 3].
    :returns: the image with it, seen a little from aside.
    """
    height, width = room.shape[:2]
    high = random.uniform(0.4, 0.9) * height
    wide = min(random.uniform(0.6, 1.0) * high, 0.95 * width)
    cut = int(0.5 * max(0.0, 1.0 - wide / high) * len(portrait))
    border = int(random.uniform(0.02, 0.08) * len(portrait))
    colour = (255.0 * palettes.cloth_colour(random)).tolist()
    framed = cv2.copyMakeBorder(
        portrait[:, cut : len(portrait) - cut], *(border,) * 4, cv2.BORDER_CONSTANT, value=colour
    )
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    place = np.array([random.uniform(0, width - wide), random.uniform(0, height - high)])
    target = place + (corners + random.normal(0.0, 0.02, (4, 2))) * [wide, high]
    source = corners * np.array(framed.shape[1::-1], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    shown = cv2.warpPerspective(framed, matrix, (width, height), flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones(framed.shape[:2], np.float32), matrix, (width, height))
    mixed = room + inside[..., None] * (shown.astype(np.float32) - room)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def _whole(random: np.random.Generator, scene: Scene, generator: SampleGenerator) -> Picture:
    """Draw the camera's whole image."""
    camera = scene.view.camera
    size = np.array([camera.width_px, camera.height_px])
    crop = Crop(size / 2, float(size.max()), 0.0)
    square = label(random, replace(scene, crop=crop), [], generator, SIDE_PX).image_bgr
    width, height = np.rint(size * SIDE_PX / size.max()).astype(int)
    left, top = (SIDE_PX - width) // 2, (SIDE_PX - height) // 2
    return np.ascontiguousarray(square[top : top + height, left : left + width])
