"""Marker positions with analytic derivatives by coordinates and by scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from biopose_ros.skeleton.forward_kinematics import Posture, pose_segments
from biopose_ros.skeleton.kinematic_tree import KinematicTree, skew
from biopose_ros.skeleton.skeleton import Skeleton


@dataclass(frozen=True)
class MarkerKinematics:
    """
    A chosen set of markers on a skeleton, compiled for one precision and device.

    A twist is how one coordinate moves one joint: a turn and a shift of all that hangs on it.

    :param tree: the skeleton's tensors.
    :param segments: [markers], the segment of each marker.
    :param offsets_m: [markers, 3], segment frame.
    :param motions: [motions], the rows of the tree's segments * 6 motions that move.
    :param is_turn: [motions, 1], 1 for a turn, 0 for a shift.
    :param to_twist: [twists, motions], 1 where a motion is part of a twist.
    :param twist_moves: [markers, 1, twists], 1 where a twist moves a marker.
    :param to_coordinate: [twists, coordinates], 1 where a coordinate drives a twist; None where
        the twists are the coordinates.
    :param reach_m: [markers, segments, 3]; a marker is the sum over segments of
        segment rotation @ (scales * reach), plus the joints' shifts.
    """

    tree: KinematicTree
    segments: Tensor
    offsets_m: Tensor
    motions: Tensor
    is_turn: Tensor
    to_twist: Tensor
    twist_moves: Tensor
    to_coordinate: Tensor | None
    reach_m: Tensor

    def positions(self, coordinates: Tensor, scales: Tensor | None = None) -> Tensor:
        """
        Place the markers.

        :param coordinates: [..., coordinates].
        :param scales: [..., segments, 3] or None.
        :returns: [..., markers, 3], metres, ground frame.
        """
        return self._positions(pose_segments(self.tree, coordinates, scales), scales)

    def linearise(
        self, coordinates: Tensor, scales: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Posture]:
        """
        Place the markers and differentiate by the coordinates.

        :param coordinates: [..., coordinates].
        :param scales: [..., segments, 3] or None.
        :returns: positions [..., markers, 3], metres; Jacobian [..., markers, 3, coordinates],
            metres per radian or metre; and the posture.
        """
        posture = pose_segments(self.tree, coordinates, scales)
        positions_m = self._positions(posture, scales)
        turning, shifting = self._twists(coordinates, posture, scales)
        # turning x marker + shifting; the cross product as a matrix, since many twists share it.
        jacobian = skew(positions_m).mT @ turning.mT[..., None, :, :]
        jacobian = (jacobian + shifting.mT[..., None, :, :]) * self.twist_moves
        if self.to_coordinate is not None:
            jacobian = jacobian @ self.to_coordinate
        return positions_m, jacobian, posture

    def scale_jacobian(self, posture: Posture) -> Tensor:
        """
        Differentiate the markers by the segments' scales; it does not depend on the scales.

        :param posture: from :meth:`linearise`.
        :returns: [..., markers, 3, segments, 3], metres per unit of scale.
        """
        rotations = posture.frames.rotations[..., None, :, :, :]  # [..., 1, segments, 3, 3]
        jacobian = (rotations * self.reach_m[:, :, None, :]).transpose(-3, -2)
        tree = self.tree
        if bool((tree.is_shift_scaled == 0).all()):
            return jacobian
        # A scaled shift adds parent rotation @ axis * length * factors of the parent's scales.
        directions = posture.parent_rotations @ tree.shift_axes  # columns are the three axes
        lengths = posture.shifts_m * tree.is_shift_scaled[..., 0]
        grown = (directions * lengths[..., None, :]) @ tree.shift_scaling  # [..., joints, 3, 3]
        moved = tree.ancestors[self.segments].to(grown.dtype)  # [markers, joints]
        per_marker = grown[..., None, :, :, :] * moved[:, :, None, None]
        has_parent = tree.parents >= 0
        return jacobian.index_add(
            -2,
            tree.parents[has_parent],
            per_marker[..., has_parent, :, :].transpose(-3, -2),
        )

    def _positions(self, posture: Posture, scales: Tensor | None) -> Tensor:
        offsets_m = self.offsets_m
        if scales is not None:
            offsets_m = offsets_m * scales[..., self.segments, :]
        return posture.frames.points_m(self.segments, offsets_m)

    def _twists(
        self, coordinates: Tensor, posture: Posture, scales: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """
        Give each twist per unit of its coordinate, about the ground's origin.

        :returns: turning [..., twists, 3], unitless; shifting [..., twists, 3], metres.
        """
        tree = self.tree
        every = tree.follow(coordinates)
        rate = tree.drive.derivative(every)[..., self.motions]
        rate = rate * tree.follow.derivative(coordinates)[..., tree.drive.driver[self.motions]]
        axes = self._axes(posture, scales)[..., self.motions, :] * rate[..., None]
        turning = axes * self.is_turn
        centres_m = self._joint_centres(posture, scales)[..., self.motions // 6, :]
        shifting = axes - turning + torch.linalg.cross(centres_m, turning)
        return self.to_twist @ turning, self.to_twist @ shifting

    def _axes(self, posture: Posture, scales: Tensor | None) -> Tensor:
        """Give the axes of all turns and shifts in the ground frame, [..., segments * 6, 3]."""
        tree, first = self.tree, posture.parent_rotations
        second = first @ posture.turns[..., 0, :, :]
        third = second @ posture.turns[..., 1, :, :]
        carried = torch.stack([first, second, third], -3)  # [..., segments, 3, 3, 3]
        turns = (carried @ tree.turn_axes[..., None]).squeeze(-1)
        shifts = (first @ tree.shift_axes).mT
        if scales is not None:
            growth = tree.shift_scaling @ scales[..., tree.parents.clamp(min=0), :, None]
            shifts = shifts * torch.where(tree.is_shift_scaled > 0, growth, 1.0)
        return torch.cat([turns, shifts], -2).flatten(-3, -2)

    def _joint_centres(self, posture: Posture, scales: Tensor | None) -> Tensor:
        """Give where each joint turns, [..., segments, 3], metres, ground frame."""
        to_child = self.tree.child_offsets_m
        if scales is not None:
            to_child = to_child * scales
        turned = (posture.frames.rotations @ to_child[..., None]).squeeze(-1)
        return posture.frames.positions_m + turned


def compile_markers(
    skeleton: Skeleton, names: Sequence[str] | None, like: Tensor
) -> MarkerKinematics:
    """
    Choose markers of a skeleton.

    :param skeleton: any skeleton.
    :param names: marker names; None for all.
    :param like: its precision and device are used.
    :raises ValueError: when the skeleton lacks a marker.
    """
    return _compile(skeleton, None if names is None else tuple(names), like.dtype, like.device)


@lru_cache(maxsize=32)
def _compile(
    skeleton: Skeleton, names: tuple[str, ...] | None, dtype: torch.dtype, device: torch.device
) -> MarkerKinematics:
    like = torch.empty(0, dtype=dtype, device=device)
    tree = skeleton.tree(like)
    indices = skeleton.marker_indices(names)
    segments = skeleton.marker_segments[indices].to(device)
    offsets_m = skeleton.marker_offsets_m[indices].to(like)
    motions = tree.drive.is_driven.nonzero().squeeze(-1)
    joints, leaders = motions // 6, tree.follow.driver[tree.drive.driver[motions]]
    # One twist per pair of coordinate and joint; unique() sorts them by coordinate.
    pairs, owner = torch.unique(torch.stack([leaders, joints], -1), dim=0, return_inverse=True)
    to_twist = torch.nn.functional.one_hot(owner, len(pairs)).mT
    moved = tree.ancestors[segments][:, None, pairs[:, 1]]
    count = len(skeleton.coordinate_names)
    is_plain = pairs[:, 0].tolist() == list(range(count))
    to_coordinate = torch.nn.functional.one_hot(pairs[:, 0], count).to(like)
    return MarkerKinematics(
        tree,
        segments,
        offsets_m,
        motions,
        (motions % 6 < 3)[:, None].to(like),
        to_twist.to(like),
        moved.to(like),
        None if is_plain else to_coordinate,
        _reach(tree, segments, offsets_m),
    )


def _reach(tree: KinematicTree, segments: Tensor, offsets_m: Tensor) -> Tensor:
    """Sum, per marker and segment, the offsets along the chain that live in that segment."""
    moved = tree.ancestors[segments].to(offsets_m.dtype)  # [markers, segments]
    reach = -moved[..., None] * tree.child_offsets_m
    has_parent = tree.parents >= 0
    joints = moved[:, has_parent, None] * tree.parent_offsets_m[has_parent]
    reach = reach.index_add(1, tree.parents[has_parent], joints)
    reach[torch.arange(len(segments), device=segments.device), segments] += offsets_m
    return reach
