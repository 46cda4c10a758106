"""NeurIK's linear path in closed form, so that training starts near the answer."""

from __future__ import annotations

import torch

from biopose_ros.inverse_kinematics.held_pelvis import hold_over_time
from biopose_ros.inverse_kinematics.neurik import Neurik
from biopose_ros.training.neurik.noise import NoiseLevels
from biopose_ros.training.neurik.windows import WindowSampler

_FRAMES = 12_000  # to fit


@torch.no_grad()
def fit_linear_start(model: Neurik, sampler: WindowSampler) -> None:
    """
    Fit the network's linear path by ridge regression, so that training starts near the answer.

    :param model: untrained, on the CPU.
    :param sampler: of single frames.
    """
    levels = NoiseLevels.uniform(_FRAMES, 0.7, 0.0, 0.0)
    evidence, truth = sampler.draw(_FRAMES, levels)
    axes = model.encoder.axes(evidence.positions_m, evidence.weights)
    held = hold_over_time(axes, evidence.keypoints_m, evidence.keypoint_weights)
    tokens = model.encode(evidence, axes, held)
    wanted = model.mean_outputs(truth.as_estimate(), tokens)[:, 0].double()
    features = tokens.pose[:, 0].double()
    mean, spread = features.mean(0), features.std(0).clamp(min=1e-3)
    scaled = (features - mean) / spread
    centred = wanted - wanted.mean(0)
    gram = scaled.mT @ scaled + 0.01 * _FRAMES * torch.eye(scaled.shape[1]).double()
    slopes = torch.linalg.solve(gram, scaled.mT @ centred) / spread[:, None]
    model.direct.weight.copy_(slopes.mT)
    model.direct.bias.copy_(wanted.mean(0) - mean @ slopes)
