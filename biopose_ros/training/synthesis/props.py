"""Things in the scene: furniture and clutter, occluders before the person, skirts, long hair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.lighting import square_to
from biopose_ros.training.synthesis.regions import HEIGHT, MATERIAL_OFFSET

_BOX_CORNERS = np.array(
    [[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)], np.float64
)
_BOX_FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.int32,
)  # fmt: skip


@dataclass(frozen=True)
class Mesh:
    """
    A mesh ready for drawing.

    :param vertices_m: [vertices, 3] float32, world.
    :param surface: [vertices, 5] float32, see :class:`~.regions.BodyRegions`.
    :param faces: [faces, 3] int32, counter-clockwise from outside.
    """

    vertices_m: NDArray[np.float32]
    surface: NDArray[np.float32]
    faces: NDArray[np.int32]


def box(size_m: FloatArray, centre_m: FloatArray, turn_rad: float, material: int) -> Mesh:
    """
    Build a box that stands upright; corners are doubled so that edges stay sharp.

    :param size_m: [3], extents.
    :param centre_m: [3], world.
    :param turn_rad: about the vertical.
    :param material: row of the owner's palette.
    """
    corners = _BOX_CORNERS * size_m
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    local = corners[_BOX_FACES].reshape(-1, 3)
    faces = np.arange(len(local), dtype=np.int32).reshape(-1, 3)
    return _plain_mesh(local @ turn.T + centre_m, local, faces, material)


def rod(start_m: FloatArray, end_m: FloatArray, radius_m: float, material: int) -> Mesh:
    """
    Build a pole, a rail, a limb: eight sides, tapered ends.

    :param start_m: [3], world.
    :param end_m: [3], world.
    :param radius_m: of the middle.
    :param material: row of the owner's palette.
    """
    along = np.asarray(end_m, np.float64) - start_m
    length = float(np.linalg.norm(along))
    along = along / length
    side, other = square_to(along)
    radii, levels = radius_m * _ROD_RADII, length * _ROD_LEVELS
    points = start_m + levels[:, None] * along
    points = points + radii[:, None] * (_ROD_COSINES[:, None] * side + _ROD_SINES[:, None] * other)
    local = np.stack([_ROD_ANGLES * radius_m, levels, np.zeros_like(levels)], 1)
    return _plain_mesh(points, local, _ROD_FACES, material)


def tube_faces(rings: int, sides: int) -> NDArray[np.int32]:
    """
    Join rings of points to a tube; outside is seen counter-clockwise for rings that turn left.

    :param rings: number of rings.
    :param sides: points per ring.
    :returns: [faces, 3].
    """
    ring, side = np.meshgrid(np.arange(rings - 1), np.arange(sides), indexing='ij')
    after = (side + 1) % sides
    a, b = ring * sides + side, ring * sides + after
    c, d = a + sides, b + sides
    pairs = [np.stack([a, b, c], -1), np.stack([b, d, c], -1)]
    return np.concatenate([pair.reshape(-1, 3) for pair in pairs]).astype(np.int32)


_ROD_SIDES = 8
_ROD_ANGLES = np.tile(np.linspace(0, 2 * np.pi, _ROD_SIDES, endpoint=False), 4)
_ROD_COSINES, _ROD_SINES = np.cos(_ROD_ANGLES), np.sin(_ROD_ANGLES)
_ROD_LEVELS = np.repeat([0.0, 0.02, 0.98, 1.0], _ROD_SIDES)
_ROD_RADII = np.repeat([0.4, 1.0, 1.0, 0.4], _ROD_SIDES)
_ROD_FACES = tube_faces(4, _ROD_SIDES)


_BALL_POLAR = np.repeat(np.linspace(0.02, np.pi - 0.02, 8), 12)
_BALL_TURN = np.tile(np.linspace(0, 2 * np.pi, 12, endpoint=False), 8)
_BALL = np.stack(
    [
        np.sin(_BALL_POLAR) * np.cos(_BALL_TURN),
        -np.cos(_BALL_POLAR),
        np.sin(_BALL_POLAR) * np.sin(_BALL_TURN),
    ],
    1,
)
_BALL_FACES = tube_faces(8, 12)[:, ::-1]


def ball(size_m: FloatArray, centre_m: FloatArray, material: int) -> Mesh:
    """
    Build an ellipsoid.

    :param size_m: [3], half axes.
    :param centre_m: [3], world.
    :param material: row of the owner's palette.
    """
    local = _BALL * size_m
    return _plain_mesh(local + centre_m, local, _BALL_FACES, material)


def _inside_out(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Turn faces around: the rings of skirts and hair run the other way than a rod's."""
    return faces[:, ::-1]


def two_sided(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Add every face once more, seen from behind."""
    return np.concatenate([faces, faces[:, ::-1]])


def _plain_mesh(
    vertices: FloatArray, local: FloatArray, faces: NDArray[np.int32], material: int
) -> Mesh:
    surface = np.zeros((len(vertices), 5), np.float32)
    surface[:, :3] = local
    surface[:, HEIGHT] = MATERIAL_OFFSET + material
    return Mesh(vertices.astype(np.float32), surface, faces)


def skirt(
    joints_m: FloatArray,
    turns: FloatArray,
    rest_joints_m: FloatArray,
    waist: FloatArray,
    length_m: float,
    flare: float,
    material: int,
) -> Mesh:
    """
    Hang a skirt on the hips: rings that follow the pelvis above and the thighs below.

    :param joints_m: [24, 3], posed joints, world.
    :param turns: [3, 3, 3], world rotations of pelvis, left thigh and right thigh.
    :param rest_joints_m: [24, 3], joints of the same shape in the T-pose.
    :param waist: [4], half width, half depth, height above the pelvis joint, centre's z; metres.
    :param length_m: from waist to hem.
    :param flare: hem's width over the waist's.
    :param material: row of the owner's palette.
    """
    sides, levels = 28, 9
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    down = np.linspace(0.0, 1.0, levels)[:, None]
    widen = 1.0 + (flare - 1.0) * down**1.3
    wave = 1.0 + 0.05 * down * np.sin(7 * angles + 3 * flare)
    rest = np.stack(
        [
            waist[0] * widen * wave * np.sin(angles),
            np.broadcast_to(waist[2] - down * length_m, (levels, sides)),
            waist[3] + waist[1] * widen * wave * np.cos(angles),
        ],
        -1,
    )
    pelvis, left, right = (
        (rest - rest_joints_m[i] + rest_joints_m[0]) @ turn.T + joints_m[i]
        for i, turn in zip((0, 1, 2), turns, strict=True)
    )
    side = 1.0 / (1.0 + np.exp(-rest[..., :1] / 0.04))
    thigh = side * left + (1.0 - side) * right
    share = np.clip((down * length_m - 0.12) / 0.3, 0.0, 0.9)[..., None]
    points = (1.0 - share) * pelvis + share * thigh
    return _plain_mesh(
        points.reshape(-1, 3),
        rest.reshape(-1, 3),
        two_sided(_inside_out(tube_faces(levels, sides))),
        material,
    )


def long_hair(
    head_m: FloatArray,
    head_turn: FloatArray,
    rest_head_m: FloatArray,
    face_frame_m: FloatArray,
    length: float,
    material: int,
) -> Mesh:
    """
    Hang hair behind and beside the face.

    :param head_m: [3], posed head joint, world.
    :param head_turn: [3, 3], world rotation of the head.
    :param rest_head_m: [3], head joint in the T-pose.
    :param face_frame_m: see :class:`~.regions.BodyRegions`.
    :param length: head heights, from the crown down.
    :param material: row of the owner's palette.
    """
    sides, levels = 15, 8
    unit = face_frame_m[3]
    angles = np.linspace(0.62, 2 * np.pi - 0.62, sides)  # open in front
    down = np.linspace(0.0, 1.0, levels)[:, None]
    top = np.sqrt(np.clip(down / 0.3, 0.05, 1.0))
    radius_x, radius_z = 0.38 * unit * top, 0.43 * unit * top
    back = face_frame_m[2] - 0.5 * unit - 0.12 * unit * np.clip(down - 0.35, 0, 1)
    rest = np.stack(
        [
            radius_x * np.sin(angles),
            np.broadcast_to(face_frame_m[1] + unit * (1.03 - length * down), (levels, sides)),
            back + radius_z * np.cos(angles),
        ],
        -1,
    )
    points = (rest - rest_head_m) @ head_turn.T + head_m
    faces = tube_faces(levels, sides)
    faces = faces[(faces % sides).max(1) - (faces % sides).min(1) <= 1]  # leave the gap open
    return _plain_mesh(
        points.reshape(-1, 3), rest.reshape(-1, 3), two_sided(_inside_out(faces)), material
    )


def chair(
    random: np.random.Generator, seat_m: FloatArray, turn_rad: float, material: int
) -> list[Mesh]:
    """
    Put a chair, a stool or a bench under a sitting person.

    :param random: source of chance.
    :param seat_m: [3], middle of the seat's top, world.
    :param turn_rad: which way the sitter faces, about the vertical from +z.
    :param material: row of the owner's palette.
    """
    ahead = np.array([np.sin(turn_rad), 0.0, np.cos(turn_rad)])
    across = np.array([np.cos(turn_rad), 0.0, -np.sin(turn_rad)])
    width, depth = random.uniform(0.38, 0.6), random.uniform(0.36, 0.5)
    top = float(seat_m[1])
    if random.random() < 0.35:  # a block
        size = np.array([width, top, depth])
        return [box(size, np.array([seat_m[0], 0.5 * top, seat_m[2]]), turn_rad, material)]
    meshes = [box(np.array([width, 0.05, depth]), seat_m - [0, 0.025, 0], turn_rad, material)]
    for x in (-0.45, 0.45):
        for z in (-0.45, 0.45):
            foot = seat_m + x * width * across + z * depth * ahead
            meshes.append(
                rod(np.array([foot[0], 0.0, foot[2]]), foot - [0, 0.05, 0], 0.018, material)
            )
    if random.random() < 0.7:
        size = np.array([width, random.uniform(0.2, 0.5), 0.03])
        centre = seat_m - 0.52 * depth * ahead + [0.0, 0.2 + 0.5 * size[1], 0.0]
        meshes.append(box(size, centre, turn_rad, material))
    return meshes


def clutter(
    random: np.random.Generator, centre_m: FloatArray, camera_m: FloatArray, material: int
) -> Mesh:
    """
    Put a box or a pole somewhere beside or behind the person.

    :param random: source of chance.
    :param centre_m: [3], the person, world.
    :param camera_m: [3], world.
    :param material: row of the owner's palette.
    """
    away = np.array([centre_m[0] - camera_m[0], 0.0, centre_m[2] - camera_m[2]])
    away /= np.linalg.norm(away) + 1e-6
    across = np.array([away[2], 0.0, -away[0]])
    side = pick(random, [-1, 1]) * random.uniform(0.0, 2.5)
    place = np.array([centre_m[0], 0.0, centre_m[2]])
    place = place + random.uniform(0.6, 3.0) * away + side * across
    if random.random() < 0.25:
        return rod(
            place, place + [0, random.uniform(1, 3), 0], random.uniform(0.02, 0.15), material
        )
    size = random.uniform([0.2, 0.2, 0.2], [1.4, 1.6, 0.9])
    lift = pick(random, [0.0, random.uniform(0.0, 1.5)])
    return box(size, place + [0, 0.5 * size[1] + lift, 0], random.uniform(0, np.pi), material)


def occluder(
    random: np.random.Generator, target_m: FloatArray, camera_m: FloatArray, material: int
) -> Mesh:
    """
    Put something between the camera and a part of the person.

    :param random: source of chance.
    :param target_m: [3], the point that is hidden, world.
    :param camera_m: [3], world.
    :param material: row of the owner's palette.
    """
    gap = target_m - camera_m
    distance = float(np.linalg.norm(gap))
    share = 1.0 - min(random.uniform(0.35, 0.9), 0.4 * distance) / distance
    place = camera_m + share * gap
    # Near the lens a thing covers more: keep what it covers, not what it measures.
    size = share * random.uniform(0.1, 0.5)
    if random.random() < 0.4:
        lean = random.normal(0.0, 0.3, 3) + pick(random, [[0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0]])
        reach = random.uniform(0.3, 1.6) * lean
        return rod(place - reach, place + reach, share * random.uniform(0.02, 0.09), material)
    if random.random() < 0.3:
        return ball(0.5 * size * random.uniform(0.5, 1.3, 3), place, material)
    extent = size * random.uniform([0.5, 0.5, 0.1], [1.6, 1.6, 1.0])
    return box(extent, place, random.uniform(0, np.pi), material)
