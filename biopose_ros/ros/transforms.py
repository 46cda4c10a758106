"""Segment frames as ROS transforms: REP-103 axes, chained from parent to child segment."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Transform, TransformStamped
from scipy.spatial.transform import Rotation
from std_msgs.msg import Header

from biopose_ros.frames import GroundFrame, segment_rotation_to_rep103
from biopose_ros.records import FloatArray, PersonPose
from biopose_ros.skeleton import Skeleton


def segment_frame(person_id: str, segment: str) -> str:
    """Name the TF frame of a person's segment."""
    return f'{person_id}/{segment}'


def segment_transforms(
    person: PersonPose, skeleton: Skeleton, header: Header
) -> list[TransformStamped]:
    """
    Express every segment in its parent segment, and the root in the image's frame.

    :param person: segment poses in the camera's optical frame.
    :param header: the image's header.
    :returns: one transform per segment whose pose is known, and whose ancestors' are.
    """
    in_camera = segment_rotation_to_rep103(person.segment_rotations)  # [segments, 3, 3]
    positions = person.segment_positions_m
    parents = np.array(skeleton.segment_parents)
    has_parent = parents >= 0
    rotations, translations = in_camera.copy(), positions.copy()
    upwards = in_camera[parents[has_parent]].transpose(0, 2, 1)  # camera to parent
    rotations[has_parent] = upwards @ in_camera[has_parent]
    steps_m = positions[has_parent] - positions[parents[has_parent]]
    translations[has_parent] = np.einsum('sij,sj->si', upwards, steps_m)
    # A broken chain would hang in the air: a segment counts once all above it are known.
    known = _known_to_the_root(in_camera, positions, skeleton.segment_parents)
    frames = [segment_frame(person.person_id, name) for name in skeleton.segment_names]
    above = [frames[p] if p >= 0 else header.frame_id for p in skeleton.segment_parents]
    indices = np.flatnonzero(known)
    quaternions = Rotation.from_matrix(rotations[indices]).as_quat() if len(indices) else []
    return [
        _stamped(header, above[i], frames[i], quaternion, translations[i])
        for i, quaternion in zip(indices, quaternions, strict=True)
    ]


def ground_transform(frame: str, ground: GroundFrame, header: Header) -> TransformStamped:
    """
    Place the ground frame below the image's frame.

    It is the skeleton's ground in REP-103 axes: x looks back into the camera, z points up.

    :param frame: its name.
    :param ground: where it stands before the camera.
    :param header: the image's header.
    """
    rotation = segment_rotation_to_rep103(ground.camera_from_ground)
    quaternion = Rotation.from_matrix(rotation).as_quat()
    return _stamped(header, header.frame_id, frame, quaternion, ground.to_camera(np.zeros(3)))


def _known_to_the_root(
    rotations: FloatArray, positions: FloatArray, parents: tuple[int, ...]
) -> list[bool]:
    """Tell which segments have a pose in an unbroken chain; parents come before children."""
    values = np.hstack([rotations.reshape(-1, 9), positions])
    known: list[bool] = []
    for row, parent in zip(values, parents, strict=True):
        known.append(bool(np.isfinite(row).all()) and (parent < 0 or known[parent]))
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
