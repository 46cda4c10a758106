"""One scene: who stands where in which pose, what they wear, the light, the things, the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.synthesis import cameras, props
from biopose_ros.training.synthesis.backdrop import Room, choose_room
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.lighting import Light, choose_light
from biopose_ros.training.synthesis.props import Mesh
from biopose_ros.training.synthesis.regions import HIP, BodyRegions
from biopose_ros.training.synthesis.wardrobe import (
    LONG_HAIR,
    MATERIALS,
    SKIRT,
    WAIST,
    Outfit,
    choose_outfit,
    choose_palette,
)

_JOINT = {name: number for number, name in enumerate(JOINT_NAMES)}
_HIPS = [_JOINT['left_hip'], _JOINT['right_hip']]
_SHOULDERS = [_JOINT['left_shoulder'], _JOINT['right_shoulder']]
_NEAREST_SHARE = 0.6  # of the hips' distance


@dataclass(frozen=True)
class PosedPerson:
    """
    A body on the floor of the world.

    :param vertices_m: [vertices, 3] float32, skin, world.
    :param joints_m: [24, 3], world.
    :param rest_joints_m: [24, 3], of the same shape in the T-pose.
    :param rest_size_m: [3], stature, half width and half depth of the hips in the T-pose.
    :param turns: [24, 3, 3], world rotations of the joints.
    :param sits: whether a seat belongs under the person.
    :param betas: [components] float32.
    :param markers_m: [markers, 3] float32, world.
    """

    vertices_m: NDArray[np.float32]
    joints_m: FloatArray
    rest_joints_m: FloatArray
    rest_size_m: FloatArray
    turns: FloatArray
    sits: bool
    betas: FloatArray
    markers_m: FloatArray


@dataclass(frozen=True)
class Scene:
    """
    Everything that the renderer draws; the truth describes the first person.

    :param persons: who is there.
    :param outfits: what they wear.
    :param worn: skirts and long hair, with the number of the person who wears them.
    :param things: meshes of furniture and occluders.
    :param thing_palette: [16 or more, 12], their materials.
    :param room: what is around; None where a flat picture is behind.
    :param light: sun, sky, lamp.
    :param view: the camera.
    :param crop: what is cut out of its image.
    """

    persons: tuple[PosedPerson, ...]
    outfits: tuple[Outfit, ...]
    worn: tuple[tuple[int, Mesh], ...]
    things: tuple[Mesh, ...]
    thing_palette: NDArray[np.float32]
    room: Room | None
    light: Light
    view: cameras.View
    crop: Crop


def compose(
    random: np.random.Generator,
    persons: tuple[PosedPerson, ...],
    regions: BodyRegions,
    least_share: float = cameras.LEAST_SHARE,
) -> Scene:
    """
    Build a scene around persons who are placed already.

    :param random: source of chance.
    :param persons: at least one.
    :param regions: the body that they share.
    :param least_share: see :func:`~.cameras.choose_view`.
    :returns: the scene.
    """
    main = persons[0]
    some = main.vertices_m[::29]
    centre = 0.5 * (some.min(0) + some.max(0)).astype(np.float64)
    view = cameras.choose_view(random, centre, float(main.rest_size_m[0]), least_share)
    outfits = tuple(choose_outfit(random, regions) for _ in persons)
    things = seats(random, persons) + scatter(random, main, view.position_m)
    worn = hang(random, persons, outfits, regions)
    palette = choose_palette(random)
    inside = np.stack([view.position_m, *(person.joints_m.mean(0) for person in persons)])
    room = choose_room(random, inside) if random.random() < 0.72 else None
    return Scene(
        persons, outfits, worn, tuple(things), palette, room, choose_light(random), view,
        cameras.choose_crop(random, exact_crop(main, view)),
    )  # fmt: skip


def exact_crop(main: PosedPerson, view: cameras.View) -> Crop:
    """
    Cut out a person as tracking without errors would.

    :param main: the person.
    :param view: the camera.
    """
    seen = view.to_camera(np.concatenate([main.joints_m, main.vertices_m[::61]]))
    # What reaches past a near camera, or behind it, does not blow the crop up.
    nearest = _NEAREST_SHARE * float(seen[_HIPS, 2].mean())
    seen = seen / np.maximum(seen[:, 2:], max(nearest, 0.1))
    pixels = (seen @ view.camera.intrinsics_px.T)[:, :2]
    return cameras.exact_crop(pixels[_HIPS], pixels[_SHOULDERS], pixels)


def seats(random: np.random.Generator, persons: Sequence[PosedPerson]) -> list[Mesh]:
    """
    Put seats under most of those who sit.

    :param random: source of chance.
    :param persons: who may sit.
    """
    things: list[Mesh] = []
    for person in persons:
        if person.sits and random.random() < 0.85:
            things += _seat(random, person)
    return things


def scatter(random: np.random.Generator, main: PosedPerson, camera_m: FloatArray) -> list[Mesh]:
    """
    Put clutter around, and 0 to 3 things before a person.

    :param random: source of chance.
    :param main: the person.
    :param camera_m: [3], world.
    """
    things: list[Mesh] = []
    for _ in range(random.integers(0, 6)):
        things.append(props.clutter(random, main.joints_m[0], camera_m, _material(random)))
    for _ in range(pick(random, [0, 1, 2, 3], [0.62, 0.22, 0.1, 0.06])):
        target = main.joints_m[random.integers(len(JOINT_NAMES))]
        things.append(props.occluder(random, target, camera_m, _material(random)))
    return things


def _material(random: np.random.Generator) -> int:
    return int(random.integers(MATERIALS))


def _seat(random: np.random.Generator, person: PosedPerson) -> list[Mesh]:
    """Put a seat where the underside of the hips is."""
    hips, knees = person.joints_m[_HIPS].mean(0), person.joints_m[[4, 5]].mean(0)
    ahead = knees - hips
    turn = float(np.arctan2(ahead[0], ahead[2]))
    near = np.linalg.norm(person.vertices_m[:, [0, 2]] - hips[[0, 2]], axis=1) < 0.14
    underside = person.vertices_m[near, 1]
    underside = underside[underside > 0.15]
    if not len(underside):
        return []
    top = max(float(underside.min()) - 0.015, 0.12)
    seat = np.array([hips[0], top, hips[2]]) + 0.1 * np.array([np.sin(turn), 0, np.cos(turn)])
    return props.chair(random, seat, turn, _material(random))


def hang(
    random: np.random.Generator,
    persons: Sequence[PosedPerson],
    outfits: Sequence[Outfit],
    regions: BodyRegions,
) -> tuple[tuple[int, Mesh], ...]:
    """
    Hang skirts and long hair on persons.

    :param random: source of chance.
    :param persons: who is there.
    :param outfits: one per person.
    :param regions: the body that they share.
    :returns: meshes with the number of the person who wears them.
    """
    return tuple(
        (number, mesh)
        for number, (person, outfit) in enumerate(zip(persons, outfits, strict=True))
        for mesh in _worn(random, person, outfit, regions)
    )


def _worn(
    random: np.random.Generator, person: PosedPerson, outfit: Outfit, regions: BodyRegions
) -> list[Mesh]:
    """Hang skirt and long hair on a person."""
    worn = []
    if not np.isnan(outfit.skirt_end):
        pelvis = person.rest_joints_m[0]
        waist_up = (
            0.28 * (person.rest_joints_m[12, 1] - pelvis[1]) * (outfit.cut[WAIST] - HIP + 0.2)
        )
        leg = person.rest_joints_m[1, 1] - person.rest_joints_m[4, 1]
        waist = np.array(
            [person.rest_size_m[1] + 0.02, person.rest_size_m[2] + 0.02, waist_up, -0.01]
        )
        length = waist_up + (HIP - outfit.skirt_end) * leg
        turns = person.turns[[0, 1, 2]]
        worn.append(
            props.skirt(
                person.joints_m,
                turns,
                person.rest_joints_m,
                waist,
                length,
                random.uniform(1.0, 1.5),
                SKIRT,
            )
        )
    if outfit.hair_length > 0.0:
        worn.append(
            props.long_hair(
                person.joints_m[15],
                person.turns[15],
                regions.joints_m[15],
                regions.face_frame_m,
                outfit.hair_length,
                LONG_HAIR,
            )
        )
    return worn
