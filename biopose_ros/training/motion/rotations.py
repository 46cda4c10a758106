"""Batched rotations: vectors, matrices, interpolation, twist and swing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray


def matrices_from_vectors(vectors_rad: ArrayLike) -> FloatArray:
    """
    Turn rotation vectors into matrices.

    :param vectors_rad: [..., 3], radians.
    :returns: [..., 3, 3].
    """
    vectors = np.asarray(vectors_rad, dtype=np.float64)
    flat = Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix()
    return flat.reshape(*vectors.shape[:-1], 3, 3)


def vectors_from_matrices(matrices: ArrayLike) -> FloatArray:
    """
    Turn rotation matrices into vectors of at most half a turn.

    :param matrices: [..., 3, 3].
    :returns: [..., 3], radians.
    """
    array = np.asarray(matrices, dtype=np.float64)
    flat = Rotation.from_matrix(array.reshape(-1, 3, 3)).as_rotvec()
    return flat.reshape(*array.shape[:-2], 3)


def about(axis: int, angle_rad: ArrayLike) -> FloatArray:
    """
    Rotate about a coordinate axis.

    :param axis: 0, 1 or 2.
    :param angle_rad: [...], radians.
    :returns: [..., 3, 3].
    """
    angle = np.asarray(angle_rad, dtype=np.float64)
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    result = np.zeros((*angle.shape, 3, 3))
    result[..., axis, axis] = 1.0
    result[..., first, first] = result[..., second, second] = cosine
    result[..., second, first], result[..., first, second] = sine, -sine
    return result


def interpolate(start: FloatArray, end: FloatArray, fraction: ArrayLike) -> FloatArray:
    """
    Turn at constant speed from one rotation to another (slerp).

    :param start: [..., 3, 3].
    :param end: [..., 3, 3].
    :param fraction: [...], 0 gives ``start``, 1 gives ``end``.
    :returns: [..., 3, 3].
    """
    step = vectors_from_matrices(np.swapaxes(start, -1, -2) @ end)
    return start @ matrices_from_vectors(step * np.asarray(fraction)[..., None])


def fraction_of(rotation: FloatArray, fraction: float) -> FloatArray:
    """
    Keep a part of a rotation's angle about its own axis.

    :param rotation: [..., 3, 3].
    :param fraction: unitless.
    :returns: [..., 3, 3].
    """
    return matrices_from_vectors(vectors_from_matrices(rotation) * fraction)


def twist_and_swing(rotation: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """
    Split a rotation into a twist about its own axis and the swing that remains.

    :param rotation: [..., 3, 3], equal to ``twist @ swing``.
    :param axis: 0, 1 or 2, the axis of the twist.
    :returns: twist angle [...], radians, within half a turn; swing [..., 3, 3].
    """
    quaternion = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat()
    angle = 2.0 * np.arctan2(quaternion[:, axis], quaternion[:, 3])
    angle = (angle + np.pi) % (2.0 * np.pi) - np.pi
    angle = angle.reshape(rotation.shape[:-2])
    return angle, about(axis, -angle) @ rotation


def forward_kinematics(
    parents: Sequence[int], offsets_m: FloatArray, local: FloatArray, root_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """
    Follow a tree of joints from its root.

    :param parents: [joints], the root first, parents before their children.
    :param offsets_m: [joints, 3], place in the parent's frame, metres; the root's is not used.
    :param local: [frames, joints, 3, 3], each joint in its parent's frame.
    :param root_m: [frames, 3], world.
    :returns: rotations [frames, joints, 3, 3] and positions [frames, joints, 3], world.
    """
    rotations, positions = np.empty_like(local), np.empty(local.shape[:3])
    rotations[:, 0], positions[:, 0] = local[:, 0], root_m
    for joint, parent in enumerate(parents[1:], 1):
        rotations[:, joint] = rotations[:, parent] @ local[:, joint]
        step = rotations[:, parent] @ offsets_m[joint]
        positions[:, joint] = positions[:, parent] + step
    return rotations, positions


def rotate(rotation: FloatArray, point: ArrayLike) -> FloatArray:
    """
    Apply rotations to points.

    :param rotation: [..., 3, 3].
    :param point: [..., 3].
    :returns: [..., 3], in the unit of ``point``.
    """
    return (rotation @ np.asarray(point)[..., None])[..., 0]


def axes_along(first: FloatArray, second: FloatArray) -> FloatArray:
    """
    Build axes from a direction and, made perpendicular to it, a second.

    :param first: [..., 3].
    :param second: [..., 3], not parallel to the first.
    :returns: [..., 3, 3], unit axes in columns.
    """
    x = unit(first)
    y = unit(second - np.sum(second * x, axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def unit(vector: FloatArray) -> FloatArray:
    """
    Give vectors length one.

    :param vector: [..., 3].
    :returns: [..., 3].
    """
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-12)
