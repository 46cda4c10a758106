"""
Train NeurIK: a linear start in closed form, then single frames, then windows.

Single frames cost a fraction of windows and teach anatomy; windows then teach what time tells.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, NeurikEstimate
from biopose_ros.inverse_kinematics.neurik_file import save_neurik
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.neurik.data import LabelledMotion, Truth, WindowConfig, WindowSampler
from biopose_ros.training.neurik.losses import LossConfig, NeurikLoss, estimate_errors
from biopose_ros.training.neurik.noise import NoiseLevels

_ONE_SIGMA = 0.6827  # share of a normal distribution


@dataclass(frozen=True)
class TrainConfig:
    """
    How the network is trained.

    :param minutes: length of the training; the learning rate falls to zero over it.
    :param single_share: of the time, for single frames.
    :param single_batch: frames at once.
    :param window_batch: windows at once.
    :param window_frames: in a window.
    :param learning_rate: highest.
    :param weight_decay: of AdamW.
    :param seed: of weights and data.
    :param check_s: seconds between validations, at each of which a checkpoint is written.
    """

    minutes: float = 110.0
    single_share: float = 0.35
    single_batch: int = 768
    window_batch: int = 48
    window_frames: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 0
    check_s: float = 120.0


@dataclass(frozen=True)
class Progress:
    """
    One line of the training's log.

    :param elapsed_s: time spent training.
    :param step: optimiser steps made.
    :param losses: by name, means since the last line.
    :param validation_deg: mean absolute angle error on windows with mesh noise.
    """

    elapsed_s: float
    step: int
    losses: dict[str, float]
    validation_deg: float


class Trainer:
    """Trains one network; can be stopped and resumed at any checkpoint."""

    def __init__(
        self,
        motion: LabelledMotion,
        validation: LabelledMotion,
        folder: Path,
        config: TrainConfig,
        network: NeurikConfig | None = None,
        losses: LossConfig | None = None,
    ) -> None:
        """
        Prepare, from the folder's checkpoint where there is one.

        :param motion: to learn from.
        :param validation: to check with.
        :param folder: for checkpoint, log and curve.
        :param config: how to train.
        :param network: sizes.
        :param losses: weights of the losses.
        """
        self.config, self.folder = config, folder
        self.skeleton: Skeleton = load_skeleton()
        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        torch.manual_seed(config.seed)
        self.model = Neurik(network or NeurikConfig(), self.skeleton)
        self.loss = NeurikLoss(self.skeleton, losses)
        self.motion = motion
        self.log: list[Progress] = []
        self.elapsed_s, self.step, self.best_deg = 0.0, 0, math.inf
        self.held_out = _validation_windows(validation, self.skeleton, config.window_frames)
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = folder / 'checkpoint.pt'
        if not self.checkpoint.exists():
            fit_linear_start(self.model, self._sampler(1, config.seed + 1000))
        self.model.to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        if self.checkpoint.exists():
            self._resume()
        self.single = self._sampler(1, config.seed + 2 * self.step + 1)
        self.windows = self._sampler(config.window_frames, config.seed + 2 * self.step + 2)

    def run(self, report: Callable[[Progress], None] = lambda progress: None) -> None:
        """
        Train until the time is up.

        :param report: called after each validation.
        """
        self._check({}, report)
        sums: dict[str, float] = {}
        count, last_check = 0, self.elapsed_s
        while self.elapsed_s < 60 * self.config.minutes:
            began = time.perf_counter()
            for name, value in self._train_step().items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            self.elapsed_s += time.perf_counter() - began
            is_last = self.elapsed_s >= 60 * self.config.minutes
            if is_last or self.elapsed_s - last_check >= self.config.check_s:
                self._check({name: value / count for name, value in sums.items()}, report)
                sums, count, last_check = {}, 0, self.elapsed_s

    def _train_step(self) -> dict[str, float]:
        share = self.elapsed_s / (60 * self.config.minutes)
        is_single = share < self.config.single_share
        sampler = self.single if is_single else self.windows
        batch = self.config.single_batch if is_single else self.config.window_batch
        self._set_rate(share)
        self.model.train()
        evidence, truth = sampler.draw(batch)
        estimate = self.model(_moved(evidence, self.device))
        losses = self.loss(estimate, _moved(truth, self.device))
        total = self.loss.total(losses)
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def _set_rate(self, share: float) -> None:
        """Warm up over 50 steps, then fall along a cosine."""
        rate = 0.5 * (1 + math.cos(math.pi * min(share, 1.0))) + 0.005
        rate *= min(1.0, (self.step + 1) / 50)
        for group in self.optimizer.param_groups:
            group['lr'] = self.config.learning_rate * rate

    def _check(self, losses: dict[str, float], report: Callable[[Progress], None]) -> None:
        degrees = self.validate()
        progress = Progress(self.elapsed_s, self.step, losses, degrees)
        self.log.append(progress)
        if degrees < self.best_deg:
            self.best_deg = degrees
            torch.save(self.model.state_dict(), self.folder / 'best.pt')
        self._save()
        report(progress)

    @torch.no_grad()
    def validate(self) -> float:
        """Give the mean absolute angle error on held-out windows with mesh noise, degrees."""
        self.model.eval()
        evidence, truth = self.held_out
        estimate = self.model(_moved(evidence, self.device))
        errors = estimate_errors(self.skeleton, estimate, _moved(truth, self.device))
        half = errors.shape[1] // 2
        return math.degrees(float(errors[:, half:, 6 : 6 + self.model.num_angles].abs().mean()))

    def _sampler(self, frames: int, seed: int) -> WindowSampler:
        return WindowSampler(self.motion, self.skeleton, WindowConfig(frames=frames), seed)

    def _save(self) -> None:
        state = {
            'model': self.model.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            'elapsed_s': self.elapsed_s,
            'step': self.step,
            'best_deg': self.best_deg,
            'network': asdict(self.model.config),
            'log': [asdict(line) for line in self.log],
        }
        part = self.checkpoint.with_suffix('.part')
        torch.save(state, part)
        part.replace(self.checkpoint)
        log = json.dumps({'config': asdict(self.config), 'log': state['log']}, indent=2)
        (self.folder / 'log.json').write_text(log + '\n', encoding='utf-8')

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self.checkpoint, map_location=self.device)
        self.model.load_state_dict(state['model'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.elapsed_s, self.step = state['elapsed_s'], state['step']
        self.best_deg = state['best_deg']
        self.log = [Progress(**line) for line in state['log']]


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
    tokens = model.encode(evidence, model.encoder.axes(evidence.positions_m, evidence.weights))
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


def _validation_windows(
    motion: LabelledMotion, skeleton: Skeleton, frames: int
) -> tuple[Evidence, Truth]:
    sampler = WindowSampler(motion, skeleton, WindowConfig(frames=frames), seed=12345)
    return sampler.draw(64, NoiseLevels.uniform(64, 1.0, 0.0, 0.0))


def _moved(record: Any, device: torch.device) -> Any:
    """Move the tensors of a record to a device."""
    fields: dict[str, Tensor] = {k: v.to(device) for k, v in vars(record).items()}
    return replace(record, **fields)


@torch.no_grad()
def calibrate(model: Neurik, motion: LabelledMotion, windows: int = 256) -> None:
    """
    Scale the standard deviations so that 68 % of held-out errors lie within one of them.

    :param model: trained, on the CPU; changed in place.
    :param motion: of the validation split.
    :param windows: to measure, with noise of all strengths.
    """
    skeleton = load_skeleton()
    model.eval()
    model.log_calibration.zero_()
    evidence, truth = WindowSampler(motion, skeleton, WindowConfig(), seed=4321).draw(windows)
    estimate = model(evidence)
    errors = estimate_errors(skeleton, estimate, truth)
    ratio = (errors.abs() * torch.exp(-estimate.log_stddev)).flatten(0, 1)
    model.log_calibration.copy_(ratio.quantile(_ONE_SIGMA, dim=0).clamp(0.1, 10).log())


def finish(folder: Path, validation: LabelledMotion, path: Path) -> Neurik:
    """
    Calibrate the best network of a training and write its weights.

    :param folder: of the training.
    :param validation: held-out motion.
    :param path: of the weights file.
    """
    skeleton = load_skeleton()
    state = torch.load(folder / 'checkpoint.pt', map_location='cpu')
    model = Neurik(NeurikConfig(**state['network']), skeleton)
    model.load_state_dict(torch.load(folder / 'best.pt', map_location='cpu'))
    calibrate(model, validation)
    save_neurik(path, model, skeleton)
    return model
