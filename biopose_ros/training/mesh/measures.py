"""Errors of meshes, as the field measures them."""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.mesh_recovery.network import MeshEstimate
from biopose_ros.training.mesh.data import MeshTruth

_JOINTS = len(JOINT_NAMES)
_KNEES = [JOINT_NAMES.index('left_knee'), JOINT_NAMES.index('right_knee')]


def mesh_measures(estimate: MeshEstimate, points_m: Tensor, truth: MeshTruth) -> dict[str, float]:
    """
    Measure estimates against the truth.

    :param estimate: of crops.
    :param points_m: [crops, 24 + markers, 3], about the pelvis joint.
    :param truth: of the same crops.
    :returns: ``pa_mpjpe_mm`` (after similarity alignment), ``mpjpe_mm`` (about the pelvis),
        ``rotation_deg`` (geodesic, relative to the parent), ``knee_deg``, ``keypoint_px`` (of 256,
        joints' own places inside the crop), ``depth_share`` (error of the pelvis's depth).
    """
    joints_m, wanted_m = points_m[:, :_JOINTS], truth.points_m[:, :_JOINTS]
    aligned_m = similarity_aligned(joints_m, wanted_m)
    turns = geodesic_rad(estimate.pose, truth.pose).rad2deg()
    inside = ((truth.joints > 0) & (truth.joints < 1)).all(-1)
    off = 256 * (estimate.joints - truth.joints).norm(dim=-1)
    return {
        'pa_mpjpe_mm': 1e3 * float((aligned_m - wanted_m).norm(dim=-1).mean()),
        'mpjpe_mm': 1e3 * float((joints_m - wanted_m).norm(dim=-1).mean()),
        'rotation_deg': float(turns[:, :22].mean()),
        'knee_deg': float(turns[:, _KNEES].mean()),
        'keypoint_px': float(off[inside].mean()),
        'depth_share': float((estimate.place[:, 2] - truth.place[:, 2]).abs().mean()),
    }


def similarity_aligned(points_m: Tensor, wanted_m: Tensor) -> Tensor:
    """
    Move, turn and scale points onto others (Procrustes; Umeyama 1991).

    :param points_m: [batch, points, 3].
    :param wanted_m: [batch, points, 3].
    :returns: [batch, points, 3].
    """
    middle, target = points_m.mean(1, keepdim=True), wanted_m.mean(1, keepdim=True)
    away, wanted = points_m - middle, wanted_m - target
    left, stretch, right = torch.linalg.svd(wanted.mT @ away)
    sign = torch.ones_like(stretch)
    sign[:, -1] = torch.linalg.det(left @ right).sign()
    turn = left @ (sign[..., None] * right)
    scale = (stretch * sign).sum(-1) / away.square().sum((1, 2)).clamp(min=1e-12)
    return scale[:, None, None] * (away @ turn.mT) + target


def geodesic_rad(rotations: Tensor, others: Tensor) -> Tensor:
    """
    Give the angle between rotations.

    :param rotations: [..., 3, 3].
    :param others: [..., 3, 3].
    :returns: [...], radians.
    """
    relative = rotations.mT @ others
    trace = relative.diagonal(dim1=-2, dim2=-1).sum(-1)
    skew = relative - relative.mT
    sine = 0.5 * torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1).norm(dim=-1)
    return torch.atan2(sine, 0.5 * (trace - 1))
