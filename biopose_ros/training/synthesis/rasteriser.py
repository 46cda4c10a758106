"""
Draw triangle meshes into a depth buffer, on the CPU, a millisecond or two per body.

The buffers hold, per pixel, the visible triangle and its inverse depth; everything else
(barycentric weights, normals, colours) follows from the triangle and is computed once per visible
pixel afterwards. Pixel centres lie at whole numbers, as in OpenCV.

Perspective: a point X in camera axes (x right, y down, z forward, metres) lands on the pixel
(p0 / p2, p1 / p2) with p = projection @ X. The last row of the projection is (0, 0, 1), so p2 is
the depth; a crop of an image (any rotation, shift and scale) is a projection too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from biopose_ros.records import FloatArray

NEAR_M = 0.05
SLIVER_PX2 = 1e-7  # twice the area below which a triangle's weights are rounding noise
NO_TRIANGLE = -1


@dataclass(frozen=True)
class Fragments:
    """
    What the rasteriser saw.

    :param triangle: [height, width] int32, the visible triangle; -1 where there is none.
    :param inverse_depth: [height, width] float32, 1 / metres; 0 where there is nothing.
    """

    triangle: NDArray[np.int32]
    inverse_depth: NDArray[np.float32]


def rasterise(
    vertices_m: FloatArray,
    faces: NDArray[np.int32],
    projection: FloatArray,
    size_px: tuple[int, int],
) -> Fragments:
    """
    Find the visible triangle of every pixel; triangles that face away are left out.

    :param vertices_m: [vertices, 3], metres, camera axes (x right, y down, z forward).
    :param faces: [triangles, 3], vertex numbers, counter-clockwise as seen from outside.
    :param projection: [3, 3], camera axes to pixels; last row (0, 0, 1).
    :param size_px: (height, width).
    :returns: the visible triangles.
    :raises ValueError: where a shape is wrong or a face names a missing vertex.
    """
    vertices, triangles, matrix = _checked(vertices_m, faces, projection)
    fragments = Fragments(np.full(size_px, NO_TRIANGLE, np.int32), np.zeros(size_px, np.float32))
    _draw(vertices, triangles, matrix, fragments.triangle, fragments.inverse_depth)
    return fragments


def barycentric_weights(
    vertices_m: FloatArray,
    faces: NDArray[np.int32],
    projection: FloatArray,
    fragments: Fragments,
) -> FloatArray:
    """
    Weigh the three corners of the visible triangle at every pixel, in 3D (perspective-correct).

    :param vertices_m: [vertices, 3], metres, camera axes.
    :param faces: [triangles, 3].
    :param projection: [3, 3].
    :param fragments: result of :func:`rasterise` with the same mesh and projection.
    :returns: [height, width, 3] float32, sum 1; zeros where there is no triangle.
    """
    vertices, triangles, matrix = _checked(vertices_m, faces, projection)
    weights = np.zeros((*fragments.triangle.shape, 3), np.float32)
    _weigh_all(vertices, triangles, matrix, fragments.triangle, weights)
    return weights


def _checked(
    vertices_m: FloatArray, faces: NDArray[np.int32], projection: FloatArray
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]]:
    """Check shapes at the border, so that the kernels may trust them."""
    vertices = np.ascontiguousarray(vertices_m, np.float32)
    triangles = np.ascontiguousarray(faces, np.int32)
    matrix = np.ascontiguousarray(projection, np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(f'vertices_m: expected [vertices, 3], got {vertices.shape}')
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ValueError(f'faces: expected [triangles, 3], got {triangles.shape}')
    # Read without sign, a negative number is a huge one: one pass finds both faults.
    if triangles.size and triangles.view(np.uint32).max() >= len(vertices):
        raise ValueError(
            f'faces name vertices {triangles.min()} to {triangles.max()}, '
            f'but the mesh has {len(vertices)}'
        )
    if matrix.shape != (3, 3) or not np.allclose(matrix[2], (0.0, 0.0, 1.0)):
        raise ValueError('projection: expected a [3, 3] matrix with last row (0, 0, 1)')
    return vertices, triangles, matrix


@njit(cache=True, nogil=True, error_model='numpy')
def _draw(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    projection: NDArray[np.float64],
    triangle: NDArray[np.int32],
    inverse_depth: NDArray[np.float32],
) -> None:
    """Project the vertices once, then fill triangle by triangle; clip those that cross NEAR_M."""
    screen = np.empty((len(vertices), 3), np.float64)  # pixel x, pixel y, 1 / depth
    for i in range(len(vertices)):
        _project(vertices[i, 0], vertices[i, 1], vertices[i, 2], projection, screen[i])
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        near_a, near_b, near_c = (
            vertices[a, 2] < NEAR_M,
            vertices[b, 2] < NEAR_M,
            vertices[c, 2] < NEAR_M,
        )
        if not (near_a or near_b or near_c):
            _fill(screen[a], screen[b], screen[c], face, triangle, inverse_depth)
        elif not (near_a and near_b and near_c):
            corners = np.empty((4, 3), np.float64)
            count = _clip(vertices[a], vertices[b], vertices[c], projection, corners)
            for corner in range(1, count - 1):
                _fill(
                    corners[0],
                    corners[corner],
                    corners[corner + 1],
                    face,
                    triangle,
                    inverse_depth,
                )


@njit(cache=True, nogil=True, error_model='numpy')
def _project(
    x: float, y: float, z: float, projection: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write pixel x, pixel y and inverse depth; meaningless (and unused) before NEAR_M."""
    inverse = 1.0 / z if z >= NEAR_M else 0.0
    p = projection
    out[0] = (p[0, 0] * x + p[0, 1] * y + p[0, 2] * z) * inverse
    out[1] = (p[1, 0] * x + p[1, 1] * y + p[1, 2] * z) * inverse
    out[2] = inverse


@njit(cache=True, nogil=True, error_model='numpy')
def _clip(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    c: NDArray[np.float32],
    projection: NDArray[np.float64],
    corners: NDArray[np.float64],
) -> int:
    """
    Cut a triangle at the near plane (Sutherland and Hodgman, 1974).

    :param corners: [4, 3], receives pixel x, pixel y, 1 / depth of the polygon that is left.
    :returns: its number of corners, 0, 3 or 4.
    """
    count = 0
    for i in range(3):
        start = a if i == 0 else (b if i == 1 else c)
        end = b if i == 0 else (c if i == 1 else a)
        if start[2] >= NEAR_M:
            _project(start[0], start[1], start[2], projection, corners[count])
            count += 1
        if (start[2] >= NEAR_M) != (end[2] >= NEAR_M):
            share = (NEAR_M - start[2]) / (end[2] - start[2])
            x = start[0] + share * (end[0] - start[0])
            y = start[1] + share * (end[1] - start[1])
            _project(x, y, NEAR_M, projection, corners[count])
            count += 1
    return count


@njit(cache=True, nogil=True, error_model='numpy')
def _fill(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
    face: int,
    triangle: NDArray[np.int32],
    inverse_depth: NDArray[np.float32],
) -> None:
    """Fill the pixels whose centres lie in a screen triangle and nearer than what is there."""
    height, width = triangle.shape
    # Most triangles of a distant body hold no pixel centre: leave by the cheapest test first.
    left = max(int(np.ceil(min(a[0], b[0], c[0]))), 0)
    right = min(int(np.floor(max(a[0], b[0], c[0]))), width - 1)
    top = max(int(np.ceil(min(a[1], b[1], c[1]))), 0)
    bottom = min(int(np.floor(max(a[1], b[1], c[1]))), height - 1)
    if left > right or top > bottom:
        return
    # Pixel y points down, so an outward face that is counter-clockwise in 3D has area below 0.
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if area > -SLIVER_PX2:
        return
    scale = 1.0 / area
    step_a = (b[1] - c[1]) * scale  # change of a's weight per pixel to the right
    step_b = (c[1] - a[1]) * scale
    step_c = -step_a - step_b
    step_depth = step_a * a[2] + step_b * b[2] + step_c * c[2]
    for row in range(top, bottom + 1):
        weight_a = ((b[0] - left) * (c[1] - row) - (b[1] - row) * (c[0] - left)) * scale
        weight_b = ((c[0] - left) * (a[1] - row) - (c[1] - row) * (a[0] - left)) * scale
        weight_c = 1.0 - weight_a - weight_b
        depth = weight_a * a[2] + weight_b * b[2] + weight_c * c[2]
        for column in range(left, right + 1):
            inside = weight_a >= 0.0 and weight_b >= 0.0 and weight_c >= 0.0
            if inside and depth > inverse_depth[row, column]:
                inverse_depth[row, column] = depth
                triangle[row, column] = face
            weight_a += step_a
            weight_b += step_b
            weight_c += step_c
            depth += step_depth


@njit(cache=True, nogil=True, error_model='numpy')
def weigh(
    ray_x: float,
    ray_y: float,
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    c: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """
    Weigh the corners where the viewing ray (ray_x, ray_y, 1) meets their plane.

    The weights are the volumes that the ray spans with pairs of corners, so they hold for corners
    behind the camera as well, and need no clipping. Corners are taken relative to the ray, which
    keeps single precision good enough for triangles of a millimetre metres away.

    :param out: [3], receives the weights; their sum is 1.
    """
    ax, ay = a[0] - ray_x * a[2], a[1] - ray_y * a[2]
    bx, by = b[0] - ray_x * b[2], b[1] - ray_y * b[2]
    cx, cy = c[0] - ray_x * c[2], c[1] - ray_y * c[2]
    weight_a = bx * cy - by * cx
    weight_b = cx * ay - cy * ax
    weight_c = ax * by - ay * bx
    total = weight_a + weight_b + weight_c
    inverse = 1.0 / total if total != 0.0 else 0.0
    out[0] = weight_a * inverse
    out[1] = weight_b * inverse
    out[2] = 1.0 - out[0] - out[1]


@njit(cache=True, nogil=True, error_model='numpy')
def _weigh_all(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    projection: NDArray[np.float64],
    triangle: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> None:
    """Weigh the corners at every covered pixel."""
    rays = np.linalg.inv(projection)
    for row in range(triangle.shape[0]):
        for column in range(triangle.shape[1]):
            face = triangle[row, column]
            if face >= 0:
                x = rays[0, 0] * column + rays[0, 1] * row + rays[0, 2]
                y = rays[1, 0] * column + rays[1, 1] * row + rays[1, 2]
                weigh(
                    x,
                    y,
                    vertices[faces[face, 0]],
                    vertices[faces[face, 1]],
                    vertices[faces[face, 2]],
                    weights[row, column],
                )


@njit(cache=True, nogil=True, error_model='numpy')
def vertex_normals(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """
    Average the normals of the faces around every vertex, weighted by area.

    :param vertices: [vertices, 3], metres.
    :param faces: [triangles, 3], counter-clockwise as seen from outside.
    :returns: [vertices, 3], unit length, outward; zero for vertices without a face.
    """
    normals = np.zeros_like(vertices)
    for face in range(len(faces)):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for vertex in (a, b, c):
            normals[vertex, 0] += nx
            normals[vertex, 1] += ny
            normals[vertex, 2] += nz
    for i in range(len(normals)):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length > 0.0:
            normals[i, 0] = x / length
            normals[i, 1] = y / length
            normals[i, 2] = z / length
    return normals
