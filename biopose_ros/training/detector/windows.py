"""Pictures as the detector gets them: parts of scenes with many, few and no persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.person_detector import INPUT_PX
from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.detector.clutter import flat_picture, still_life
from biopose_ros.training.detector.truth import PersonTruth, person_truth, visible_share
from biopose_ros.training.synthesis.cameras import crop_from_image
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.generator import Plan, SampleGenerator
from biopose_ros.training.synthesis.lookalikes import without_persons
from biopose_ros.training.synthesis.renderer import choose_look, draw
from biopose_ros.training.synthesis.scene import Scene
from biopose_ros.training.synthesis.sources import SUBJECT_TENTHS

CHUNK = 16
LEAST_SHARE = 0.05
# What the windows hold: one to three persons, a crowd, an empty scene, a picture without depth.
_KINDS = ('few', 'crowd', 'empty', 'flat')
_KIND_SHARES = (0.56, 0.12, 0.22, 0.10)
# Height of the main person over the window's side.
PERSON_SHARES = (0.17, 1.3)


@dataclass(frozen=True)
class LabelledWindow:
    """
    One input of the detector and what it should say.

    :param image_bgr: [side, side, 3] uint8.
    :param points_px: [persons, 6, 2], see :class:`~.truth.PersonTruth`, here of the window.
    :param visible: [persons], 0 to 1, how much of each shows.
    """

    image_bgr: NDArray[np.uint8]
    points_px: FloatArray
    visible: FloatArray


class WindowSource:
    """
    Draws windows; the number of a chunk and the seed fix every byte.

    :param generator: of bodies and motion.
    """

    def __init__(self, generator: SampleGenerator) -> None:
        self.generator = generator

    def chunk(self, number: int) -> list[LabelledWindow]:
        """
        Draw some windows.

        :param number: of the chunk, from 0.
        :returns: 16 windows.
        """
        generator = self.generator
        tenth = SUBJECT_TENTHS[generator.split][0]
        randoms = [
            np.random.default_rng([20250106, generator.seed, tenth, number, i])
            for i in range(CHUNK)
        ]
        kinds = [pick(random, _KINDS, _KIND_SHARES) for random in randoms]
        plans = [
            plan_persons(random, generator, 12 if kind == 'crowd' else 3)
            for random, kind in zip(randoms, kinds, strict=True)
            if kind != 'flat'
        ]
        scenes = generator.scenes(plans, LEAST_SHARE)
        return [
            _flat(random) if kind == 'flat' else self._window(random, next(scenes), kind)
            for random, kind in zip(randoms, kinds, strict=True)
        ]

    def _window(self, random: np.random.Generator, scene: Scene, kind: str) -> LabelledWindow:
        scene = furnish(random, scene)
        truths = [person_truth(person, scene.view) for person in scene.persons]
        crop = choose_window(random, scene, truths[0])
        if kind == 'empty':
            scene, truths = without_persons(scene), []
        window = label(random, replace(scene, crop=crop), truths, self.generator)
        shows = window.visible > 0
        return LabelledWindow(window.image_bgr, window.points_px[shows], window.visible[shows])


def plan_persons(random: np.random.Generator, generator: SampleGenerator, most: int) -> Plan:
    """
    Choose who appears.

    :param random: source of chance.
    :param generator: whose subjects and motion.
    :param most: persons; few of a small number, half to all of a large one.
    :returns: the plan; the first person stands in the middle.
    """
    many = random.integers(most // 2, most + 1) if most > 3 else pick(random, [1, 2, 3], [6, 3, 1])
    reach_m = random.uniform(0.5, 1.2 + 0.45 * many, many)
    return generator.plan(random, random.uniform(0, 2 * np.pi, many), reach_m)


def choose_window(random: np.random.Generator, scene: Scene, main: PersonTruth | None) -> Crop:
    """
    Choose a square as the search would look into: a tile within the image, or the whole image.

    :param random: source of chance.
    :param scene: its camera's image.
    :param main: the person who should be about in the window; None for anywhere.
    :returns: the square, upright.
    """
    size = np.array([scene.view.camera.width_px, scene.view.camera.height_px], np.float64)
    low, high = np.log(PERSON_SHARES)
    person_px = main.height_px if main else size.min()
    side = max(person_px / np.exp(random.uniform(low, high)), 48.0)
    if side > size.min():
        return Crop(size / 2, float(size.max()), 0.0)
    middle = main.box_px.mean(0) if main else size / 2
    corner = middle - side * random.uniform(0.1, 0.9, 2)
    return Crop(np.clip(corner, 0, size - side) + side / 2, float(side), 0.0)


def furnish(random: np.random.Generator, scene: Scene) -> Scene:
    """
    Put things into a scene that look a little like persons.

    :param random: source of chance.
    :param scene: to be furnished.
    :returns: the scene with them.
    """
    things = still_life(random, scene.persons[0].joints_m[0], scene.view.position_m)
    return replace(scene, things=(*scene.things, *things))


def label(
    random: np.random.Generator,
    scene: Scene,
    truths: Sequence[PersonTruth | None],
    generator: SampleGenerator,
    side_px: int = INPUT_PX,
) -> LabelledWindow:
    """
    Draw the window of a scene, and say who shows in it and how much.

    :param random: source of chance.
    :param scene: its crop is the window.
    :param truths: of the persons who may show.
    :param generator: for the body's regions.
    :param side_px: width and height of the picture.
    :returns: the window.
    """
    matrix = crop_from_image(scene.crop, side_px)
    look = choose_look(random, scene, side_px, generator.photos)
    picture = draw(scene, generator.studio.regions, matrix, side_px, look)
    known = [truth for truth in truths if truth]
    points = [truth.points_px @ matrix[:2, :2].T + matrix[:2, 2] for truth in known]
    visible = [visible_share(truth, matrix, picture.depth_m, picture.inside) for truth in known]
    return LabelledWindow(
        picture.image_bgr,
        np.array(points).reshape(-1, 6, 2) + 0.5,  # the detector counts from corners of pixels
        np.array(visible),
    )


def _flat(random: np.random.Generator) -> LabelledWindow:
    return LabelledWindow(flat_picture(random, INPUT_PX), np.zeros((0, 6, 2)), np.zeros(0))
