"""From coordinates and scales to segment frames, one matrix product per level of the tree."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from biopose_ros.skeleton.kinematic_tree import KinematicTree


@dataclass(frozen=True)
class SegmentFrames:
    """
    Where the segments are.

    :param rotations: [..., segments, 3, 3], segment axes to ground.
    :param positions_m: [..., segments, 3], segment origins, ground frame.
    """

    rotations: Tensor
    positions_m: Tensor

    def points_m(self, segments: Tensor, offsets_m: Tensor) -> Tensor:
        """
        Place points that are fixed to segments.

        :param segments: [points], the segment of each.
        :param offsets_m: [..., points, 3], frames of the scaled segments.
        :returns: [..., points, 3], metres, ground frame.
        """
        turned = self.rotations[..., segments, :, :] @ offsets_m[..., None]
        return self.positions_m[..., segments, :] + turned.squeeze(-1)


@dataclass(frozen=True)
class Posture:
    """
    Segment frames with the intermediate results that the Jacobians need.

    :param frames: where the segments are.
    :param parent_rotations: [..., segments, 3, 3], axes of each segment's parent to ground.
    :param turns: [..., segments, 3, 3, 3], the rotation of each of a joint's three turns.
    :param shifts_m: [..., segments, 3], the joint's shifts before scaling.
    """

    frames: SegmentFrames
    parent_rotations: Tensor
    turns: Tensor
    shifts_m: Tensor


def pose_segments(tree: KinematicTree, coordinates: Tensor, scales: Tensor | None) -> Posture:
    """
    Place every segment in the ground frame.

    :param tree: of the precision and device of the coordinates.
    :param coordinates: [..., coordinates], radians; translations in metres.
    :param scales: [..., segments, 3], unitless, broadcast against the coordinates; None for 1.
    """
    motions = tree.drive(tree.follow(coordinates)).unflatten(-1, (-1, 6))
    turns = _rodrigues(tree, motions[..., :3])
    first, second, third = turns.unbind(-3)
    local_rotations = first @ second @ third @ tree.rest_rotations
    local = _rigid(local_rotations, _local_positions(tree, motions, local_rotations, scales))
    placed = [local[..., tree.levels[0], :, :]]
    for level, above in zip(tree.levels[1:], tree.level_parents, strict=True):
        placed.append(placed[-1][..., above, :, :] @ local[..., level, :, :])
    ground = torch.cat(placed, -3)[..., tree.from_level_order, :, :]
    frames = SegmentFrames(ground[..., :3, :3], ground[..., :3, 3])
    return Posture(frames, _parent_rotations(tree, frames.rotations), turns, motions[..., 3:])


def _rodrigues(tree: KinematicTree, angles_rad: Tensor) -> Tensor:
    """Rotate about each turn's axis: [..., segments, turns] to [..., segments, turns, 3, 3]."""
    sine, versine = angles_rad.sin(), 1 - angles_rad.cos()
    identity = torch.eye(3, dtype=angles_rad.dtype, device=angles_rad.device)
    return (
        identity
        + sine[..., None, None] * tree.turn_skew
        + versine[..., None, None] * tree.turn_skew_squared
    )


def _local_positions(
    tree: KinematicTree, motions: Tensor, local_rotations: Tensor, scales: Tensor | None
) -> Tensor:
    """Place each segment's origin in its parent's frame."""
    shifts_m, to_parent, to_child = motions[..., 3:], tree.parent_offsets_m, tree.child_offsets_m
    if scales is not None:
        parent_scales = _scales_of_parents(tree, scales)
        growth = (tree.shift_scaling @ parent_scales[..., None]).squeeze(-1)
        shifts_m = shifts_m * torch.where(tree.is_shift_scaled[..., 0] > 0, growth, 1.0)
        to_parent, to_child = to_parent * parent_scales, to_child * scales
    return (
        to_parent
        + (tree.shift_axes @ shifts_m[..., None]).squeeze(-1)
        - (local_rotations @ to_child[..., None]).squeeze(-1)
    )


def _scales_of_parents(tree: KinematicTree, scales: Tensor) -> Tensor:
    """Give each segment its parent's scales; the ground's are 1."""
    is_root = (tree.parents < 0)[:, None]
    return torch.where(is_root, 1.0, scales[..., tree.parents.clamp(min=0), :])


def _parent_rotations(tree: KinematicTree, rotations: Tensor) -> Tensor:
    is_root = (tree.parents < 0)[:, None, None]
    identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    return torch.where(is_root, identity, rotations[..., tree.parents.clamp(min=0), :, :])


def _rigid(rotations: Tensor, positions_m: Tensor) -> Tensor:
    """Join rotations and positions to 4x4 matrices; the positions may have more batch axes."""
    batch = torch.broadcast_shapes(rotations.shape[:-2], positions_m.shape[:-1])
    top = torch.cat([rotations.expand(*batch, 3, 3), positions_m.expand(*batch, 3)[..., None]], -1)
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=top.dtype, device=top.device)
    return torch.cat([top, bottom.expand(*batch, 1, 4)], -2)
