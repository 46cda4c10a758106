"""The tensors behind forward kinematics, compiled once from a model description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from biopose_ros.skeleton.coordinate_map import CoordinateMap, compile_map
from biopose_ros.skeleton.description import (
    GROUND,
    AxisMotion,
    Coordinate,
    Coupler,
    Joint,
    ModelDescription,
    Vector,
)
from biopose_ros.skeleton.functions import linear


@dataclass(frozen=True)
class KinematicTree:
    """
    A model as tensors; segment s hangs on its parent by joint s, parents come first.

    :param parents: [segments], -1 for the ground.
    :param levels: segment indices by distance from the ground.
    :param level_parents: for each level, where its parents stand in the level before.
    :param from_level_order: [segments], puts the concatenated levels into segment order.
    :param ancestors: [segments, segments], whether column is row itself or an ancestor of row.
    :param follow: coordinates -> all coordinates of the file, coupled ones included.
    :param drive: all coordinates -> motions [segments * 6]; three turns (radians) and three
        shifts (metres) per joint.
    :param turn_axes: [segments, 3, 3], axes of the turns, parent body's frame.
    :param turn_skew: [segments, 3, 3, 3], their cross-product matrices.
    :param turn_skew_squared: [segments, 3, 3, 3], the squares of these.
    :param rest_rotations: [segments, 3, 3], child to parent axes where all turns are zero.
    :param shift_axes: [segments, 3, 3], columns are the axes of the shifts, parent body's frame.
    :param shift_scaling: [segments, 3, 3], factors of the parent's scales on each shift (rows).
    :param is_shift_scaled: [segments, 3, 1], 1 where a shift grows with the parent.
    :param parent_offsets_m: [segments, 3], joint's place in the parent body.
    :param child_offsets_m: [segments, 3], joint's place in the child body.
    """

    parents: Tensor
    levels: tuple[Tensor, ...]
    level_parents: tuple[Tensor, ...]
    from_level_order: Tensor
    ancestors: Tensor
    follow: CoordinateMap
    drive: CoordinateMap
    turn_axes: Tensor
    turn_skew: Tensor
    turn_skew_squared: Tensor
    rest_rotations: Tensor
    shift_axes: Tensor
    shift_scaling: Tensor
    is_shift_scaled: Tensor
    parent_offsets_m: Tensor
    child_offsets_m: Tensor

    def to(self, device: torch.device, dtype: torch.dtype) -> KinematicTree:
        """
        Copy to a device and precision.

        :param device: any torch device.
        :param dtype: a floating type.
        """

        def move(value: Tensor | CoordinateMap | tuple[Tensor, ...]) -> object:
            if isinstance(value, CoordinateMap):
                return value.to(device, dtype)
            if isinstance(value, tuple):
                return tuple(tensor.to(device) for tensor in value)
            return value.to(device, dtype) if value.is_floating_point() else value.to(device)

        moved = {field.name: move(getattr(self, field.name)) for field in fields(self)}
        return KinematicTree(**moved)  # type: ignore[arg-type]


def sort_joints(model: ModelDescription) -> tuple[Joint, ...]:
    """
    Order joints so that every parent comes before its children, else as the bodies are listed.

    :param model: any model.
    :raises ValueError: when the joints do not form one tree over all bodies.
    """
    by_child: dict[str, Joint] = {}
    for joint in model.joints:
        if joint.child in by_child:
            raise ValueError(
                f'body {joint.child} has two joints, {by_child[joint.child].name} and '
                f'{joint.name}; closed loops are not supported'
            )
        by_child[joint.child] = joint
    placed: dict[str, Joint] = {}
    waiting = [body.name for body in model.bodies]
    while waiting:
        ready = [n for n in waiting if n in by_child and by_child[n].parent in (GROUND, *placed)]
        if not ready:
            raise ValueError(
                f'no chain of joints leads from the ground to the bodies {", ".join(waiting)}'
            )
        # One at a time keeps the order of the file wherever parents already come first.
        placed[ready[0]] = by_child[ready[0]]
        waiting.remove(ready[0])
    unknown = set(by_child) - set(placed)
    if unknown:
        raise ValueError(f'joints move bodies that do not exist: {", ".join(sorted(unknown))}')
    return tuple(placed.values())


def free_coordinates(model: ModelDescription, joints: Iterable[Joint]) -> tuple[Coordinate, ...]:
    """
    List the coordinates that do not follow another one, in the order of the joints.

    :param model: where the couplers are.
    :param joints: sorted joints.
    :raises ValueError: when two have one name.
    """
    dependent = {coupler.dependent for coupler in model.couplers}
    every = [coordinate for joint in joints for coordinate in joint.coordinates]
    names = [coordinate.name for coordinate in every]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'coordinate {name} occurs twice')
    return tuple(coordinate for coordinate in every if coordinate.name not in dependent)


def compile_tree(model: ModelDescription) -> KinematicTree:
    """
    Turn a model into tensors (float64, CPU).

    :param model: any model whose joints form a tree.
    :raises ValueError: when they do not, or a coupler names an unknown coordinate.
    """
    joints = sort_joints(model)
    order = {joint.child: i for i, joint in enumerate(joints)}
    parents = [order.get(joint.parent, -1) for joint in joints]
    parent_rotations = _stack(_euler_xyz(joint.parent_orientation_rad) for joint in joints)
    child_rotations = _stack(_euler_xyz(joint.child_orientation_rad) for joint in joints)
    turn_axes = _stack(_axes(joint.rotations) for joint in joints) @ parent_rotations.mT
    raw_shift_axes = _stack(_axes(joint.translations) for joint in joints)
    is_scaled = _stack(np.array([[_is_scaled(j, m)] for m in j.translations]) for j in joints)
    crossing = skew(turn_axes)
    follow, drive = _compile_maps(model, joints)
    levels = _levels(parents)
    above = [
        torch.tensor([levels[depth].tolist().index(parents[s]) for s in level.tolist()])
        for depth, level in enumerate(levels[1:])
    ]
    return KinematicTree(
        parents=torch.tensor(parents),
        levels=levels,
        level_parents=tuple(above),
        from_level_order=torch.cat(levels).argsort(),
        ancestors=ancestors_of(parents),
        follow=follow,
        drive=drive,
        turn_axes=turn_axes,
        turn_skew=crossing,
        turn_skew_squared=crossing @ crossing,
        rest_rotations=parent_rotations @ child_rotations.mT,
        shift_axes=parent_rotations @ raw_shift_axes.mT,
        shift_scaling=raw_shift_axes.abs() * is_scaled,
        is_shift_scaled=is_scaled,
        parent_offsets_m=_stack(np.array(joint.parent_translation_m) for joint in joints),
        child_offsets_m=_stack(np.array(joint.child_translation_m) for joint in joints),
    )


def _levels(parents: list[int]) -> tuple[Tensor, ...]:
    """Group segments by depth, so that one matrix product moves a whole level."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    return tuple((torch.tensor(depth) == d).nonzero().squeeze(-1) for d in range(max(depth) + 1))


def ancestors_of(parents: Sequence[int]) -> Tensor:
    """
    Mark where column is row itself or an ancestor of row.

    :param parents: of each segment, before it in order; -1 for the ground.
    :returns: [segments, segments] bool.
    """
    ancestors = torch.eye(len(parents), dtype=torch.bool)
    for segment, parent in enumerate(parents):
        if parent >= 0:
            ancestors[segment] |= ancestors[parent]
    return ancestors


def _compile_maps(
    model: ModelDescription, joints: tuple[Joint, ...]
) -> tuple[CoordinateMap, CoordinateMap]:
    free = [coordinate.name for coordinate in free_coordinates(model, joints)]
    every = [coordinate.name for joint in joints for coordinate in joint.coordinates]
    couplers = {coupler.dependent: coupler for coupler in model.couplers}
    for coupler in model.couplers:
        _check_coupler(coupler, every, free)
    leaders = [free.index(couplers[n].independent if n in couplers else n) for n in every]
    functions = [couplers[n].function if n in couplers else linear(1.0) for n in every]
    motions = [motion for joint in joints for motion in (*joint.rotations, *joint.translations)]
    drivers = [None if m.coordinate is None else every.index(m.coordinate) for m in motions]
    return (
        compile_map(leaders, functions),
        compile_map(drivers, [motion.function for motion in motions]),
    )


def _check_coupler(coupler: Coupler, every: list[str], free: list[str]) -> None:
    if coupler.dependent not in every:
        raise ValueError(f'a coupler moves the unknown coordinate {coupler.dependent!r}')
    if coupler.independent not in free:
        raise ValueError(
            f'{coupler.dependent} follows {coupler.independent!r}, which is unknown or itself '
            'follows another coordinate; chains of couplers are not supported'
        )


def _is_scaled(joint: Joint, motion: AxisMotion) -> bool:
    """
    Check whether OpenSim scales a shift with the parent body.

    It leaves shifts that equal their coordinate alone: those are set by the user, in metres. The
    ground has no scale.
    """
    is_plain = motion.coordinate is not None and motion.function == linear(1.0)
    return joint.are_shifts_scaled and joint.parent != GROUND and not is_plain


def _axes(motions: tuple[AxisMotion, ...]) -> np.ndarray:
    return np.array([motion.axis for motion in motions])


def skew(vectors: Tensor) -> Tensor:
    """
    Give the matrices whose product with a vector w is the cross product v x w.

    :param vectors: v, [..., 3].
    :returns: [..., 3, 3].
    """
    columns = torch.eye(3, dtype=vectors.dtype, device=vectors.device).expand(*vectors.shape, 3)
    return torch.linalg.cross(vectors[..., None, :].expand_as(columns), columns).mT


def _stack(arrays: Iterable[np.ndarray]) -> Tensor:
    return torch.tensor(np.stack(list(arrays)), dtype=torch.float64)


def _euler_xyz(angles_rad: Vector) -> np.ndarray:
    """Turn about x, then the new y, then the new z."""
    rotation = np.eye(3)
    for axis, angle in enumerate(angles_rad):
        c, s = np.cos(angle), np.sin(angle)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[i, i], turn[j, j], turn[i, j], turn[j, i] = c, c, -s, s
        rotation = rotation @ turn
    return rotation
