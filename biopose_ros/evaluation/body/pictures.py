"""Pictures of the default body: its markers, its shapes, its pose correctives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body.body_data import BodyData
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyMesh, BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.rasteriser import (
    barycentric_weights,
    rasterise,
    vertex_normals,
)
from biopose_ros.virtual_markers import MarkerTable

Image = NDArray[np.uint8]

# From the body's axes to a camera's (x right, y down, z away).
VIEWS = {
    'front': np.diag([1.0, -1.0, -1.0]),
    'back': np.diag([-1.0, -1.0, 1.0]),
    'left': np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]]),
    'right': np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]),
    'top': np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    'bottom': np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
}
# So far away that the picture is nearly without perspective.
DISTANCE_M = 20.0
SKIN_BGR = np.array([165.0, 195.0, 225.0])
_LIGHT = np.array([0.35, -0.5, -0.8]) / np.linalg.norm([0.35, -0.5, -0.8])
LABEL_FONT = cv2.FONT_HERSHEY_SIMPLEX


def picture(
    vertices_m: FloatArray,
    faces: NDArray[np.integer],
    view: str,
    centre_m: Sequence[float],
    scale_px: float,
    size_px: tuple[int, int],
    points_m: Mapping[str, FloatArray] | None = None,
) -> Image:
    """
    Draw a body, and points on it that are in sight.

    :param vertices_m: [vertices, 3], body axes.
    :param faces: [faces, 3].
    :param view: a name of :data:`VIEWS`.
    :param centre_m: [3], the point at the picture's centre.
    :param scale_px: pixels per metre.
    :param size_px: height and width.
    :param points_m: [3] per label.
    :returns: [height, width, 3], BGR.
    """
    height, width = size_px
    projection = np.array(
        [
            [scale_px * DISTANCE_M, 0.0, width / 2],
            [0.0, scale_px * DISTANCE_M, height / 2],
            [0.0, 0.0, 1.0],
        ]
    )

    def to_camera(points: FloatArray) -> FloatArray:
        turned = (np.asarray(points) - np.asarray(centre_m)) @ VIEWS[view].T
        return (turned + [0.0, 0.0, DISTANCE_M]).astype(np.float32)

    shade, inverse_depth = shaded(to_camera(vertices_m), faces, projection, size_px)
    colours = np.where(inverse_depth[..., None] > 0, shade[..., None] * SKIN_BGR, 255.0)
    image = np.ascontiguousarray(colours.clip(0, 255).astype(np.uint8))
    for label, point in (points_m or {}).items():
        _draw_point(image, label, to_camera(point), projection, inverse_depth)
    return image


def shaded(
    vertices_m: FloatArray,
    faces: NDArray[np.integer],
    projection: FloatArray,
    size_px: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    """
    Light a mesh from above and to the right of the camera.

    :param vertices_m: [vertices, 3], camera axes.
    :param faces: [faces, 3].
    :param projection: [3, 3], pixels, counted from the centre of the first one.
    :param size_px: height and width.
    :returns: brightness, 0.35 to 1, and inverse depth, 1/m, [height, width] each; both are 0 where
        the mesh is not.
    """
    vertices, triangles = vertices_m.astype(np.float32), faces.astype(np.int32)
    fragments = rasterise(vertices, triangles, projection, size_px)
    seen = fragments.triangle >= 0
    shares = barycentric_weights(vertices, triangles, projection, fragments)[seen]
    corners = vertex_normals(vertices, triangles)[triangles[fragments.triangle[seen]]]
    shade = np.zeros(size_px)
    shade[seen] = 0.35 + 0.65 * np.clip(np.einsum('pc,pck->pk', shares, corners) @ _LIGHT, 0, 1)
    return shade, fragments.inverse_depth


def _draw_point(
    image: Image,
    label: str,
    point_m: FloatArray,
    projection: FloatArray,
    inverse_depth: FloatArray,
) -> None:
    x, y, _ = projection @ (point_m / point_m[2])
    column, row = round(x), round(y)
    if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
        return
    surface = inverse_depth[row, column]
    if surface > 0 and 1.0 / surface < point_m[2] - 0.012:
        return
    cv2.circle(image, (column, row), 3, (0, 0, 230), -1, cv2.LINE_AA)
    cv2.putText(image, label, (column + 4, row - 3), LABEL_FONT, 0.32, (90, 0, 0), 1, cv2.LINE_AA)


def markers_picture(body: BodyModel, table: MarkerTable) -> Image:
    """
    Show all markers on the body: front, back, left side, foot and hand close up.

    :param body: the default body.
    :param table: its markers.
    """
    mesh = _mesh(body, {})
    vertices = mesh.vertices_m.numpy()
    points = dict(zip(table.names, table.positions_m(mesh).numpy(), strict=True))
    left = {name: at for name, at in points.items() if at[0] > -1e-3}
    of_trunk = {n: p for n, p in left.items() if not n.startswith(('bp_', *CLOSE_UPS))}
    parts = {
        'foot': vertices[:, 1] < points['L_ankle'][1] + 0.08,
        'hand': vertices[:, 0] > points['L_wrist_radius'][0] - 0.06,
        'head': vertices[:, 1] > points['C7'][1] - 0.01,
        'all': np.full(len(vertices), True),
    }
    parts['foot'] &= vertices[:, 0] > 0

    def draw(part: str, view: str, centre: Sequence[float], scale: float, width: int) -> Image:
        shown = of_trunk if part == 'all' else left
        inside = {n: p for n, p in shown.items() if part == 'all' or _belongs(n, part)}
        faces = body.faces[parts[part][body.faces].all(axis=1)]
        height = 1200 if part == 'all' else 520
        return picture(vertices, faces, view, centre, scale, (height, width), inside)

    foot = (float(points['L_toe'][0]), float(points['L_toe'][1]) + 0.02, 0.06)
    hand = points['L_knuckle3'] + [0.01, 0.0, 0.015]
    head = points['bp_nose'] * [0.0, 1.0, 0.0] + [0.0, 0.045, 0.05]
    rows = (
        [('all', view, (0.3, -0.05, 0), 620, 740) for view in ('front', 'back')]
        + [('all', 'left', (0.0, -0.05, 0), 620, 320)],
        [('foot', view, foot, 1650, 450) for view in ('left', 'right', 'top', 'bottom')],
        [('hand', view, hand, 2000, 450) for view in ('top', 'bottom')]
        + [('head', view, head, 1900, 450) for view in ('front', 'left')],
    )
    return np.vstack([np.hstack([draw(*cell) for cell in row]) for row in rows])


# Labels of these crowd the whole body; they stand in the close-ups.
CLOSE_UPS = ('L_finger', 'L_knuckle', 'L_toe', 'L_sole', 'L_front', 'L_back', 'L_tragion')
OF_PART = {
    'foot': ('L_ankle', 'L_mankle', 'L_calc', 'L_toe', 'L_sole', 'L_1meta', 'L_5meta')
    + ('bp_left_heel', 'bp_left_foot'),
    'hand': ('L_wrist', 'L_knuckle', 'L_finger', 'bp_left_pinky', 'bp_left_index')
    + ('bp_left_thumb',),
    'head': ('head', 'chin', 'bp_nose', 'bp_left_e', 'bp_mouth', 'L_tragion', 'L_front', 'L_back')
    + ('C7',),
}


def _belongs(name: str, part: str) -> bool:
    return name.startswith(OF_PART[part]) and not name.startswith('bp_left_elbow')


def correctives_picture(data: BodyData) -> Image:
    """
    Show elbow, shoulder, hip and knee at 30, 90 and 130 degrees, without and with correctives.

    :param data: the default body's arrays.
    """
    plain = BodyModel(replace(data, pose_blocks=()))
    corrected = BodyModel(data)
    rows = []
    for joint, axis, view in (
        ('left_elbow', (0, -1, 0), 'top'),
        ('left_shoulder', (0, -1, 0), 'top'),
        ('left_hip', (-1, 0, 0), 'left'),
        ('left_knee', (1, 0, 0), 'left'),
    ):
        pictures = []
        for degrees in (30, 90, 130):
            turn = {joint: np.deg2rad(degrees) * np.array(axis, float)}
            for body, title in ((plain, 'plain'), (corrected, 'corrected')):
                mesh = _mesh(body, turn)
                centre = mesh.joints_m[JOINT_NAMES.index(joint)].tolist()
                image = picture(mesh.vertices_m.numpy(), body.faces, view, centre, 500, (260, 260))
                text = f'{joint[5:]} {degrees} deg, {title}'
                cv2.putText(image, text, (6, 14), LABEL_FONT, 0.4, (90, 0, 0), 1, cv2.LINE_AA)
                pictures.append(image)
        rows.append(np.hstack(pictures))
    return np.vstack(rows)


def shapes_picture(body: BodyModel) -> Image:
    """
    Show adults drawn from the population: a row of women, a row of men, front and side.

    :param body: with a population.
    :raises ValueError: when the body has no population.
    """
    population = body.data.population
    if population is None:
        raise ValueError('this body has no population to draw from')
    generator = np.random.default_rng(0)
    rows = []
    for sex in range(2):
        betas = population.sample(sex, 7, generator)
        bodies = [body.shaped_m(torch.as_tensor(b, dtype=torch.float32)).numpy() for b in betas]
        for view in ('front', 'left'):
            drawn = (picture(b, body.faces, view, (0, -0.06, 0), 150, (300, 280)) for b in bodies)
            rows.append(np.hstack(list(drawn)))
    return np.vstack(rows)


def write_pictures(folder: Path, body: BodyModel, table: MarkerTable) -> None:
    """
    Write all pictures of a body as PNG files.

    :param folder: made where it is missing.
    :param body: with a population.
    :param table: its markers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        'body_markers': markers_picture(body, table),
        'body_correctives': correctives_picture(body.data),
        'body_shapes': shapes_picture(body),
    }
    for name, image in pictures.items():
        cv2.imwrite(str(folder / f'{name}.png'), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _mesh(body: BodyModel, turns_rad: Mapping[str, FloatArray]) -> BodyMesh:
    pose = torch.zeros(len(JOINT_NAMES), 3)
    for joint, turn in turns_rad.items():
        pose[JOINT_NAMES.index(joint)] = torch.as_tensor(turn, dtype=torch.float32)
    with torch.no_grad():
        return body(pose)
