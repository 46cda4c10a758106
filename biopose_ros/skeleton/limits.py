"""Joint limits; full turns have none while searching and are wrapped afterwards."""

from __future__ import annotations

from math import pi

import numpy as np
import torch
from torch import Tensor

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.skeleton import Skeleton


def is_circular(skeleton: Skeleton) -> Tensor:
    """
    Find the coordinates that are angles with a range of a full turn.

    :param skeleton: any skeleton.
    :returns: [coordinates], bool.
    """
    span = skeleton.upper_limits - skeleton.lower_limits
    return skeleton.is_rotation & (span >= 2 * pi - 1e-6)


def range_width(skeleton: Skeleton) -> Tensor:
    """
    Give the width of each coordinate's range, a full turn where it is circular.

    :param skeleton: any skeleton.
    :returns: [coordinates], radians or metres.
    """
    width = skeleton.upper_limits - skeleton.lower_limits
    return torch.where(is_circular(skeleton), 2 * pi, width)


def widest_stddev(skeleton: Skeleton) -> FloatArray:
    """
    Give the largest uncertainty of a coordinate: it may be anywhere within its limits.

    :param skeleton: any skeleton.
    :returns: [coordinates], 1 sigma of the uniform distribution, radians; infinite for
        translations.
    """
    width = range_width(skeleton).numpy()
    return np.where(skeleton.is_rotation.numpy(), width / np.sqrt(12), np.inf)


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
    Bring circular coordinates by whole turns within half a turn of the middle of their range.

    All others are clamped.

    :param skeleton: any skeleton.
    :param coordinates: [..., coordinates].
    """
    lower = skeleton.lower_limits.to(coordinates)
    upper = skeleton.upper_limits.to(coordinates)
    start = (lower + upper) / 2 - pi
    beyond = coordinates - start
    turned = start + torch.remainder(beyond, 2 * pi)
    circular = is_circular(skeleton).to(coordinates.device)
    # Not where nothing needs turning: a remainder costs a rounding error.
    wrapped = torch.where(circular & ((beyond < 0) | (beyond > 2 * pi)), turned, coordinates)
    return wrapped.clamp(lower, upper)
