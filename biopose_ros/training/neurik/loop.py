"""
Train NeurIK: from its linear start on single frames, then on windows.

Single frames cost a fraction of windows and teach anatomy; windows then teach what the past adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik
from biopose_ros.inverse_kinematics.neurik_file import load_neurik, save_neurik
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.device import to_device, training_device
from biopose_ros.training.neurik.calibration import calibrate
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.held_out import (
    angle_error_deg,
    held_out_rendered,
    held_out_windows,
)
from biopose_ros.training.neurik.linear_start import fit_linear_start
from biopose_ros.training.neurik.losses import NeurikLoss
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.rendered_windows import (
    RenderedConfig,
    RenderedSampler,
    side_by_side,
)
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler
from biopose_ros.training.timed import TimedConfig, TimedTraining


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
            self.held_out |= held_out_rendered(rendered[1], self.skeleton, config.window_frames)
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
