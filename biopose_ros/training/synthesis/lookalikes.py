"""Figures in a person's place and pose that are none: humanoid robots and mannequins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis import wardrobe
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.props import Mesh, ball, box, rod
from biopose_ros.training.synthesis.scene import PosedPerson, Scene
from biopose_ros.training.synthesis.wardrobe import NEVER, Outfit

_OUT_OF_SIGHT_M = 1000.0
_JOINT = {name: number for number, name in enumerate(JOINT_NAMES)}
# Ends and thickness of a robot's limbs, shares of the stature.
_LIMBS = tuple(
    (f'{side}_{start}', f'{side}_{end}', thickness)
    for side in ('left', 'right')
    for start, end, thickness in (
        ('hip', 'knee', 0.042),
        ('knee', 'ankle', 0.034),
        ('shoulder', 'elbow', 0.028),
        ('elbow', 'wrist', 0.024),
    )
) + (('pelvis', 'spine2', 0.055), ('neck', 'head', 0.022))
_BALLS = (
    ('hip', 0.04), ('knee', 0.036), ('ankle', 0.026),
    ('shoulder', 0.036), ('elbow', 0.028), ('wrist', 0.02),
)  # fmt: skip
# What a robot is made of: rows that its palette adds to that of the things.
_SHELL, _LIMB, _STEEL, _FACE = range(4)
# What of a mannequin is never cloth.
_PLASTIC = (
    wardrobe.SKIN, wardrobe.HAIR, wardrobe.LONG_HAIR, wardrobe.EYE, wardrobe.IRIS, wardrobe.BROW,
    wardrobe.LIPS, wardrobe.GLASSES,
)  # fmt: skip


def without_persons(scene: Scene, numbers: Collection[int] | None = None) -> Scene:
    """
    Take persons out of sight; light and things stay.

    :param scene: with persons.
    :param numbers: of those who go; None for all.
    :returns: the same place without them.
    """
    gone = range(len(scene.persons)) if numbers is None else numbers
    away = -_OUT_OF_SIGHT_M * scene.view.camera_from_world[2].astype(np.float32)
    persons = tuple(
        replace(person, vertices_m=person.vertices_m + away) if number in gone else person
        for number, person in enumerate(scene.persons)
    )
    worn = tuple((number, mesh) for number, mesh in scene.worn if number not in gone)
    return replace(scene, persons=persons, worn=worn)


def as_robot(random: np.random.Generator, scene: Scene, number: int = 0) -> Scene:
    """
    Put a humanoid robot in a person's place.

    :param random: source of chance.
    :param scene: with the person.
    :param number: of the person.
    :returns: the scene with the robot, in materials of its own.
    """
    meshes = _robot(random, scene.persons[number], len(scene.thing_palette))
    return replace(
        without_persons(scene, [number]),
        things=(*scene.things, *meshes),
        thing_palette=np.concatenate([scene.thing_palette, _robot_palette(random)]),
    )


def as_mannequin(
    random: np.random.Generator, scene: Scene, number: int = 0, is_dressed: bool = False
) -> Scene:
    """
    Make a person's body of plastic, without hair.

    :param random: source of chance.
    :param scene: with the person.
    :param number: of the person.
    :param is_dressed: in the person's clothes; else all is of one material that no skin looks
        like, and nothing hangs in folds.
    :returns: the scene with the mannequin.
    """
    outfit, plastic = scene.outfits[number], _plain(0.3 + 0.5 * random.random())
    cut, palette = outfit.cut.copy(), outfit.palette.copy()
    cut[[wardrobe.HAIR_THICK, wardrobe.BEARD, wardrobe.GLASSES_ON]] = 0.0
    if is_dressed:
        colours = [[0.75, 0.72, 0.68], [0.05, 0.05, 0.05], [0.45, 0.3, 0.22]]
        plastic[:6] = np.tile(pick(random, colours), 2)
        palette[list(_PLASTIC)] = plastic
    else:
        plastic[:6] = np.tile(_plastic_colour(random), 2)
        palette[:] = plastic
        cut[[wardrobe.TOP_LOOSE, wardrobe.BOTTOM_LOOSE, wardrobe.WRINKLE]] = 0.0
        cut[wardrobe.COAT_HEM], cut[wardrobe.COAT_SLEEVE] = NEVER, -NEVER
    worn = tuple((owner, mesh) for owner, mesh in scene.worn if owner != number)
    return replace(_dressed(scene, number, replace(outfit, cut=cut, palette=palette)), worn=worn)


# What may stand in the first person's place, by kind.
FIGURES: Mapping[str, Callable[[np.random.Generator, Scene], Scene]] = {
    'person': lambda random, scene: scene,
    'robot': as_robot,
    'mannequin': as_mannequin,
    'dressed_mannequin': partial(as_mannequin, is_dressed=True),
}


def _dressed(scene: Scene, number: int, outfit: Outfit) -> Scene:
    outfits = scene.outfits
    return replace(scene, outfits=(*outfits[:number], outfit, *outfits[number + 1 :]))


def _robot(random: np.random.Generator, person: PosedPerson, first: int) -> list[Mesh]:
    """
    Build a robot on a person's joints, with limbs of rods and boxes.

    :param first: row of its first material.
    """
    size = float(person.rest_size_m[0])
    stout, joints = random.uniform(0.7, 1.5), person.joints_m
    shell, limb, steel, face_row = (first + row for row in (_SHELL, _LIMB, _STEEL, _FACE))

    def at(name: str) -> FloatArray:
        return joints[_JOINT[name]]

    meshes = [
        rod(at(start), at(end), stout * thickness * size, limb) for start, end, thickness in _LIMBS
    ]
    knob = stout * random.uniform(0.8, 1.3)
    for side in ('left', 'right'):
        for name, radius in _BALLS:
            meshes.append(ball(np.full(3, knob * radius * size), at(f'{side}_{name}'), steel))
        meshes.append(box(size * np.array([0.03, 0.05, 0.04]), at(f'{side}_hand'), 0.0, steel))
        foot = 0.5 * (at(f'{side}_ankle') + at(f'{side}_foot'))
        ahead = at(f'{side}_foot') - at(f'{side}_ankle')
        turn = float(np.arctan2(ahead[0], ahead[2]))
        meshes.append(box(size * np.array([0.05, 0.035, 0.14]), foot, turn, shell))
    across = at('left_shoulder') - at('right_shoulder')
    turn = float(np.arctan2(-across[2], across[0]))
    chest_m = np.array([0.85 * np.linalg.norm(across), 0.17 * size, 0.12 * size])
    meshes.append(box(chest_m, 0.5 * (at('spine2') + at('neck')), turn, shell))
    meshes.append(box(size * np.array([0.16, 0.08, 0.11]), at('pelvis'), turn, shell))
    head = at('head') + 0.03 * size * (at('head') - at('neck')) / 0.05
    face = head + 0.035 * size * np.array([np.sin(turn), 0.0, np.cos(turn)])
    if random.random() < 0.5:
        meshes.append(box(size * np.array([0.1, 0.12, 0.11]), head, turn, shell))
        meshes.append(box(size * np.array([0.075, 0.05, 0.06]), face, turn, face_row))
    else:
        meshes.append(ball(size * np.array([0.052, 0.068, 0.06]), head, shell))
        meshes.append(ball(size * np.array([0.04, 0.035, 0.035]), face, face_row))
    return meshes


def _robot_palette(random: np.random.Generator) -> NDArray[np.float32]:
    """:returns: [4, 12], shell, limbs, joints, face."""
    palette = np.stack([_plain(gloss) for gloss in (0.4, 0.4, 0.7, 0.9)])
    shells = [
        np.full(3, 0.8), np.array([0.35, 0.36, 0.38]), np.array([0.04, 0.04, 0.05]),
        np.array([0.6, 0.2, 0.03]), _plastic_colour(random),
    ]  # fmt: skip
    palette[_SHELL, :6] = np.tile(pick(random, shells), 2)
    palette[_LIMB, :6] = np.tile(pick(random, shells), 2)
    if random.random() < 0.5:
        palette[_LIMB] = palette[_SHELL]
    palette[_STEEL, :6] = random.uniform(0.03, 0.4)
    palette[_FACE, :6] = 0.01
    return palette


def _plastic_colour(random: np.random.Generator) -> FloatArray:
    """:returns: [3], linear light: grey, or less red than green and blue, as no skin is."""
    level = random.uniform(0.25, 0.85)
    lack = np.array([1.0, random.random(), random.random()])
    return level * (1.0 - max(random.uniform(-1.0, 0.9), 0.0) * lack)


def _plain(gloss: float) -> NDArray[np.float32]:
    """:returns: [12], a material of one colour, black."""
    row = np.zeros(wardrobe.MATERIAL_FIELDS, np.float32)
    row[wardrobe.PERIOD], row[wardrobe.GLOSS] = 1.0, gloss
    return row
