"""Named points of a body with velocity and covariance, for programs that keep a distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from biopose_ros.records import FloatArray, PersonPose
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import Marker, Vector
from biopose_ros.skeleton.marker_kinematics import MarkerKinematics, compile_markers
from biopose_ros.skeleton.sides import left_of

# Segment of the right side, and where on it; the left is its mirror image (z). Joint centres as in
# default_markers.py; the middle of the palm; the tip of the second toe.
_RIGHT: Mapping[str, tuple[str, Vector]] = {
    'hand': ('hand_r', (-0.002, -0.045, -0.002)),
    'wrist': ('radius_r', (-0.008797, -0.235841, 0.01361)),
    'elbow': ('humerus_r', (0.0149, -0.2861, -0.002)),
    'shoulder': ('torso', (0.003155, 0.3715, 0.17)),
    'hip': ('pelvis', (-0.056276, -0.07849, 0.07726)),
    'knee': ('femur_r', (-0.0045, -0.4096, -0.00175)),
    'ankle': ('tibia_r', (-0.0057, -0.3825, 0.0046)),
    'foot': ('toes_r', (0.055, 0.003, -0.008)),
}
_HEAD = Marker('head', 'head', (0.02, 0.095, 0.0))

# How far a point lies from where the skeleton has it, along each axis; chosen on cam01 and cam02
# of the real clip, see docs/conventions.md (`biopose evaluate points`).
PLACE_STDDEV_M = 0.03


@dataclass(frozen=True)
class BodyPoints:
    """
    Points of one person.

    :param names: [points], for example ``right_wrist``.
    :param positions_m: [points, 3]; NaN where a coordinate above the point is unknown.
    :param velocities_m_s: [points, 3].
    :param covariances_m2: [points, 3, 3], of the positions.
    """

    names: tuple[str, ...]
    positions_m: FloatArray
    velocities_m_s: FloatArray
    covariances_m2: FloatArray

    def turned(self, rotation: FloatArray, shift_m: FloatArray) -> BodyPoints:
        """
        Express the points in another frame that stands still.

        :param rotation: [3, 3], from this frame's axes to the other's.
        :param shift_m: [3], where this frame's origin is in the other.
        """
        return BodyPoints(
            self.names,
            self.positions_m @ rotation.T + shift_m,
            self.velocities_m_s @ rotation.T,
            rotation @ self.covariances_m2 @ rotation.T,
        )


def body_points(person: PersonPose, skeleton: Skeleton) -> BodyPoints:
    """
    Place the points in the camera's frame.

    The covariance is that of the coordinates through the Jacobian, of the body's size (all of it
    grows about the camera, and so looks the same), and of the place of a point in the body.

    :param person: somebody present.
    :param skeleton: of the coordinates.
    """
    kinematics = _kinematics(skeleton)
    is_known = np.isfinite(person.coordinates)
    coordinates = np.where(is_known, person.coordinates, skeleton.default_coordinates)
    positions, jacobian, posture = kinematics.linearise(
        torch.from_numpy(coordinates), torch.from_numpy(person.scales)
    )
    points, slopes = positions.numpy(), jacobian.numpy()  # ground frame
    root = posture.frames
    to_camera = person.segment_rotations[0] @ root.rotations[0].numpy().T
    from_root = (points - root.positions_m[0].numpy()) @ to_camera.T
    stddev = np.where(is_known, person.stddev, 0.0)
    spread = to_camera @ slopes * stddev  # [points, 3, coordinates]
    grown = from_root[..., None] * (person.stature_stddev_m / person.stature_m)
    covariances = (
        spread @ spread.transpose(0, 2, 1)
        + grown @ grown.transpose(0, 2, 1)
        + np.eye(3) * PLACE_STDDEV_M**2
    )
    velocities = slopes @ np.where(is_known, person.velocities, 0.0) @ to_camera.T
    unknown = ((slopes != 0).any(axis=1) & ~is_known).any(axis=1)
    placed = np.where(unknown[:, None], np.nan, from_root + person.segment_positions_m[0])
    velocities = np.where(unknown[:, None], np.nan, velocities)
    return BodyPoints(point_names(skeleton), placed, velocities, covariances)


def point_names(skeleton: Skeleton) -> tuple[str, ...]:
    """Name the points of a skeleton, in their order."""
    return _marked(skeleton).marker_names


@lru_cache(maxsize=4)
def _marked(skeleton: Skeleton) -> Skeleton:
    """Give the skeleton with the points as its markers."""
    markers = [_HEAD]
    for name, (segment, (x, y, z)) in _RIGHT.items():
        markers.append(Marker(f'right_{name}', segment, (x, y, z)))
        markers.append(Marker(f'left_{name}', left_of(segment), (x, y, -z)))
    return Skeleton(replace(skeleton.description, markers=tuple(markers)))


@lru_cache(maxsize=4)
def _kinematics(skeleton: Skeleton) -> MarkerKinematics:
    return compile_markers(_marked(skeleton), None, skeleton.default_coordinates)
