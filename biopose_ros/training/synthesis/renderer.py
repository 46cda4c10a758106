"""From a scene to a picture and to what can be seen in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.backdrop import Photos, Room, paint_abstract, paint_room
from biopose_ros.training.synthesis.effects import Effects, choose_effects, develop
from biopose_ros.training.synthesis.hidden_faces import choose_face_blocks, pixelate_faces
from biopose_ros.training.synthesis.lighting import Shadows, cast_shadows
from biopose_ros.training.synthesis.props import Mesh
from biopose_ros.training.synthesis.rasteriser import (
    NO_TRIANGLE,
    Fragments,
    rasterise,
    vertex_normals,
)
from biopose_ros.training.synthesis.regions import BodyRegions
from biopose_ros.training.synthesis.scene import Scene
from biopose_ros.training.synthesis.shading import shade
from biopose_ros.training.synthesis.textures import texture_stack
from biopose_ros.training.synthesis.wardrobe import CUT_FIELDS, MATERIAL_FIELDS, MATERIALS, dress

_SOFT_ROOMS = 0.6  # share of rooms that are out of focus
BEYOND = -2  # a pixel of the crop beyond the camera's image: not painted
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
class Look:
    """
    What a scene leaves open: lens, sensor, flat backdrop.

    :param is_soft: whether the room is out of focus.
    :param backdrop: [side, side, 3] float32, linear light, where the scene has no room.
    :param effects: of lens, sensor and codec.
    :param face_blocks: how many blocks wide faces are shown; 0 leaves them as they are.
    """

    is_soft: bool
    backdrop: NDArray[np.float32] | None
    effects: Effects
    face_blocks: int = 0


def choose_look(
    random: np.random.Generator, scene: Scene, side_px: int, photos: Photos | None = None
) -> Look:
    """
    Choose the look of a scene's picture.

    :param random: source of chance.
    :param scene: what will be drawn.
    :param side_px: width and height of the crop.
    :param photos: pictures to put behind where the scene has no room.
    """
    is_soft, backdrop = False, None
    if scene.room is None:
        backdrop = _flat_backdrop(random, side_px, photos)
    else:
        is_soft = random.random() < _SOFT_ROOMS
    effects = choose_effects(random, scene.crop.size_px)
    return Look(is_soft, backdrop, effects, choose_face_blocks(random))


@dataclass(frozen=True)
class _Soup:
    """All meshes of a scene in one."""

    vertices_m: NDArray[np.float32]
    normals: NDArray[np.float32]
    surface: NDArray[np.float32]
    faces: NDArray[np.int32]
    owner: NDArray[np.uint8]


def draw(
    scene: Scene, regions: BodyRegions, crop_matrix: FloatArray, side_px: int, look: Look
) -> Picture:
    """
    Draw the crop of a scene.

    :param scene: what to draw.
    :param regions: the body that its persons share.
    :param crop_matrix: [3, 3], from :func:`~.cameras.crop_from_image`.
    :param side_px: width and height of the crop.
    :param look: see :func:`choose_look`.
    :returns: the picture.
    """
    soup = _gather(scene, regions)
    view, light = scene.view, scene.light
    projection = crop_matrix @ view.camera.intrinsics_px
    turn = view.camera_from_world
    seen = soup.vertices_m @ turn.T.astype(np.float32)
    seen -= (turn @ view.position_m).astype(np.float32)
    fragments = rasterise(seen, soup.faces, projection, (side_px, side_px))
    inside = np.empty((side_px, side_px), np.bool_)
    segmentation = np.zeros((side_px, side_px), np.uint8)
    size = view.camera.width_px, view.camera.height_px
    _mark_inside(np.linalg.inv(crop_matrix), *size, inside)
    _segment(fragments.triangle, soup.owner, len(scene.persons), inside, segmentation)
    shadows = cast_shadows(soup.vertices_m, light, scene.persons[0].joints_m[0])
    rays = np.linalg.inv(projection)
    world_from_camera = np.ascontiguousarray(view.camera_from_world.T)
    outfits = scene.outfits
    cuts = np.stack([*(o.cut for o in outfits), np.zeros(CUT_FIELDS, np.float32)])
    rows = len(scene.thing_palette)
    palettes = np.zeros((len(outfits) + 1, rows, MATERIAL_FIELDS), np.float32)
    palettes[-1] = scene.thing_palette
    for number, outfit in enumerate(outfits):
        palettes[number, :MATERIALS] = outfit.palette
    picture = np.zeros((side_px, side_px, 3), np.float32)
    if look.backdrop is not None:
        picture[:] = look.backdrop
    if scene.room is not None:
        _paint_room(
            fragments, rays, world_from_camera, scene, scene.room, shadows, picture, look.is_soft
        )
    shade(
        fragments.triangle, fragments.inverse_depth, rays, seen, soup.normals, soup.surface,
        soup.faces, soup.owner, cuts, palettes, world_from_camera, view.position_m, light.table,
        light.shadow_strength, shadows.across, shadows.origin_m, shadows.reach_m, texture_stack(),
        picture,
    )  # fmt: skip
    _soften_edges(picture, segmentation)
    image = develop(picture, inside, look.effects)
    if look.face_blocks:
        joints_m = (view.to_camera(person.joints_m) for person in scene.persons)
        pixelate_faces(image, joints_m, projection, look.face_blocks)
        image[~inside] = 0
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
    is_soft: bool,
) -> None:
    """Paint the room; a soft one at half the resolution, as a lens that is set on the person."""
    light, side = scene.light, len(picture)
    if is_soft:
        half = -(-side // 2)
        small = np.empty((half, half, 3), np.float32)
        coarse = rays @ np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
        everywhere = Fragments(
            np.full((half, half), NO_TRIANGLE, np.int32), np.zeros((half, half), np.float32)
        )
        _paint_room(everywhere, coarse, world_from_camera, scene, room, shadows, small, False)
        large = cv2.resize(small, (2 * half, 2 * half), interpolation=cv2.INTER_LINEAR)
        picture[:] = large[:side, :side]
        return
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


@njit(cache=True, nogil=True, error_model='numpy')
def _mark_inside(
    image_from_crop: FloatArray, width_px: int, height_px: int, inside: NDArray[np.bool_]
) -> None:
    """Mark the pixels of the crop that the camera's image covers."""
    m = image_from_crop
    for row in range(inside.shape[0]):
        for column in range(inside.shape[1]):
            x = m[0, 0] * column + m[0, 1] * row + m[0, 2]
            y = m[1, 0] * column + m[1, 1] * row + m[1, 2]
            inside[row, column] = -0.5 < x < width_px - 0.5 and -0.5 < y < height_px - 0.5


@njit(cache=True, nogil=True, error_model='numpy')
def _segment(
    triangle: NDArray[np.int32],
    owner: NDArray[np.uint8],
    things: int,
    inside: NDArray[np.bool_],
    segmentation: NDArray[np.uint8],
) -> None:
    """Name what every pixel shows, and forget what lies beyond the camera's image."""
    for row in range(triangle.shape[0]):
        for column in range(triangle.shape[1]):
            face = triangle[row, column]
            if not inside[row, column]:
                triangle[row, column] = BEYOND
            elif face >= 0:
                who = owner[face]
                other = THING if who == things else OTHER_PERSON
                segmentation[row, column] = PERSON if who == 0 else other


@njit(cache=True, nogil=True, error_model='numpy', fastmath=True)
def _soften_edges(picture: NDArray[np.float32], segmentation: NDArray[np.uint8]) -> None:
    """Mix across outlines, which the rasteriser leaves in steps: in place, along the reading."""
    for row in range(1, picture.shape[0] - 1):
        for column in range(1, picture.shape[1] - 1):
            here = segmentation[row, column]
            if (
                segmentation[row, column + 1] != here
                or segmentation[row + 1, column] != here
                or segmentation[row, column - 1] != here
                or segmentation[row - 1, column] != here
            ):
                for k in range(3):
                    around = picture[row, column - 1, k] + picture[row, column + 1, k]
                    around += picture[row - 1, column, k] + picture[row + 1, column, k]
                    picture[row, column, k] = 0.5 * picture[row, column, k] + 0.125 * around
