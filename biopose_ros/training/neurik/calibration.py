"""Scale NeurIK's standard deviations to the errors on held-out windows."""

from __future__ import annotations

import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.losses import estimate_errors
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.rendered_windows import RenderedConfig, RenderedSampler
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler

_WINDOWS = 256  # to measure, of each kind
_ONE_SIGMA = 0.6827  # share of a normal distribution


@torch.no_grad()
def calibrate(model: Neurik, motion: LabelledMotion, rendered: RenderedEvidence | None) -> None:
    """
    Scale the standard deviations so that 68 % of held-out errors lie within one of them.

    :param model: trained, on the CPU; changed in place.
    :param motion: of the validation split; windows with noise of all strengths are drawn.
    :param rendered: of the validation split, for evidence with features; None takes the
        same scales there.
    """
    skeleton = load_skeleton()
    model.eval()
    model.log_calibration.zero_()
    simulated = WindowSampler(motion, skeleton, WindowConfig(), seed=4321).draw(_WINDOWS)
    model.log_calibration.copy_(_log_ratio(model, *simulated))
    if rendered is not None:
        plain = RenderedConfig.plain(WindowConfig.frames)
        seen = RenderedSampler(rendered, skeleton, plain, seed=4321).draw(_WINDOWS)
        model.log_calibration[1] += _log_ratio(model, *seen)


def _log_ratio(model: Neurik, evidence: Evidence, truth: Truth) -> Tensor:
    """Give the logarithm of the error that 68 % stay below, over the standard deviation."""
    estimate = model(evidence)
    errors = estimate_errors(load_skeleton(), estimate, truth)
    ratio = (errors.abs() * torch.exp(-estimate.log_stddev)).flatten(0, 1)
    return ratio.quantile(_ONE_SIGMA, dim=0).clamp(0.1, 10).log()
