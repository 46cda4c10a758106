"""Measured marker positions: checked at the border, missing ones weighted with zero."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def check_markers(names: Sequence[str], positions_m: Tensor, weights: Tensor | None) -> None:
    """
    Check shapes.

    :param names: [markers].
    :param positions_m: [..., markers, 3].
    :param weights: [..., markers] or None.
    :raises ValueError: when they do not fit each other.
    """
    if positions_m.shape[-2:] != (len(names), 3) or not positions_m.is_floating_point():
        raise ValueError(
            f'expected floating marker positions [..., {len(names)}, 3] for {len(names)} names, '
            f'got {positions_m.dtype} {list(positions_m.shape)}'
        )
    if weights is not None and weights.shape[-1:] != (len(names),):
        raise ValueError(f'expected weights [..., {len(names)}], got {list(weights.shape)}')


def clean_markers(positions_m: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """
    Replace missing markers by finite numbers of weight zero.

    :param positions_m: [..., markers, 3]; a marker with a NaN or an infinity is missing.
    :param weights: [..., markers], unitless; NaN or less than zero counts as zero; None for 1.
    :returns: positions [..., markers, 3] and weights [..., markers], all finite.
    """
    seen = positions_m.isfinite().all(-1)
    weight = torch.ones_like(positions_m[..., 0]) if weights is None else weights.to(positions_m)
    weight = torch.where(seen & (weight > 0), weight, 0.0)
    return torch.where(seen[..., None], positions_m, 0.0), weight
