"""
The turn of the shank that goes with a bent knee.

Recordings and synthesised postures bend the knee as a hinge. A real knee turns the shank inward as
it bends, 7 degrees at 30 and 11 at 90 (the skeleton's knee; Lai et al. 2017). A foot that stays in
the leg's plane puts that turn, with the other sign, into the ankle's angles: up to 14 degrees of
subtalar and 4 of ankle angle.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from biopose_ros.frames import OPENSIM_FROM_BODY
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.rotations import vectors_from_matrices


def with_knee_twist(pose: FloatArray) -> FloatArray:
    """
    Bend knees as the skeleton's do; hip, knee and ankle joints stay where they are.

    :param pose: [frames, 24, 3], rotation vectors, knees bending about x alone.
    :returns: the same with turned shanks, and feet that turn along.
    """
    skeleton, twisted = load_skeleton(), np.array(pose)
    for side in ('left', 'right'):
        knee = JOINT[f'{side}_knee']
        flexion = torch.as_tensor(pose[:, knee, 0]).double()
        bent = OPENSIM_FROM_BODY.T @ _bent_knee(skeleton, side[0], flexion) @ OPENSIM_FROM_BODY
        twisted[:, knee] = vectors_from_matrices(bent)
    return twisted


def with_turning_knees(clip: MotionClip) -> MotionClip:
    """
    Give a clip whose knees are hinges the skeleton's knees.

    :param clip: recorded on, or made for, hinge knees.
    """
    return replace(clip, pose=with_knee_twist(clip.pose).astype(np.float32))


def _bent_knee(skeleton: Skeleton, side: str, flexion_rad: torch.Tensor) -> FloatArray:
    """Turn the shank away from where it is in a straight leg: [frames, 3, 3], OpenSim axes."""
    coordinates = torch.zeros(len(flexion_rad) + 1, len(skeleton.coordinate_names)).double()
    column = skeleton.coordinate_index(f'knee_angle_{side}')
    limit = skeleton.upper_limits[column]
    coordinates[1:, column] = flexion_rad.clamp(min=torch.zeros_like(limit), max=limit)
    rotations = skeleton.forward_kinematics(coordinates).rotations
    thigh, shank = (
        rotations[:, skeleton.segment_index(f'{name}_{side}')] for name in ('femur', 'tibia')
    )
    bend = thigh.mT @ shank
    return (bend[1:] @ bend[0].mT).numpy()
