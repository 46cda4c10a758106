"""Measure a body model: joints from its regressor, soles from its lowest vertices."""

from __future__ import annotations

import numpy as np
import torch

from biopose_ros.body import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES
from biopose_ros.training.motion.proportions import Proportions

_SOLE_THICKNESS_M = 0.02


def measure(body: BodyModel, betas: FloatArray | None = None) -> Proportions:
    """
    Describe one shape of a body model.

    :param body: the model.
    :param betas: [shapes], None for the mean shape.
    """
    shape = torch.zeros(1) if betas is None else torch.as_tensor(betas, dtype=torch.float32)
    with torch.no_grad():
        vertices = body.shaped_m(shape).numpy().astype(np.float64)
        joints = body.shaped_joints_m(shape).numpy().astype(np.float64)
    floor = vertices[:, 1].min()
    estimated = Proportions.from_rest_joints(joints, sole_height_m=floor)
    origin = np.array([joints[0, 0], floor, joints[0, 2]])
    return Proportions(
        estimated.rest_joints_m,
        np.stack([_sole(vertices - origin, estimated, side) for side in range(2)]),
        _ends(vertices - origin),
    )


def _sole(vertices_m: FloatArray, estimated: Proportions, side: int) -> FloatArray:
    """Find heel, inner ball, outer ball and toe tip among the lowest vertices of one foot."""
    outward = 1.0 if side == 0 else -1.0
    low = vertices_m[(vertices_m[:, 1] < _SOLE_THICKNESS_M) & (vertices_m[:, 0] * outward > 0)]
    ball_z = estimated.rest_joints_m[JOINT[f'{SIDES[side]}_foot'], 2]
    near_ball = low[np.abs(low[:, 2] - ball_z) < 0.02]
    points = np.stack(
        [
            low[np.argmin(low[:, 2])],
            near_ball[np.argmin(near_ball[:, 0] * outward)],
            near_ball[np.argmax(near_ball[:, 0] * outward)],
            low[np.argmax(low[:, 2])],
        ]
    )
    points[:, 1] = 0.0
    return points


def _ends(vertices_m: FloatArray) -> FloatArray:
    """Find the top of the head and the finger tips."""
    head = np.array([0.0, vertices_m[:, 1].max(), 0.0])
    left, right = vertices_m[:, 0].argmax(), vertices_m[:, 0].argmin()
    return np.stack([head, vertices_m[left], vertices_m[right]])
