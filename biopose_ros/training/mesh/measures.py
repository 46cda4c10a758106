"""Errors of meshes, as the field measures them."""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.mesh_recovery.network import MeshEstimate
from biopose_ros.training.mesh.data import MeshTruth

_JOINTS = len(JOINT_NAMES)
_KNEES, _HIPS, _ANKLES = (
    [JOINT_NAMES.index(f'{side}_{name}') for side in ('left', 'right')]
    for name in ('knee', 'hip', 'ankle')
)
_BENDING = {'knee': _KNEES, 'hip': _HIPS, 'ankle': _ANKLES}
_STRAIGHT_DEG = 12.0


def mesh_measures(estimate: MeshEstimate, points_m: Tensor, truth: MeshTruth) -> dict[str, float]:
    """
    Measure estimates against the truth.

    :param estimate: of crops.
    :param points_m: [crops, 24 + markers, 3], about the pelvis joint.
    :param truth: of the same crops.
    :returns: ``pa_mpjpe_mm`` (after similarity alignment), ``mpjpe_mm`` (about the pelvis),
        ``rotation_deg`` (geodesic, relative to the parent), ``knee_deg``, ``keypoint_px`` (of 256,
        joints' own places inside the crop), ``depth_share`` (error of the pelvis's depth),
        ``knee_gain``, ``hip_gain``, ``ankle_gain`` (slope of the estimated flexion on the truth),
        ``straight_knee_deg`` (mean of estimate minus truth where both legs are straight).
    """
    joints_m, wanted_m = points_m[:, :_JOINTS], truth.points_m[:, :_JOINTS]
    aligned_m = similarity_aligned(joints_m, wanted_m)
    turns = geodesic_rad(estimate.pose, truth.pose).rad2deg()
    inside = ((truth.joints > 0) & (truth.joints < 1)).all(-1)
    bent, wanted = (
        {name: flexion_deg(part.pose[:, joints]) for name, joints in _BENDING.items()}
        for part in (estimate, truth)
    )
    straight = wanted['knee'].amax(1) < _STRAIGHT_DEG
    off = 256 * (estimate.joints - truth.joints).norm(dim=-1)
    return {
        'pa_mpjpe_mm': 1e3 * float((aligned_m - wanted_m).norm(dim=-1).mean()),
        'mpjpe_mm': 1e3 * float((joints_m - wanted_m).norm(dim=-1).mean()),
        'rotation_deg': float(turns[:, :22].mean()),
        'knee_deg': float(turns[:, _KNEES].mean()),
        'keypoint_px': float(off[inside].mean()),
        'depth_share': float((estimate.place[:, 2] - truth.place[:, 2]).abs().mean()),
        **{f'{name}_gain': _slope(bent[name], wanted[name]) for name in _BENDING},
        'straight_knee_deg': float((bent['knee'] - wanted['knee'])[straight].mean()),
    }


def flexion_deg(turns: Tensor) -> Tensor:
    """
    Give how far joints turn about their parent's x axis; knees bend so, hips and ankles extend.

    :param turns: [..., 3, 3], relative to the parent.
    :returns: [...], degrees.
    """
    return torch.atan2(turns[..., 2, 1], turns[..., 1, 1]).rad2deg()


def _slope(estimate: Tensor, truth: Tensor) -> float:
    estimate, truth = estimate - estimate.mean(), truth - truth.mean()
    return float((estimate * truth).sum() / truth.square().sum())


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
