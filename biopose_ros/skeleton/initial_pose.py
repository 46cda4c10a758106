"""A start for the solver from nothing but markers, whatever way the person is turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from biopose_ros.skeleton.observations import check_markers, clean_markers
from biopose_ros.skeleton.skeleton import Skeleton

SPREAD_POSES = 64
SOFT_TISSUE_M = 0.03  # how far a marker may sit off on the root itself


def initial_pose(
    skeleton: Skeleton,
    names: Sequence[str],
    positions_m: Tensor,
    *,
    weights: Tensor | None = None,
    scales: Tensor | None = None,
) -> Tensor:
    """
    Turn and place the resting pose so that it fits the markers as one rigid body.

    Markers count the more, the less the joints can move them relative to the root, so the trunk
    decides. Where the root's joint is not made of three turns about perpendicular axes and three
    shifts (a planar model), the resting pose itself is the start.

    :param skeleton: any skeleton.
    :param names: [markers].
    :param positions_m: [..., markers, 3], ground frame; NaN where missing.
    :param weights: [..., markers], None for 1.
    :param scales: [segments, 3] or [..., segments, 3], None for the size of the model file.
    :returns: [..., coordinates].
    :raises ValueError: when shapes or names do not fit.
    """
    check_markers(names, positions_m, weights)
    target_m, weight = clean_markers(positions_m, weights)
    rest = skeleton.default_coordinates.to(target_m)
    pose = rest.repeat(*target_m.shape[:-2], 1)
    joint = free_root(skeleton)
    if joint is None:
        return pose
    size = None if scales is None else scales.to(target_m)
    root = skeleton.forward_kinematics(rest, size)
    template_m = skeleton.marker_positions(rest, size, names)
    weight = weight * _stiffness(skeleton, tuple(names)).to(weight)
    turn, shift_m = align(template_m, target_m, weight)
    rotation = turn @ root.rotations[..., 0, :, :]
    place_m = (turn @ root.positions_m[..., 0, :, None]).squeeze(-1) + shift_m
    found = root_coordinates(skeleton, rotation, place_m, size) * joint.slopes.to(target_m)
    pose[..., joint.coordinates] = torch.where(
        (weight > 0).any(-1, keepdim=True), found, pose[..., joint.coordinates]
    )
    return pose


def align(source_m: Tensor, target_m: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """
    Find the rigid motion that brings points onto others (Kabsch 1976).

    :param source_m: [..., points, 3].
    :param target_m: [..., points, 3].
    :param weights: [..., points]; all zero gives no motion.
    :returns: rotation [..., 3, 3] and translation [..., 3]: target = rotation @ source + it.
    """
    share = (weights / weights.sum(-1, keepdim=True).clamp(min=1e-12))[..., None]
    source_centre = (share * source_m).sum(-2, keepdim=True)
    target_centre = (share * target_m).sum(-2, keepdim=True)
    covariance = (share * (target_m - target_centre)).mT @ (source_m - source_centre)
    left, _, right = torch.linalg.svd(covariance)
    sign = torch.linalg.det(left @ right).sign()
    flip = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    rotation = (left * flip[..., None, :]) @ right
    return rotation, (target_centre - source_centre @ rotation.mT).squeeze(-2)


@lru_cache(maxsize=32)
def _stiffness(skeleton: Skeleton, names: tuple[str, ...]) -> Tensor:
    """Weigh markers [markers] by how little the joints move them relative to the root."""
    generator = torch.Generator().manual_seed(0)
    lower, upper = skeleton.lower_limits, skeleton.upper_limits
    share = torch.rand(SPREAD_POSES, len(lower), generator=generator, dtype=torch.float64)
    poses = lower + (upper - lower) * share
    joint = free_root(skeleton)
    if joint is not None:
        poses[:, joint.coordinates] = skeleton.default_coordinates[joint.coordinates]
    markers_m = skeleton.marker_positions(poses, None, names)
    return 1 / (markers_m.var(0).sum(-1) + SOFT_TISSUE_M**2)


@dataclass(frozen=True)
class FreeRoot:
    """
    A root joint of three turns about perpendicular axes and three shifts.

    :param coordinates: [6], indices of the coordinates of turns and shifts.
    :param slopes: [6], 1 or -1.
    """

    coordinates: Tensor
    slopes: Tensor


@lru_cache(maxsize=32)
def free_root(skeleton: Skeleton) -> FreeRoot | None:
    """
    Find the root's coordinates.

    :param skeleton: any skeleton.
    :returns: None where the root cannot take every place and attitude.
    """
    tree = skeleton.tree(skeleton.default_coordinates)
    slopes = tree.drive.slope[:6]
    identity = torch.eye(3, dtype=slopes.dtype)
    is_free = (
        bool((slopes.abs() == 1).all())
        and tree.follow.is_linear
        and torch.allclose(tree.turn_axes[0] @ tree.turn_axes[0].mT, identity)
        and torch.allclose(tree.shift_axes[0].mT @ tree.shift_axes[0], identity)
    )
    return FreeRoot(tree.follow.driver[tree.drive.driver[:6]], slopes) if is_free else None


def root_coordinates(
    skeleton: Skeleton, rotation: Tensor, position_m: Tensor, scales: Tensor | None = None
) -> Tensor:
    """
    Find the root joint's coordinates that place the first segment.

    With perpendicular axes as a basis, the three turns are turns about x, y and z; they go the
    other way round where the basis is left-handed.

    :param skeleton: whose root is free, see :func:`free_root`.
    :param rotation: [..., 3, 3], segment axes to ground.
    :param position_m: [..., 3], segment origin.
    :param scales: [..., segments, 3] or None.
    :returns: [..., 6], three turns (radians) and three shifts (metres).
    """
    tree = skeleton.tree(rotation)
    basis = tree.turn_axes[0].mT
    turn = basis.mT @ (rotation @ tree.rest_rotations[0].mT) @ basis
    middle = torch.asin(turn[..., 0, 2].clamp(-1, 1))
    first = torch.atan2(-turn[..., 1, 2], turn[..., 2, 2])
    last = torch.atan2(-turn[..., 0, 1], turn[..., 0, 0])
    angles = torch.linalg.det(basis) * torch.stack([first, middle, last], -1)
    to_child = tree.child_offsets_m[0]
    if scales is not None:
        to_child = to_child * scales[..., 0, :]
    joint_m = position_m + (rotation @ to_child[..., None]).squeeze(-1) - tree.parent_offsets_m[0]
    return torch.cat([angles, joint_m @ tree.shift_axes[0]], -1)
