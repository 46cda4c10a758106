"""Rotations as axis-angle vectors, matrices, or six numbers, in torch."""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_PARENTS


def axis_angle_to_matrix(axis_angle_rad: Tensor) -> Tensor:
    """
    Apply Rodrigues' formula, with exact gradients at zero.

    :param axis_angle_rad: [..., 3], radians.
    :returns: [..., 3, 3].
    """
    squared = (axis_angle_rad * axis_angle_rad).sum(-1)
    # Below 1e-8 the series is exact in single precision, and the root has no gradient at zero.
    is_small = squared < 1e-8
    angle = torch.where(is_small, torch.ones_like(squared), squared).sqrt()
    sine = torch.where(is_small, 1 - squared / 6, angle.sin() / angle)[..., None, None]
    cosine = torch.where(is_small, 0.5 - squared / 24, (1 - angle.cos()) / angle.square())
    x, y, z = axis_angle_rad.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    identity = torch.eye(3, dtype=cross.dtype, device=cross.device)
    return identity + sine * cross + cosine[..., None, None] * (cross @ cross)


def six_to_matrix(six: Tensor) -> Tensor:
    """
    Orthonormalise two columns and complete them (Zhou et al. 2019, doi 10.1109/CVPR.2019.00589).

    :param six: [..., 6], the matrix's first column, then its second.
    :returns: [..., 3, 3].
    """
    first = torch.nn.functional.normalize(six[..., :3], dim=-1)
    second = six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def matrix_to_six(matrices: Tensor) -> Tensor:
    """
    Take a rotation matrix's first two columns.

    :param matrices: [..., 3, 3].
    :returns: [..., 6].
    """
    return matrices[..., :2].mT.flatten(-2)


def pose_to_matrices(pose: Tensor, joints: int) -> Tensor:
    """
    Read a pose in any of the three forms.

    :param pose: axis-angle [..., joints, 3] in radians, matrices [..., joints, 3, 3], or
        [..., joints, 6].
    :param joints: how many joints the pose must have.
    :returns: [..., joints, 3, 3].
    :raises ValueError: for any other shape.
    """
    shape = tuple(pose.shape)
    if shape[-3:] == (joints, 3, 3):
        return pose
    if shape[-2:] == (joints, 3):
        return axis_angle_to_matrix(pose)
    if shape[-2:] == (joints, 6):
        return six_to_matrix(pose)
    raise ValueError(
        f'pose must be [..., {joints}, 3] (axis-angle), [..., {joints}, 3, 3] (matrices) or '
        f'[..., {joints}, 6], got {shape}'
    )


def relative_to_parents(turns: Tensor) -> Tensor:
    """
    Turn rotations relative to one frame, such as the camera's, into rotations relative to parents.

    :param turns: [..., 24, 3, 3].
    :returns: [..., 24, 3, 3]; the root's stays.
    """
    # Not .mT, which the ONNX exporter does not know.
    parents = turns[..., list(JOINT_PARENTS[1:]), :, :].transpose(-1, -2)
    return torch.cat([turns[..., :1, :, :], parents @ turns[..., 1:, :, :]], -3)


def chained(pose: Tensor) -> Tensor:
    """
    Turn rotations relative to parents into rotations relative to the root's frame of reference.

    :param pose: [..., 24, 3, 3].
    :returns: [..., 24, 3, 3]; the root's stays.
    """
    turns = [pose[..., 0, :, :]]
    for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
        turns.append(turns[parent] @ pose[..., joint, :, :])
    return torch.stack(turns, -3)
