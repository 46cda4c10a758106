"""Joint limits; full turns have none while searching and are wrapped into range afterwards."""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from biopose_ros.skeleton.skeleton import Skeleton


def is_circular(skeleton: Skeleton) -> Tensor:
    """
    Find the coordinates that are angles with a range of a full turn.

    :param skeleton: any skeleton.
    :returns: [coordinates], bool.
    """
    span = skeleton.upper_limits - skeleton.lower_limits
    return skeleton.is_rotation & (span >= 2 * pi - 1e-6)


def search_limits(skeleton: Skeleton, like: Tensor) -> tuple[Tensor, Tensor]:
    """
    Give lower and upper limits for a search, infinite for circular coordinates.

    :param skeleton: any skeleton.
    :param like: its precision and device are used.
    :returns: [coordinates] each.
    """
    circular = is_circular(skeleton)
    lower = torch.where(circular, -torch.inf, skeleton.lower_limits)
    upper = torch.where(circular, torch.inf, skeleton.upper_limits)
    return lower.to(like), upper.to(like)


def wrap(skeleton: Skeleton, coordinates: Tensor) -> Tensor:
    """
    Bring circular coordinates into their range by whole turns, all others by clamping.

    :param skeleton: any skeleton.
    :param coordinates: [..., coordinates].
    """
    lower = skeleton.lower_limits.to(coordinates)
    upper = skeleton.upper_limits.to(coordinates)
    outside = (coordinates < lower) | (coordinates > upper)
    turned = lower + torch.remainder(coordinates - lower, 2 * pi)
    circular = is_circular(skeleton).to(coordinates.device)
    return torch.where(circular & outside, turned, coordinates).clamp(lower, upper)
