"""The pelvis's attitude and place as the skeleton's first six coordinates."""

from __future__ import annotations

from torch import Tensor

from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.initial_pose import free_root, root_coordinates


def pelvis_coordinates(skeleton: Skeleton, rotations: Tensor, positions_m: Tensor) -> Tensor:
    """
    Give the root's coordinates in the skeleton's order.

    :param skeleton: whose root is free and comes first.
    :param rotations: [..., 3, 3].
    :param positions_m: [..., 3].
    :returns: [..., 6].
    """
    joint = free_root(skeleton)
    if joint is None:
        raise ValueError(f'{skeleton.name}: its pelvis cannot take every place and attitude')
    values = root_coordinates(skeleton, rotations, positions_m) * joint.slopes.to(rotations)
    return values[..., joint.coordinates.argsort()]
