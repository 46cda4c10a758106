"""
Skeleton coordinates from the body's own joint rotations: where inverse kinematics starts.

A segment's rotation away from the T-pose is the global rotation of the body joint that carries it.
Joint angles read off from these rotations lie within some ten degrees of the markers' best fit,
and, unlike a fit, they follow a limb through its turns: among the two ways to write a rotation as
three turns, the sequence that stays within the limits and jumps least is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.rotations import axis_angle_to_matrix, chained
from biopose_ros.frames import OPENSIM_FROM_BODY
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton

# The body's T-pose: arms level, palms down.
T_POSE_RAD = {
    f'{name}_{side}': angle
    for side in 'rl'
    for name, angle in (('arm_add', -pi / 2), ('pro_sup', pi / 2))
}
CARRIERS = {
    'pelvis': 'pelvis',
    'torso': 'spine3',
    'head': 'head',
    **{
        f'{segment}_{side[0]}': f'{side}_{joint}'
        for side in ('left', 'right')
        for segment, joint in (
            ('femur', 'hip'),
            ('tibia', 'knee'),
            ('calcn', 'ankle'),
            ('toes', 'foot'),
            ('humerus', 'shoulder'),
            ('radius', 'elbow'),
            ('ulna', 'elbow'),
            ('hand', 'wrist'),
        )
    },
}
# Turns about z, then x, then y: coordinates, parent segment, child segment.
BALLS = (
    (('pelvis_tilt', 'pelvis_list', 'pelvis_rotation'), None, 'pelvis'),
    (('lumbar_extension', 'lumbar_bending', 'lumbar_rotation'), 'pelvis', 'torso'),
    (('neck_extension', 'neck_bending', 'neck_rotation'), 'torso', 'head'),
    *(
        (
            tuple(name and f'{name}_{side}' for name in names),
            parent.format(side),
            f'{child}_{side}',
        )
        for side in 'rl'
        for names, parent, child in (
            (('hip_flexion', 'hip_adduction', 'hip_rotation'), 'pelvis', 'femur'),
            (('arm_flex', 'arm_add', 'arm_rot'), 'torso', 'humerus'),
            (('elbow_flex', '', 'pro_sup'), 'humerus_{}', 'radius'),
            (('wrist_flex', 'wrist_dev', ''), 'radius_{}', 'hand'),
        )
    ),
)
OUTSIDE_COST = 20.0  # radians of jumps that cost as much as one radian beyond a limit


@dataclass(frozen=True, eq=False)
class KnownPose:
    """
    One posture in both descriptions.

    :param pose: [24, 3], rotation vectors of the body.
    :param coordinates: [coordinates] or [frames, coordinates], of the skeleton; radians.
    """

    pose: Tensor
    coordinates: Tensor


def t_pose(skeleton: Skeleton) -> KnownPose:
    """
    Give the T-pose in the skeleton's coordinates.

    :param skeleton: with the default skeleton's names.
    """
    coordinates = torch.zeros(len(skeleton.coordinate_names), dtype=torch.float64)
    for name, angle in T_POSE_RAD.items():
        coordinates[skeleton.coordinate_index(name)] = angle
    return KnownPose(torch.zeros(len(JOINT_NAMES), 3), coordinates)


def start_pose(
    skeleton: Skeleton, pose: Tensor, known: KnownPose, is_motion: bool = True
) -> FloatArray:
    """
    Read coordinates off the body's rotations.

    :param skeleton: with the default skeleton's names and axes.
    :param pose: [frames, 24, 3], rotation vectors of the body.
    :param known: from here the segments turn as the joints do.
    :param is_motion: whether each frame follows the one before in time.
    :returns: [frames, coordinates], radians, within the limits; pelvis translations are zero.
    """
    turned = segment_rotations(skeleton, pose, known)
    coordinates = np.zeros((len(pose), len(skeleton.coordinate_names)))
    for names, parent, child in BALLS:
        relative = turned[child]
        if parent is not None:
            relative = np.swapaxes(turned[parent], -1, -2) @ relative
        columns = [skeleton.coordinate_index(name) if name else -1 for name in names]
        angles = follow(euler(relative, names), *_limits(skeleton, columns), is_motion)
        for place, column in enumerate(columns):
            if column >= 0:
                coordinates[:, column] = angles[:, place]
    for side in 'rl':
        for name, bend in _bends(turned, side).items():
            coordinates[:, skeleton.coordinate_index(f'{name}_{side}')] = bend
    clamped = skeleton.clamp(torch.as_tensor(coordinates)).numpy()
    circular = [skeleton.coordinate_index(name) for name in ('pelvis_tilt', 'pelvis_rotation')]
    clamped[:, circular] = coordinates[:, circular]
    return clamped


def _bends(turned: dict[str, FloatArray], side: str) -> dict[str, FloatArray]:
    """Read the angles of the leg's hinges as if they turned about z."""

    def relative(parent: str, child: str) -> FloatArray:
        return np.swapaxes(turned[f'{parent}_{side}'], -1, -2) @ turned[f'{child}_{side}']

    shank, foot = relative('femur', 'tibia'), relative('tibia', 'calcn')
    toes = relative('calcn', 'toes')
    return {
        'knee_angle': np.arctan2(shank[:, 0, 1], shank[:, 1, 1]),
        'ankle_angle': np.arctan2(foot[:, 1, 0], foot[:, 0, 0]),
        'mtp_angle': -np.arctan2(toes[:, 1, 0], toes[:, 0, 0]),
    }


def segment_rotations(skeleton: Skeleton, pose: Tensor, known: KnownPose) -> dict[str, FloatArray]:
    """
    Turn the skeleton's segments as the body's joints turn.

    :param skeleton: with the default skeleton's names and axes.
    :param pose: [frames, 24, 3], rotation vectors.
    :param known: where both stand in one posture.
    :returns: [frames, 3, 3] per segment, segment axes to ground.
    """
    turns = joint_rotations(pose) @ np.swapaxes(joint_rotations(known.pose), -1, -2)
    rest = skeleton.forward_kinematics(known.coordinates).rotations.numpy()
    return {
        name: turns[:, JOINT_NAMES.index(joint)] @ rest[..., skeleton.segment_index(name), :, :]
        for name, joint in CARRIERS.items()
    }


def joint_rotations(pose: Tensor) -> FloatArray:
    """
    Follow the body's joints from the root.

    :param pose: [..., 24, 3], rotation vectors.
    :returns: [..., 24, 3, 3], turns away from the T-pose, OpenSim axes.
    """
    turns = chained(axis_angle_to_matrix(pose.double())).numpy()
    return OPENSIM_FROM_BODY @ turns @ OPENSIM_FROM_BODY.T


def _limits(skeleton: Skeleton, columns: list[int]) -> tuple[FloatArray, FloatArray]:
    lower, upper = np.zeros(3), np.zeros(3)
    for place, column in enumerate(columns):
        if column >= 0:
            lower[place] = skeleton.lower_limits[column]
            upper[place] = skeleton.upper_limits[column]
    return lower, upper


def euler(rotations: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """
    Write rotations as turns about z, x, y, in both ways.

    :param rotations: [frames, 3, 3], child to parent.
    :param names: of the coordinates; the left side's turns about x and y are mirrored.
    :returns: [frames, 2, 3], radians.
    """
    middle = np.arcsin(np.clip(rotations[:, 2, 1], -1, 1))
    first = np.arctan2(-rotations[:, 0, 1], rotations[:, 1, 1])
    last = np.arctan2(-rotations[:, 2, 0], rotations[:, 2, 2])
    one = np.stack([first, middle, last], -1)
    other = np.stack([first + pi, pi - middle, last + pi], -1)
    signs = [1, -1, -1] if any(name.endswith('_l') for name in names) else [1, 1, 1]
    return np.stack([one, other], 1) * signs


def follow(
    angles: FloatArray, lower: FloatArray, upper: FloatArray, is_motion: bool = True
) -> FloatArray:
    """
    Choose between two ways to write each rotation: within limits, and without jumps (Viterbi).

    :param angles: [frames, 2, 3].
    :param lower: [3].
    :param upper: [3].
    :param is_motion: False weighs every frame for itself.
    :returns: [frames, 3].
    """
    middle = (lower + upper) / 2
    angles = middle + np.remainder(angles - middle + pi, 2 * pi) - pi
    outside = np.maximum(lower - angles, 0) + np.maximum(angles - upper, 0)
    here = OUTSIDE_COST * outside.sum(-1)  # [frames, 2]
    if not is_motion:
        far = np.abs(angles - middle).sum(-1)
        return angles[np.arange(len(angles)), (here + far).argmin(-1)]
    is_circular = upper - lower > 2 * pi - 1e-6
    jumps = np.abs(angles[1:, None, :] - angles[:-1, :, None])  # [frames - 1, before, after, 3]
    jumps = np.where(is_circular, np.minimum(jumps, 2 * pi - jumps), jumps).sum(-1)
    cost, back = here[0], np.zeros((len(angles), 2), int)
    for frame in range(1, len(angles)):
        ways = cost[:, None] + jumps[frame - 1]
        back[frame] = ways.argmin(0)
        cost = ways.min(0) + here[frame]
    chosen = np.empty(len(angles), int)
    chosen[-1] = cost.argmin()
    for frame in range(len(angles) - 1, 0, -1):
        chosen[frame - 1] = back[frame, chosen[frame]]
    return angles[np.arange(len(angles)), chosen]
