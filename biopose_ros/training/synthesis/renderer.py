"""From a scene to a picture and to what can be seen in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.backdrop import Photos, Room, paint_abstract, paint_room
from biopose_ros.training.synthesis.cameras import crop_from_image
from biopose_ros.training.synthesis.effects import choose_effects, develop
from biopose_ros.training.synthesis.lighting import Shadows, cast_shadows
from biopose_ros.training.synthesis.props import Mesh
from biopose_ros.training.synthesis.rasteriser import Fragments, rasterise, vertex_normals
from biopose_ros.training.synthesis.regions import BodyRegions
from biopose_ros.training.synthesis.scene import Scene
from biopose_ros.training.synthesis.shading import shade
from biopose_ros.training.synthesis.textures import texture_stack
from biopose_ros.training.synthesis.wardrobe import CUT_FIELDS, dress

# Values of Picture.segmentation.
BACKGROUND, PERSON, OTHER_PERSON, THING = range(4)


@dataclass(frozen=True)
class Picture:
    """
    A drawn crop.

    :param image_bgr: [side, side, 3] uint8.
    :param segmentation: [side, side] uint8: 0 background, 1 the person, 2 other persons, 3 things.
    :param depth_m: [side, side] float32, nearest surface along z; infinite where there is none.
    :param inside: [side, side], False beyond the borders of the camera's image.
    """

    image_bgr: NDArray[np.uint8]
    segmentation: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class _Soup:
    """All meshes of a scene in one."""

    vertices_m: NDArray[np.float32]
    normals: NDArray[np.float32]
    surface: NDArray[np.float32]
    faces: NDArray[np.int32]
    owner: NDArray[np.uint8]


def draw(
    random: np.random.Generator,
    scene: Scene,
    regions: BodyRegions,
    side_px: int,
    photos: Photos | None = None,
) -> Picture:
    """
    Draw the crop of a scene.

    :param random: source of chance for what the scene leaves open: lens, sensor, flat backdrop.
    :param scene: what to draw.
    :param regions: the body that its persons share.
    :param side_px: width and height of the crop.
    :param photos: pictures to put behind where the scene has no room.
    :returns: the picture.
    """
    soup = _gather(scene, regions)
    view, light = scene.view, scene.light
    projection = crop_from_image(scene.crop, side_px) @ view.camera.intrinsics_px
    seen = view.to_camera(soup.vertices_m).astype(np.float32)
    fragments = rasterise(seen, soup.faces, projection, (side_px, side_px))
    shadows = cast_shadows(soup.vertices_m, light, scene.persons[0].joints_m[0])
    rays = np.linalg.inv(projection)
    world_from_camera = np.ascontiguousarray(view.camera_from_world.T)
    outfits = scene.outfits
    cuts = np.stack([*(o.cut for o in outfits), np.zeros(CUT_FIELDS, np.float32)])
    palettes = np.stack([*(o.palette for o in outfits), scene.thing_palette])
    picture = np.empty((side_px, side_px, 3), np.float32)
    if scene.room is None:
        picture[:] = _flat_backdrop(random, side_px, photos)
    else:
        _paint_room(fragments, rays, world_from_camera, scene, scene.room, shadows, picture)
    shade(
        fragments.triangle, fragments.inverse_depth, rays, seen, soup.normals, soup.surface,
        soup.faces, soup.owner, cuts, palettes, world_from_camera, view.position_m, light.table,
        light.shadow_strength, shadows.across, shadows.origin_m, shadows.reach_m, texture_stack(),
        picture,
    )  # fmt: skip
    segmentation = _segment(fragments, soup, len(scene.persons))
    _soften_edges(picture, segmentation)
    inside = _inside_image(scene, side_px)
    image = develop(picture, inside, choose_effects(random, scene.crop.size_px))
    segmentation[~inside] = BACKGROUND
    with np.errstate(divide='ignore'):
        depth = 1.0 / fragments.inverse_depth
    return Picture(image, segmentation, depth, inside)


def _gather(scene: Scene, regions: BodyRegions) -> _Soup:
    """Dress the bodies and join all meshes; the last owner number is that of the things."""
    meshes = []
    for number, (person, outfit) in enumerate(zip(scene.persons, scene.outfits, strict=True)):
        skin_normals = vertex_normals(person.vertices_m, regions.faces)
        dressed = dress(person.vertices_m, skin_normals, regions.surface, outfit.cut)
        normals = vertex_normals(dressed, regions.faces)
        meshes.append((Mesh(dressed, regions.surface, regions.faces), normals, number))
    things = len(scene.persons)
    for owner, mesh in [*scene.worn, *((things, thing) for thing in scene.things)]:
        # Skirts and hair carry every face twice; both sides together would cancel their normals.
        front = mesh.faces[: len(mesh.faces) // 2] if owner < things else mesh.faces
        meshes.append((mesh, vertex_normals(mesh.vertices_m, front), owner))
    starts = np.cumsum([0, *(len(mesh.vertices_m) for mesh, _, _ in meshes)])
    return _Soup(
        np.concatenate([mesh.vertices_m for mesh, _, _ in meshes]),
        np.concatenate([normals for _, normals, _ in meshes]),
        np.concatenate([mesh.surface for mesh, _, _ in meshes]),
        np.concatenate(
            [
                m.faces + np.int32(start)
                for (m, _, _), start in zip(meshes, starts[:-1], strict=True)
            ]
        ),
        np.concatenate([np.full(len(mesh.faces), owner, np.uint8) for mesh, _, owner in meshes]),
    )


def _paint_room(
    fragments: Fragments,
    rays: FloatArray,
    world_from_camera: FloatArray,
    scene: Scene,
    room: Room,
    shadows: Shadows,
    picture: NDArray[np.float32],
) -> None:
    light = scene.light
    paint_room(
        fragments.triangle, rays, world_from_camera, scene.view.position_m, room.bounds_m,
        room.surfaces, room.panels, room.seed, light.table, light.shadow_strength, shadows.across,
        shadows.origin_m, shadows.reach_m, shadows.contact, texture_stack(), picture,
    )  # fmt: skip


def _flat_backdrop(
    random: np.random.Generator, side_px: int, photos: Photos | None
) -> NDArray[np.float32]:
    if photos is not None:
        return photos.cut(random, side_px)
    return paint_abstract(random, side_px)


def _segment(fragments: Fragments, soup: _Soup, persons: int) -> NDArray[np.uint8]:
    """Name what every pixel shows."""
    names = np.full(persons + 1, OTHER_PERSON, np.uint8)
    names[0], names[-1] = PERSON, THING
    segmentation = names[soup.owner[np.maximum(fragments.triangle, 0)]]
    segmentation[fragments.triangle < 0] = BACKGROUND
    return segmentation


def _soften_edges(picture: NDArray[np.float32], segmentation: NDArray[np.uint8]) -> None:
    """Mix across outlines, which the rasteriser leaves in steps."""
    edge = cv2.morphologyEx(segmentation, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    blurred = cv2.blur(picture, (3, 3))
    picture[edge] = blurred[edge]


def _inside_image(scene: Scene, side_px: int) -> NDArray[np.bool_]:
    """Mark the pixels of the crop that the camera's image covers."""
    image_from_crop = np.linalg.inv(crop_from_image(scene.crop, side_px))
    steps = np.arange(side_px)
    x = image_from_crop[0, 0] * steps + image_from_crop[0, 1] * steps[:, None]
    y = image_from_crop[1, 0] * steps + image_from_crop[1, 1] * steps[:, None]
    x, y = x + image_from_crop[0, 2], y + image_from_crop[1, 2]
    camera = scene.view.camera
    return (x > -0.5) & (y > -0.5) & (x < camera.width_px - 0.5) & (y < camera.height_px - 0.5)
