"""
Train NeurIK: a linear start in closed form, then single frames, then windows.

Single frames cost a fraction of windows and teach anatomy; windows then teach what time tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.held_pelvis import hold_over_time
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, NeurikEstimate
from biopose_ros.inverse_kinematics.neurik_file import load_neurik, save_neurik
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.device import to_device, training_device
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.losses import NeurikLoss, estimate_errors
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.training.neurik.noise import NoiseLevels
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.rendered_windows import (
    RenderedConfig,
    RenderedSampler,
    side_by_side,
)
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler, without
from biopose_ros.training.timed import TimedConfig, TimedTraining

_ONE_SIGMA = 0.6827  # share of a normal distribution
_HELD_OUT = 96  # windows per kind of evidence


@dataclass(frozen=True)
class TrainConfig(TimedConfig):
    """
    How the network is trained.

    :param single_share: of the time, for single frames.
    :param single_batch: frames at once.
    :param window_batch: windows at once.
    :param window_frames: in a window.
    """

    minutes: float = 110.0
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    single_share: float = 0.12
    single_batch: int = 1024
    window_batch: int = 64
    window_frames: int = 32


class NeurikTraining(TimedTraining):
    """Trains one network; can be stopped and resumed at any checkpoint."""

    def __init__(
        self,
        motion: LabelledMotion,
        validation: LabelledMotion,
        folder: Path,
        config: TrainConfig,
        network: NeurikConfig | None = None,
        start: Path | None = None,
        rendered: tuple[RenderedEvidence, RenderedEvidence] | None = None,
        errors: MeshErrors | None = None,
    ) -> None:
        """
        Begin, or go on from the checkpoint in the folder.

        :param motion: to learn from.
        :param validation: to check with.
        :param folder: for checkpoint, log and curve.
        :param config: how to train.
        :param network: sizes, where nothing else is said.
        :param start: weights file of a network to go on from; None starts afresh.
        :param rendered: what the networks say on image sequences, to learn from in every other
            window, and to check with.
        :param errors: of the mesh network, to learn from.
        """
        self.skeleton: Skeleton = load_skeleton()
        self.device = training_device()
        torch.manual_seed(config.seed)
        if start is None:
            model = Neurik(network or NeurikConfig(), self.skeleton)
            first = WindowSampler(
                motion, self.skeleton, WindowConfig(frames=1), config.seed + 1000
            )
            fit_linear_start(model, first)
        else:
            model, _ = load_neurik(start)
        self.loss = NeurikLoss(self.skeleton)
        self.held_out = held_out_windows(validation, self.skeleton, config.window_frames, errors)
        if rendered is not None:
            self.held_out |= rendered_windows(rendered[1], self.skeleton, config.window_frames)
        self._single_share = config.single_share
        self._batches = config.single_batch, config.window_batch
        super().__init__(model.to(self.device), folder, config)
        self.single, self.windows = (
            WindowSampler(motion, self.skeleton, WindowConfig(frames=frames), seed, errors)
            for frames, seed in (
                (1, config.seed + 2 * self.step + 1),
                (config.window_frames, config.seed + 2 * self.step + 2),
            )
        )
        self.rendered = rendered and RenderedSampler(
            rendered[0],
            self.skeleton,
            RenderedConfig(config.window_frames),
            config.seed + 2 * self.step + 3,
        )

    def losses(self) -> dict[str, Tensor]:
        """Draw frames at first, then windows, and give their losses by name, weighted."""
        evidence, truth = self._draw()
        # Matrix products are several times faster so on CPUs that have the instructions.
        with torch.autocast('cpu', torch.bfloat16, enabled=self.device.type == 'cpu'):
            estimate = self.model(to_device(evidence, self.device))
        return self.loss.weighted(self.loss(estimate, to_device(truth, self.device)))

    def _draw(self) -> tuple[Evidence, Truth]:
        single_batch, window_batch = self._batches
        if self.elapsed_s < 60 * self.config.minutes * self._single_share:
            return self.single.draw(single_batch)
        if self.rendered is None:
            return self.windows.draw(window_batch)
        half = window_batch // 2
        return side_by_side(self.windows.draw(window_batch - half), self.rendered.draw(half))

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Give the mean absolute angle error by evidence, degrees; their geometric mean first."""
        model.to(self.device)
        figures = {
            name: angle_error_deg(
                cast(Neurik, model),
                to_device(evidence, self.device),
                to_device(truth, self.device),
            )
            for name, (evidence, truth) in self.held_out.items()
        }
        return {'mean': math.prod(figures.values()) ** (1 / len(figures)), **figures}


def held_out_windows(
    motion: LabelledMotion, skeleton: Skeleton, frames: int, errors: MeshErrors | None = None
) -> dict[str, tuple[Evidence, Truth]]:
    """
    Draw the windows that a training is checked with, with mesh noise, by kind of evidence.

    :param motion: of the validation split.
    :param skeleton: the default one.
    :param frames: in a window.
    :param errors: of a mesh network, for windows with its errors; None for none of these.
    """
    config = WindowConfig(frames=frames, keypoint_share=1.0, blind_share=0.0)
    levels = NoiseLevels.uniform(_HELD_OUT, 1.0, 0.0, 0.0)
    both, truth = WindowSampler(motion, skeleton, config, seed=12345).draw(_HELD_OUT, levels)
    measured = WindowSampler(motion, skeleton, config, seed=12345, errors=errors)
    return {
        **({'measured': measured.draw(_HELD_OUT)} if errors else {}),
        'markers': (without(both, 'keypoint_weights'), truth),
        'markers_keypoints': (both, truth),
        'keypoints': (without(both, 'weights'), truth),
    }


def rendered_windows(
    rendered: RenderedEvidence, skeleton: Skeleton, frames: int
) -> dict[str, tuple[Evidence, Truth]]:
    """
    Draw such windows from rendered sequences.

    :param rendered: of the validation split.
    :param skeleton: the default one.
    :param frames: in a window.
    """
    sampler = RenderedSampler(rendered, skeleton, RenderedConfig.plain(frames), seed=12345)
    every, truth = sampler.draw(_HELD_OUT)
    return {
        'rendered': (every, truth),
        'rendered_markers': (without(every, 'keypoint_weights', 'feature_weights'), truth),
    }


def angle_error_deg(model: Neurik, evidence: Evidence, truth: Truth) -> float:
    """
    Give the mean absolute angle error over the second half of windows, degrees.

    :param model: in evaluation mode.
    :param evidence: of windows.
    :param truth: of the same windows.
    """
    errors = estimate_errors(load_skeleton(), model(evidence), truth)
    half = errors.shape[1] // 2
    return math.degrees(float(errors[:, half:, 6 : 6 + model.num_angles].abs().mean()))


@torch.no_grad()
def fit_linear_start(model: Neurik, sampler: WindowSampler, frames: int = 12000) -> None:
    """
    Fit the network's linear path by ridge regression, so that training starts near the answer.

    :param model: untrained, on the CPU.
    :param sampler: of single frames.
    :param frames: to fit.
    """
    levels = NoiseLevels.uniform(frames, 0.7, 0.0, 0.0)
    evidence, truth = sampler.draw(frames, levels)
    axes = model.encoder.axes(evidence.positions_m, evidence.weights)
    held = hold_over_time(axes, evidence.keypoints_m, evidence.keypoint_weights)
    tokens = model.encode(evidence, axes, held)
    wanted = model.mean_outputs(_as_estimate(truth), tokens)[:, 0].double()
    features = tokens.pose[:, 0].double()
    mean, spread = features.mean(0), features.std(0).clamp(min=1e-3)
    scaled = (features - mean) / spread
    centred = wanted - wanted.mean(0)
    gram = scaled.mT @ scaled + 0.01 * frames * torch.eye(scaled.shape[1]).double()
    slopes = torch.linalg.solve(gram, scaled.mT @ centred) / spread[:, None]
    model.direct.weight.copy_(slopes.mT)
    model.direct.bias.copy_(wanted.mean(0) - mean @ slopes)


def _as_estimate(truth: Truth) -> NeurikEstimate:
    return NeurikEstimate(
        truth.angles_rad,
        truth.angles_rad,
        truth.pelvis_rotations,
        truth.pelvis_positions_m,
        truth.factors,
        torch.zeros_like(truth.angles_rad),
    )


@torch.no_grad()
def calibrate(
    model: Neurik,
    motion: LabelledMotion,
    rendered: RenderedEvidence | None = None,
    windows: int = 256,
) -> None:
    """
    Scale the standard deviations so that 68 % of held-out errors lie within one of them.

    :param model: trained, on the CPU; changed in place.
    :param motion: of the validation split; windows with noise of all strengths are drawn.
    :param rendered: of the validation split, for evidence with features; None takes the
        same scales there.
    :param windows: to measure, of each.
    """
    skeleton = load_skeleton()
    model.eval()
    model.log_calibration.zero_()
    simulated = WindowSampler(motion, skeleton, WindowConfig(), seed=4321).draw(windows)
    model.log_calibration.copy_(_log_ratio(model, *simulated))
    if rendered is not None:
        plain = RenderedConfig.plain(WindowConfig.frames)
        seen = RenderedSampler(rendered, skeleton, plain, seed=4321).draw(windows)
        model.log_calibration[1] += _log_ratio(model, *seen)


def _log_ratio(model: Neurik, evidence: Evidence, truth: Truth) -> Tensor:
    """Give the logarithm of the error that 68 % stay below, over the standard deviation."""
    estimate = model(evidence)
    errors = estimate_errors(load_skeleton(), estimate, truth)
    ratio = (errors.abs() * torch.exp(-estimate.log_stddev)).flatten(0, 1)
    return ratio.quantile(_ONE_SIGMA, dim=0).clamp(0.1, 10).log()


def finish(
    training: NeurikTraining,
    validation: LabelledMotion,
    path: Path,
    rendered: RenderedEvidence | None = None,
) -> Neurik:
    """
    Calibrate the best network of a training and write its weights.

    :param training: finished, or at least checked once.
    :param validation: held-out motion.
    :param path: of the weights file.
    :param rendered: held-out rendered sequences.
    """
    model = Neurik(cast(Neurik, training.model).config, training.skeleton)
    model.load_state_dict(torch.load(training.best_weights, map_location='cpu'))
    calibrate(model, validation, rendered)
    save_neurik(path, model, training.skeleton)
    return model
