"""Losses of the person detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from biopose_ros.training.detector.matching import Targets


def _default_weights() -> dict[str, float]:
    return {'score': 1.0, 'middle': 1.0, 'points': 2.0}


@dataclass(frozen=True)
class LossConfig:
    """
    How errors are weighed.

    :param weights: by loss.
    :param focus: exponent of the focal loss: right answers get less weight.
    """

    weights: Mapping[str, float] = field(default_factory=_default_weights)
    focus: float = 2.0


def detector_losses(
    outputs: Mapping[str, Tensor], targets: Targets, config: LossConfig
) -> dict[str, Tensor]:
    """
    Compare outputs with their targets.

    :param outputs: ``scores`` [windows, anchors, 1], logits, and ``boxes`` [windows, anchors, 12].
    :param targets: of the same windows.
    :param config: how errors are weighed.
    :returns: by name, weighted: focal loss of the scores (Lin et al. 2017) per speaking
        anchor; smooth L1 of the box's middle, in sides of the box; and of the points, in radii of
        the circle around the person. The box's extent is the same for everybody in the published
        network, and nothing reads it.
    """
    logits = outputs['scores'][..., 0].float()
    numbers = outputs['boxes'].float().reshape(*logits.shape, 6, 2)
    speaking = targets.scores > 0
    count = speaking.sum().clamp(min=1)
    entropy = functional.binary_cross_entropy_with_logits(logits, targets.scores, reduction='none')
    wrong = (torch.sigmoid(logits) - targets.scores).abs() ** config.focus
    score = (wrong * entropy * targets.weights).sum() / count
    errors = numbers[speaking] - targets.numbers[speaking]
    side, radius = targets.scales_px[speaking].unbind(-1)
    middle = _smooth(errors[:, 0] / side[:, None]) / count
    points = _smooth(errors[:, 2:] / radius[:, None, None]) / count
    losses = {'score': score, 'middle': middle, 'points': points}
    return {name: config.weights[name] * value for name, value in losses.items()}


def _smooth(errors: Tensor) -> Tensor:
    """:returns: sum of a smooth L1 that turns linear at a tenth."""
    return functional.smooth_l1_loss(errors, torch.zeros_like(errors), beta=0.1, reduction='sum')
