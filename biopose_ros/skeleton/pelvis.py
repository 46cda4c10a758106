"""The pelvis's orientation and place as the skeleton's first six coordinates."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.initial_pose import free_root, root_coordinates

PELVIS_ANGLES = ('pelvis_tilt', 'pelvis_list', 'pelvis_rotation')
PELVIS_SHIFTS = ('pelvis_tx', 'pelvis_ty', 'pelvis_tz')


def pelvis_coordinates(skeleton: Skeleton, rotations: Tensor, positions_m: Tensor) -> Tensor:
    """
    Give the root's coordinates in the skeleton's order.

    :param skeleton: whose root is free and comes first.
    :param rotations: [..., 3, 3], pelvis axes to ground.
    :param positions_m: [..., 3], of the pelvis's origin, ground frame.
    :returns: [..., 6], angles (radians) and shifts (metres) in the skeleton's order.
    :raises ValueError: when the root cannot take every place and orientation.
    """
    joint = free_root(skeleton)
    if joint is None:
        raise ValueError(f'{skeleton.name}: its pelvis cannot take every place and orientation')
    values = root_coordinates(skeleton, rotations, positions_m) * joint.slopes.to(rotations)
    return values[..., joint.coordinates.argsort()]


def root_alone(skeleton: Skeleton) -> Skeleton:
    """
    Take the root segment and its joint out of a skeleton, whose other segments do not move it.

    :param skeleton: any skeleton.
    :returns: without markers; its coordinates have the same names.
    """
    described, root = skeleton.description, skeleton.segment_names[0]
    return Skeleton(
        replace(
            described,
            bodies=tuple(body for body in described.bodies if body.name == root),
            joints=tuple(joint for joint in described.joints if joint.child == root),
            markers=(),
            couplers=(),
        )
    )
