"""From outputs of the network to points in the crop camera's axes, and onto the crop."""

from __future__ import annotations

import torch
from torch import Tensor


def pelvis_position_m(place: Tensor, unprojection: Tensor, log_extent: Tensor) -> Tensor:
    """
    Put the pelvis joint where its place in the crop and its depth say.

    :param place: [..., 3], see :class:`~biopose_ros.mesh_recovery.network.MeshEstimate`.
    :param unprojection: [..., 3, 3], the inverse of the crop cameras' projection.
    :param log_extent: [...], natural logarithm of their extents.
    :returns: [..., 3], metres, crop camera's axes.
    """
    corner = torch.cat([place[..., :2], torch.ones_like(place[..., :1])], -1)
    ray = (unprojection @ corner[..., None])[..., 0]
    depth_m = (place[..., 2] - log_extent).exp()
    return ray / ray[..., 2:] * depth_m[..., None]


def onto_crop(points_m: Tensor, projection: Tensor) -> Tensor:
    """
    Project.

    :param points_m: [..., points, 3], crop camera's axes.
    :param projection: [..., 3, 3].
    :returns: [..., points, 2], 0 to 1 across the crop; points behind the camera land far outside.
    """
    seen = points_m @ projection.mT
    return seen[..., :2] / seen[..., 2:].clamp(min=1e-3)
