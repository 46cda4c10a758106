"""
The same scenes with a person, a humanoid robot, a mannequin, and a picture of the person.

Robots have the person's joints, with limbs of rods and boxes; mannequins the person's body, of one
material, some of them dressed; pictures show the person, framed, on a flat board.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count as count_from
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.frames import project
from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.detector.windows import label, without_persons
from biopose_ros.training.synthesis import palettes, wardrobe
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.props import Mesh, ball, box, rod
from biopose_ros.training.synthesis.scene import PosedPerson, Scene, exact_crop

SIDE_PX = 960
# Smallest figures, as a share of the image's height.
_LEAST_SHARE = 0.2
_LEAST_INSIDE = 0.9  # of the person's joints
Picture = NDArray[np.uint8]

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
# Rows of the things' palette that a robot is made of: shells, joints, face.
_SHELL, _STEEL, _FACE = 0, 1, 2
# What of a mannequin is never cloth.
_PLASTIC = (
    wardrobe.SKIN, wardrobe.HAIR, wardrobe.LONG_HAIR, wardrobe.EYE, wardrobe.IRIS, wardrobe.BROW,
    wardrobe.LIPS, wardrobe.GLASSES,
)  # fmt: skip


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
            for kind, change in _KINDS.items()
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


def robot(random: np.random.Generator, person: PosedPerson) -> list[Mesh]:
    """
    Build a humanoid robot in a person's pose.

    :param random: source of chance.
    :param person: whose joints it has.
    :returns: meshes of the materials that :func:`_robot_palette` gives.
    """
    size = float(person.rest_size_m[0])
    stout, joints = random.uniform(0.8, 1.3), person.joints_m

    def at(name: str) -> FloatArray:
        return joints[_JOINT[name]]

    meshes = [
        rod(at(start), at(end), stout * thickness * size, _SHELL)
        for start, end, thickness in _LIMBS
    ]
    for side in ('left', 'right'):
        for name, radius in (('hip', 0.04), ('knee', 0.036), ('ankle', 0.026), ('shoulder', 0.036),
                             ('elbow', 0.028), ('wrist', 0.02)):  # fmt: skip
            extent = np.full(3, stout * radius * size)
            meshes.append(ball(extent, at(f'{side}_{name}'), _STEEL))
        meshes.append(box(size * np.array([0.03, 0.05, 0.04]), at(f'{side}_hand'), 0.0, _STEEL))
        foot = 0.5 * (at(f'{side}_ankle') + at(f'{side}_foot'))
        ahead = at(f'{side}_foot') - at(f'{side}_ankle')
        turn = float(np.arctan2(ahead[0], ahead[2]))
        meshes.append(box(size * np.array([0.05, 0.035, 0.14]), foot, turn, _SHELL))
    across = at('left_shoulder') - at('right_shoulder')
    turn = float(np.arctan2(-across[2], across[0]))
    width = float(np.linalg.norm(across))
    chest = 0.5 * (at('spine2') + at('neck'))
    meshes.append(box(np.array([0.85 * width, 0.17 * size, 0.12 * size]), chest, turn, _SHELL))
    meshes.append(box(size * np.array([0.16, 0.08, 0.11]), at('pelvis'), turn, _SHELL))
    head = at('head') + 0.03 * size * (at('head') - at('neck')) / 0.05
    face = head + 0.035 * size * np.array([np.sin(turn), 0.0, np.cos(turn)])
    if random.random() < 0.5:
        meshes.append(box(size * np.array([0.1, 0.12, 0.11]), head, turn, _SHELL))
        face_size = size * np.array([0.075, 0.05, 0.06])
        meshes.append(box(face_size, face, turn, _FACE))
    else:
        meshes.append(ball(size * np.array([0.052, 0.068, 0.06]), head, _SHELL))
        meshes.append(ball(size * np.array([0.04, 0.035, 0.035]), face, _FACE))
    return meshes


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


def _as_person(random: np.random.Generator, scene: Scene) -> Scene:
    return scene


def _as_robot(random: np.random.Generator, scene: Scene) -> Scene:
    things = (*scene.things, *robot(random, scene.persons[0]))
    return replace(
        without_persons(scene), things=things, thing_palette=_robot_palette(random, scene)
    )


def _as_mannequin(random: np.random.Generator, scene: Scene) -> Scene:
    """Make the body of plastic: wholly, or where no cloth hangs."""
    outfit, plastic = scene.outfits[0], _plain(0.3 + 0.5 * random.random())
    palette = outfit.palette.copy()
    if random.random() < 0.5:
        palette[:] = plastic
    else:
        plastic[:3] = plastic[3:6] = pick(
            random, [[0.75, 0.72, 0.68], [0.05, 0.05, 0.05], [0.45, 0.3, 0.22]]
        )
        palette[list(_PLASTIC)] = plastic
    cut = outfit.cut.copy()
    cut[[wardrobe.HAIR_THICK, wardrobe.BEARD, wardrobe.GLASSES_ON]] = 0.0
    made = replace(outfit, cut=cut, palette=palette)
    return replace(scene, outfits=(made, *scene.outfits[1:]), worn=())


_KINDS: Mapping[str, Callable[[np.random.Generator, Scene], Scene]] = {
    'person': _as_person,
    'robot': _as_robot,
    'mannequin': _as_mannequin,
}
KINDS = (*_KINDS, 'picture')


def _robot_palette(random: np.random.Generator, scene: Scene) -> NDArray[np.float32]:
    palette = scene.thing_palette.copy()
    palette[_SHELL] = _plain(0.4)
    palette[_SHELL, :3] = palette[_SHELL, 3:6] = pick(
        random, [[0.8, 0.8, 0.8], [0.35, 0.36, 0.38], [0.04, 0.04, 0.05], [0.6, 0.2, 0.03]]
    )
    palette[_STEEL], palette[_FACE] = _plain(0.7), _plain(0.9)
    palette[_STEEL, :6] = random.uniform(0.03, 0.4)
    palette[_FACE, :6] = 0.01
    return palette


def _plain(gloss: float) -> NDArray[np.float32]:
    """Give a material of one colour, light grey."""
    row = np.zeros(wardrobe.MATERIAL_FIELDS, np.float32)
    row[:6], row[wardrobe.PERIOD], row[wardrobe.GLOSS] = 0.7, 1.0, gloss
    return row


def _whole(random: np.random.Generator, scene: Scene, generator: SampleGenerator) -> Picture:
    """Draw the camera's whole image."""
    camera = scene.view.camera
    size = np.array([camera.width_px, camera.height_px])
    crop = Crop(size / 2, float(size.max()), 0.0)
    square = label(random, replace(scene, crop=crop), [], generator, SIDE_PX).image_bgr
    width, height = np.rint(size * SIDE_PX / size.max()).astype(int)
    left, top = (SIDE_PX - width) // 2, (SIDE_PX - height) // 2
    return np.ascontiguousarray(square[top : top + height, left : left + width])
