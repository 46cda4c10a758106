from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.training.synthesis.rasteriser import (
    NEAR_M,
    NO_TRIANGLE,
    barycentric_weights,
    rasterise,
    vertex_normals,
)

SIZE_PX = (48, 64)
PROJECTION = np.array([[60.0, 5.0, 32.0], [-4.0, 58.0, 24.0], [0.0, 0.0, 1.0]])


def sphere(radius_m: float, centre_m: np.ndarray, rings: int = 60) -> tuple:
    """A sphere of latitude rings, faces counter-clockwise from outside."""
    polar = np.linspace(0, np.pi, rings)[:, None]
    turn = np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False)[None]
    points = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn], -1
    )
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(2 * rings), indexing='ij')
    after = (column + 1) % (2 * rings)
    a, b = row * 2 * rings + column, row * 2 * rings + after
    c, d = a + 2 * rings, b + 2 * rings
    faces = np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    )
    return points.reshape(-1, 3) * radius_m + centre_m, faces.astype(np.int32)


def brute_force(vertices: np.ndarray, faces: np.ndarray, projection: np.ndarray) -> tuple:
    """Meet every viewing ray with every triangle in 3D; no screen space, no clipping."""
    rows, columns = np.meshgrid(*map(np.arange, SIZE_PX), indexing='ij')
    pixels = np.stack([columns, rows, np.ones_like(rows)], -1).reshape(-1, 3)
    rays = pixels @ np.linalg.inv(projection).T
    nearest = np.full(len(rays), np.inf)
    triangle = np.full(len(rays), NO_TRIANGLE)
    margin = np.full(len(rays), np.inf)  # how near any decision is to a tie
    weights = np.zeros((len(rays), 3))
    for number, face in enumerate(faces):
        corners = vertices[face].T
        if abs(np.linalg.det(corners)) < 1e-12:
            continue
        solved = rays @ np.linalg.inv(corners).T
        depth = 1 / solved.sum(1)
        share = solved * depth[:, None]
        inside = (share >= 0).all(1) & (depth >= NEAR_M) & (np.linalg.det(corners) < 0)
        margin = np.minimum(margin, np.abs(share).min(1))
        margin = np.minimum(margin, np.abs(depth - NEAR_M))
        margin = np.where(inside, np.minimum(margin, np.abs(depth - nearest)), margin)
        better = inside & (depth < nearest)
        nearest[better], triangle[better] = depth[better], number
        weights[better] = share[better]
    shape = SIZE_PX
    return triangle.reshape(shape), weights.reshape(*shape, 3), margin.reshape(shape)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_equals_ray_casting_also_through_the_near_plane(seed: int):
    random = np.random.default_rng(seed)
    vertices = random.uniform([-2, -2, -1], [2, 2, 4], (24, 3))
    faces = random.integers(0, 24, (16, 3)).astype(np.int32)
    expected, weights, margin = brute_force(vertices, faces, PROJECTION)
    fragments = rasterise(vertices, faces, PROJECTION, SIZE_PX)
    clear = margin > 1e-4
    np.testing.assert_array_equal(fragments.triangle[clear], expected[clear])
    seen = barycentric_weights(vertices, faces, PROJECTION, fragments)
    np.testing.assert_allclose(seen[clear], weights[clear], atol=2e-3)


def test_sphere_has_the_analytic_silhouette_and_depth():
    centre, radius, focal = np.array([0.2, -0.1, 3.0]), 0.5, 200.0
    projection = np.array([[focal, 0, 64], [0, focal, 64], [0, 0, 1.0]])
    vertices, faces = sphere(radius, centre)
    fragments = rasterise(vertices, faces, projection, (128, 128))
    rows, columns = np.mgrid[:128, :128]
    rays = np.stack([(columns - 64) / focal, (rows - 64) / focal, np.ones_like(rows)], -1)
    along, squared = rays @ centre, (rays**2).sum(-1)
    root = along**2 - squared * (centre @ centre - radius**2)
    inside = root > 0
    disagree = (fragments.triangle >= 0) != inside
    assert disagree.sum() <= 0.02 * inside.sum()  # a polyhedron is a little smaller
    both = inside & ~disagree & (root > 0.05)
    depth = (along - np.sqrt(np.maximum(root, 0))) / squared
    np.testing.assert_allclose(1 / fragments.inverse_depth[both], depth[both], atol=4e-3)


def test_a_vertex_lands_where_opencv_projects_it():
    vertices, faces = sphere(0.5, np.array([0.0, 0.0, 2.0]), rings=12)
    projection = np.array([[150.0, 0, 70], [0, 150, 50], [0, 0, 1]])
    fragments = rasterise(vertices, faces, projection, (100, 140))
    weights = barycentric_weights(vertices, faces, projection, fragments)
    seen = fragments.triangle >= 0
    corners = vertices[faces[fragments.triangle[seen]]]
    points = (weights[seen][:, :, None] * corners).sum(1)
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), projection, None)
    rows, columns = np.nonzero(seen)
    np.testing.assert_allclose(pixels[:, 0], np.stack([columns, rows], 1), atol=1e-3)


def test_back_faces_are_left_out():
    vertices = np.array([[-1.0, -1, 2], [1, -1, 2], [0, 1, 2]])
    towards, away = np.array([[0, 2, 1]], np.int32), np.array([[0, 1, 2]], np.int32)
    assert (rasterise(vertices, towards, PROJECTION, SIZE_PX).triangle == 0).any()
    assert (rasterise(vertices, away, PROJECTION, SIZE_PX).triangle == NO_TRIANGLE).all()


def test_normals_of_a_sphere_point_outward():
    vertices, faces = sphere(2.0, np.zeros(3))
    normals = vertex_normals(vertices.astype(np.float32), faces)
    used = np.unique(faces)
    assert (np.sum(normals[used] * vertices[used] / 2.0, 1) > 0.99).all()


@pytest.mark.parametrize(
    ('vertices', 'faces', 'projection', 'text'),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], PROJECTION, 'vertices_m: expected'),
        (np.zeros((3, 3)), [[0, 1]], PROJECTION, 'faces: expected'),
        (np.zeros((3, 3)), [[0, 1, 3]], PROJECTION, 'but the mesh has 3'),
        (np.zeros((3, 3)), [[0, 1, 2]], np.ones((3, 3)), 'last row'),
    ],
)
def test_wrong_shapes_are_named(vertices, faces, projection, text):
    with pytest.raises(ValueError, match=text):
        rasterise(vertices, np.array(faces, np.int32), projection, SIZE_PX)
