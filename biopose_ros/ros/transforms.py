"""Segment frames as ROS transforms: REP-103 axes, chained from parent to child segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from geometry_msgs.msg import Transform, TransformStamped
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame, segment_rotation_to_rep103
from biopose_ros.person.evidence import ORIGINS
from biopose_ros.records import FloatArray
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.urdf_joints import joint_motions

_NO_TURN: FloatArray = np.array([0.0, 0.0, 0.0, 1.0])


def segment_frame(person_id: str, segment: str) -> str:
    """Name the TF frame of a person's segment."""
    return f'{person_id}/{segment}'


def segment_transforms(
    person: NamedPerson, skeleton: Skeleton, header: Header, scales: FloatArray
) -> list[TransformStamped]:
    """
    Express every segment in its parent segment, and the root in the image's frame.

    :param person: its root stands where it was seen; the rest is the chain of its coordinates.
    :param header: the image's header.
    :param scales: [segments, 3], the size that was announced for the person.
    :returns: one transform per segment whose pose is known, and whose ancestors' are.
    """
    known = np.flatnonzero(_known_to_the_root(person, skeleton))
    if not known.size:
        return []
    coordinates = np.where(
        np.isnan(person.coordinates), skeleton.default_coordinates, person.coordinates
    )
    frames = skeleton.forward_kinematics(torch.from_numpy(coordinates), torch.from_numpy(scales))
    in_ground = segment_rotation_to_rep103(frames.rotations.numpy())  # [segments, 3, 3]
    positions_m, parents = frames.positions_m.numpy(), np.array(skeleton.segment_parents)
    to_parent = in_ground[parents].transpose(0, 2, 1)
    rotations = to_parent @ in_ground
    shifts_m = np.einsum('sij,sj->si', to_parent, positions_m - positions_m[parents])
    roots = parents < 0
    rotations[roots] = segment_rotation_to_rep103(person.segment_rotations[roots])
    shifts_m[roots] = person.segment_positions_m[roots]
    names = [segment_frame(person.person_id, name) for name in skeleton.segment_names]
    return [
        _stamped(
            header,
            header.frame_id if parents[segment] < 0 else names[parents[segment]],
            names[segment],
            quaternion,
            shifts_m[segment],
        )
        for segment, quaternion in zip(
            known, Rotation.from_matrix(rotations[known]).as_quat(), strict=True
        )
    ]


def joint_transforms(
    segments: Sequence[TransformStamped], person_id: str
) -> list[TransformStamped]:
    """
    Give the segments that begin at a main joint that joint's name: ``right_wrist`` for ``hand_r``.

    :param segments: of :func:`segment_transforms`.
    :param person_id: whose.
    :returns: a transform of zero from each of those segments.
    """
    known = {one.child_frame_id: one.header for one in segments}
    named = []
    for segment, joint in ORIGINS.items():
        for side in ('right', 'left'):
            parent = segment_frame(person_id, f'{segment}_{side[0]}')
            if parent in known:
                child = segment_frame(person_id, f'{side}_{joint}')
                named.append(_stamped(known[parent], parent, child, _NO_TURN, np.zeros(3)))
    return named


def ground_transform(frame: str, ground: GroundFrame, header: Header) -> TransformStamped:
    """
    Place the ground frame below the image's frame.

    It is the skeleton's ground in REP-103 axes: x looks back into the camera, z points up.

    :param frame: its name.
    :param ground: where it stands before the camera.
    :param header: the image's header.
    """
    rotation = segment_rotation_to_rep103(ground.camera_from_ground)
    origin_m = ground.to_camera(np.zeros(3))
    return stamped_transform(header, header.frame_id, frame, rotation, origin_m)


def stamped_transform(
    header: Header, parent: str, child: str, rotation: FloatArray, position_m: FloatArray
) -> TransformStamped:
    """
    Place a frame in another.

    :param header: its stamp is taken.
    :param parent: name of the other frame.
    :param child: name of the frame.
    :param rotation: [3, 3], axes of the child to those of the parent.
    :param position_m: [3], origin of the child in the parent.
    """
    return _stamped(header, parent, child, Rotation.from_matrix(rotation).as_quat(), position_m)


def _known_to_the_root(person: NamedPerson, skeleton: Skeleton) -> list[bool]:
    """
    Find the segments whose pose is known.

    A transform needs its whole chain: all segments from it to the root must be known.
    """
    motions = joint_motions(skeleton, person.coordinates).reshape(-1, 6)
    is_moved = [bool(np.isfinite(row).all()) for row in motions]
    known: list[bool] = []
    for segment, parent in enumerate(skeleton.segment_parents):
        if parent < 0:
            root = (person.segment_rotations[segment], person.segment_positions_m[segment])
            known.append(all(bool(np.isfinite(values).all()) for values in root))
        else:
            known.append(is_moved[segment] and known[parent])
    return known


def _stamped(
    header: Header, parent: str, child: str, quaternion: FloatArray, position_m: FloatArray
) -> TransformStamped:
    transform = Transform()
    x, y, z, w = (float(value) for value in quaternion)
    transform.rotation.x, transform.rotation.y = x, y
    transform.rotation.z, transform.rotation.w = z, w
    x, y, z = (float(value) for value in position_m)
    transform.translation.x, transform.translation.y, transform.translation.z = x, y, z
    stamped = TransformStamped(child_frame_id=child, transform=transform)
    stamped.header.stamp = header.stamp
    stamped.header.frame_id = parent
    return stamped
