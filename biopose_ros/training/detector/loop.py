"""Train the person detector on rendered and real windows, starting from the published network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from biopose_ros.detection.graph_file import write_graph
from biopose_ros.detection.person_detector import KIND
from biopose_ros.pretrained.network_import import load_torch_network
from biopose_ros.pretrained.networks import LICENCE, NETWORKS
from biopose_ros.training.detector.augmentation import augment
from biopose_ros.training.detector.losses import LossConfig, detector_losses
from biopose_ros.training.detector.matching import match
from biopose_ros.training.detector.real_frames import RealFrame, real_window
from biopose_ros.training.detector.store import WindowStore
from biopose_ros.training.detector.windows import LabelledWindow
from biopose_ros.training.device import training_device
from biopose_ros.training.timed import TimedConfig, TimedTraining

START = NETWORKS['pose_detection']


@dataclass(frozen=True)
class TrainConfig(TimedConfig):
    """
    How the detector is trained.

    :param chunks: of rendered windows, over which the training passes again and again.
    :param real_windows: in a batch, beside one chunk.
    :param loss: weights of the losses.
    """

    minutes: float = 25.0
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    average: float = 0.99
    chunks: int = 640
    real_windows: int = 6
    loss: LossConfig = field(default_factory=LossConfig)


class DetectorTraining(TimedTraining):
    """Trains one detector; can be stopped and resumed at any checkpoint."""

    config: TrainConfig

    def __init__(
        self,
        windows: WindowStore,
        validation: Sequence[LabelledWindow],
        real: Sequence[RealFrame],
        folder: Path,
        config: TrainConfig,
    ) -> None:
        """
        Begin, or go on from the checkpoint in the folder.

        :param windows: rendered ones to learn from.
        :param validation: windows to check with.
        :param real: frames to learn from; may be none.
        :param folder: for checkpoint and log.
        :param config: how to train.
        :raises NetworkFileError: when the published network was never imported.
        """
        self.windows, self.validation, self.real = windows, validation, real
        self.device = training_device()
        model = load_torch_network(START.name, list(START.tensors)).to(self.device)
        # Channels last: this network's convolutions take two thirds of the time so.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(model, folder, config)

    def losses(self) -> dict[str, Tensor]:
        """Compare outputs for augmented windows with the truth; the step is the seed."""
        random = np.random.default_rng([self.config.seed, self.step])
        epoch, place = divmod(self.step, self.config.chunks)
        order = np.random.default_rng([self.config.seed, epoch]).permutation(self.config.chunks)
        windows = self.windows.chunk(int(order[place]))
        for _ in range(self.config.real_windows if self.real else 0):
            frame = self.real[int(random.integers(len(self.real)))]
            windows.append(real_window(random, frame))
        return self._compare(self.model, [augment(random, window) for window in windows])

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Give the losses on held-out windows."""
        batches = [self.validation[i : i + 16] for i in range(0, len(self.validation), 16)]
        found = [self._compare(model, batch) for batch in batches]
        means = {name: float(np.mean([float(one[name]) for one in found])) for name in found[0]}
        return {'total': sum(means.values()), **means}

    def write(self, path: Path) -> None:
        """
        Write the best averaged weights.

        :param path: ends in ``.safetensors``.
        """
        model = load_torch_network(START.name, list(START.tensors))
        model.load_state_dict(torch.load(self.best_weights, map_location='cpu'))
        header = {
            'licence': LICENCE,
            'initialised_from': f'{START.package.name} {START.package.version}, {START.member}',
        }
        write_graph(path, KIND, model, START.size_px, START.lowest, header)

    def _compare(self, model: nn.Module, windows: Sequence[LabelledWindow]) -> dict[str, Tensor]:
        outputs = model(_as_input(windows, self.device))
        return detector_losses(outputs, match(windows, self.device), self.config.loss)


def _as_input(windows: Sequence[LabelledWindow], device: torch.device) -> Tensor:
    """:returns: [windows, 3, side, side], red first, in the network's range."""
    images = np.stack([window.image_bgr[..., ::-1] for window in windows])
    channels_first = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()
    return channels_first * ((1 - START.lowest) / 255) + START.lowest
