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
    twisted, knees = np.array(pose), [JOINT['left_knee'], JOINT['right_knee']]
    bent = _bent_knees(load_skeleton(), torch.as_tensor(pose[:, knees, 0]).double())
    twisted[:, knees] = vectors_from_matrices(OPENSIM_FROM_BODY.T @ bent @ OPENSIM_FROM_BODY)
    return twisted


def with_turning_knees(clip: MotionClip) -> MotionClip:
    """
    Give a clip whose knees are hinges the skeleton's knees.

    :param clip: recorded on, or made for, hinge knees.
    """
    return replace(clip, pose=with_knee_twist(clip.pose).astype(np.float32))


def _bent_knees(skeleton: Skeleton, flexion_rad: torch.Tensor) -> FloatArray:
    """
    Turn the shanks away from where they are in straight legs.

    :param flexion_rad: [frames, 2], left, right.
    :returns: [frames, 2, 3, 3], OpenSim axes.
    """
    columns, thighs, shanks = (
        [index(f'{name}_{side}') for side in 'lr']
        for index, name in (
            (skeleton.coordinate_index, 'knee_angle'),
            (skeleton.segment_index, 'femur'),
            (skeleton.segment_index, 'tibia'),
        )
    )
    coordinates = torch.zeros(len(flexion_rad) + 1, len(skeleton.coordinate_names)).double()
    limits = skeleton.upper_limits[columns]
    coordinates[1:, columns] = flexion_rad.clamp(min=torch.zeros_like(limits), max=limits)
    rotations = skeleton.forward_kinematics(coordinates).rotations
    bend = rotations[:, thighs].mT @ rotations[:, shanks]
    return (bend[1:] @ bend[0].mT).numpy()
