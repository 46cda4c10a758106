"""A training that lasts a given time: schedule, averaged weights, checkpoints, log, resumption."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_WARM_UP_STEPS = 100
_LEAST_RATE = 0.01
_FIRST_CHECK_S = 15.0  # a checkpoint soon, and a sign of life


@dataclass(frozen=True)
class TimedConfig:
    """
    How long and how fast to learn.

    :param minutes: length of the training; the learning rate falls along a cosine over it.
    :param learning_rate: highest.
    :param weight_decay: of AdamW.
    :param average: share of the old in the moving average of the weights.
    :param check_s: seconds between validations, at each of which a checkpoint is written; the
        first comes earlier.
    :param seed: of weights and data.
    """

    minutes: float = 60.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    average: float = 0.998
    check_s: float = 120.0
    seed: int = 0


@dataclass(frozen=True)
class LogLine:
    """
    One line of the log.

    :param elapsed_s: time spent training.
    :param step: optimiser steps made.
    :param losses: by name, means since the last line.
    :param validation: by name; the first is what the best weights are chosen by.
    """

    elapsed_s: float
    step: int
    losses: dict[str, float]
    validation: dict[str, float]

    def text(self) -> str:
        """Give step and validation in one line."""
        figures = ', '.join(f'{name} {value:.3g}' for name, value in self.validation.items())
        return f'step {self.step}: {figures}'


class TimedTraining(ABC):
    """Trains one module; can be stopped and resumed at any checkpoint."""

    def __init__(self, model: nn.Module, folder: Path, config: TimedConfig) -> None:
        """
        Begin, or go on from the checkpoint in the folder.

        :param model: to train, in place.
        :param folder: for checkpoint, best weights and log.
        :param config: how to learn.
        """
        self.model, self.folder, self.config = model, folder, config
        self.average = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average)
        )
        weights = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            weights, config.learning_rate, weight_decay=config.weight_decay
        )
        self.log: list[LogLine] = []
        self.elapsed_s, self.step, self.best = 0.0, 0, math.inf
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = folder / 'checkpoint.pt'
        if self.checkpoint.exists():
            self._resume()

    @abstractmethod
    def losses(self) -> dict[str, Tensor]:
        """Draw a batch and give its losses by name, weighted; their sum is minimised."""

    @abstractmethod
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Measure averaged weights on held-out data; the first figure counts, less is better."""

    @property
    def best_weights(self) -> Path:
        """Where the best averaged weights are."""
        return self.folder / 'best.pt'

    def run(
        self, report: Callable[[LogLine], None] = lambda line: None, stop_s: float = math.inf
    ) -> None:
        """
        Train until the time is up.

        :param report: called after each validation.
        :param stop_s: on the clock of :func:`time.perf_counter`, when to pause: with a checkpoint,
            from which a later run goes on.
        """
        sums: dict[str, float] = {}
        count, last_check = 0, self.elapsed_s
        total_s = 60 * self.config.minutes
        while self.elapsed_s < total_s and (began := time.perf_counter()) < stop_s:
            for name, value in self._train_step(self.elapsed_s / total_s).items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            self.elapsed_s += time.perf_counter() - began
            check_s = self.config.check_s if self.log else min(self.config.check_s, _FIRST_CHECK_S)
            is_last = self.elapsed_s >= total_s or time.perf_counter() >= stop_s
            if is_last or self.elapsed_s - last_check >= check_s:
                self._check({name: value / count for name, value in sums.items()}, report)
                sums, count, last_check = {}, 0, self.elapsed_s

    def run_steps(self, steps: int) -> None:
        """
        Train for a number of steps instead of a time; for comparisons.

        :param steps: of the optimiser.
        """
        for step in range(steps):
            self._train_step(step / steps)

    def _train_step(self, share: float) -> dict[str, float]:
        rate = max(0.5 * (1 + math.cos(math.pi * min(share, 1.0))), _LEAST_RATE)
        rate *= min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        for group in self.optimizer.param_groups:
            group['lr'] = self.config.learning_rate * rate
        self.model.train()
        losses = self.losses()
        self.optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        # The average follows closely at first, or it would remember the untrained weights.
        if self.step * (1 - self.config.average) < 1:
            self.average.module.load_state_dict(self.model.state_dict())
        self.average.update_parameters(self.model)
        return {name: float(value.detach()) for name, value in losses.items()}

    def _check(self, losses: dict[str, float], report: Callable[[LogLine], None]) -> None:
        figures = self.validate(self.average.module.eval())
        self.log.append(LogLine(self.elapsed_s, self.step, losses, figures))
        if next(iter(figures.values())) < self.best:
            self.best = next(iter(figures.values()))
            torch.save(self.average.module.state_dict(), self.best_weights)
        self._save()
        report(self.log[-1])

    def _save(self) -> None:
        state = {
            'model': self.model.state_dict(),
            'average': self.average.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            **{name: getattr(self, name) for name in ('elapsed_s', 'step', 'best')},
            'log': [asdict(line) for line in self.log],
        }
        part = self.checkpoint.with_suffix('.part')
        torch.save(state, part)
        part.replace(self.checkpoint)
        log = json.dumps({'config': asdict(self.config), 'log': state['log']}, indent=2)
        (self.folder / 'log.json').write_text(log + '\n', encoding='utf-8')

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self.checkpoint, map_location='cpu')
        self.model.load_state_dict(state['model'])
        self.average.load_state_dict(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.elapsed_s, self.step, self.best = (
            state[name] for name in ('elapsed_s', 'step', 'best')
        )
        self.log = [LogLine(**line) for line in state['log']]
