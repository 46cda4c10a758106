"""Train MQ-HMR's decoder on the maps of a frozen encoder."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.network import MeshEstimate, MeshRecovery
from biopose_ros.training.device import (
    compiled,
    mixed_precision,
    to_device,
    training_device,
)
from biopose_ros.training.mesh.data import MeshData, disturbed, fit_normalisation
from biopose_ros.training.mesh.losses import MeshLoss
from biopose_ros.training.mesh.measures import mesh_measures
from biopose_ros.training.timed import TimedConfig, TimedTraining
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m

_CHECK_BATCH = 128
_WAIT_S = 0.5


class MeshTraining(TimedTraining):
    """Trains one decoder."""

    def __init__(
        self,
        data: MeshData,
        held_out: MeshData,
        folder: Path,
        network: MeshRecoveryConfig,
        config: TimedConfig,
        batch: int = 96,
        start: MeshRecovery | None = None,
        uses: float = math.inf,
    ) -> None:
        """
        Begin, or go on from the checkpoint in the folder.

        :param data: to learn from.
        :param held_out: to check with.
        :param folder: for checkpoint, log and curve.
        :param network: sizes.
        :param config: how to learn.
        :param batch: crops at once.
        :param start: a trained network, perhaps for another encoder, whose weights are taken over
            where they fit.
        :param uses: how often an image is learnt from, in the mean, before learning waits for new
            ones; endless for a store that gets none.
        """
        torch.manual_seed(config.seed)
        self.data, self.held_out, self.batch, self.uses = data, held_out, batch, uses
        model = _Learner(MeshRecovery(network), MeshLoss(network.feature_size))
        if start is not None:
            take_over(model.network, start)
        if start is None or start.config.encoder != network.encoder:
            fit_normalisation(model.network, data)
        self.device = training_device()
        super().__init__(model.to(self.device), folder, config)
        seed = config.seed + 7919 * (self.step + 1)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._recover = compiled(model.network.recover, self.device)
        self._order = torch.Generator().manual_seed(seed)
        self._queue = torch.empty(0, dtype=torch.int64)

    def losses(self) -> dict[str, Tensor]:
        """Draw a batch without replacement and give its losses."""
        while self.batch * (self.step + 1) > self.uses * self.data.drawn:
            time.sleep(_WAIT_S)
        if len(self._queue) < self.batch:
            self.data.refresh()
            rows = self.data.rows
            self._queue = rows[torch.randperm(len(rows), generator=self._order)]
        rows, self._queue = self._queue[: self.batch].sort().values, self._queue[self.batch :]
        rows = self.data.unchanged(rows)
        model = self.model
        assert isinstance(model, _Learner)
        evidence = disturbed(self.data.evidence(rows, model.network), self.generator)
        with mixed_precision(self.device):
            estimates, summary = self._recover(evidence)
        truth = to_device(self.data.truth.rows(rows), self.device)
        found: dict[str, Tensor] = model.loss(estimates, summary, evidence.view, truth)
        return found

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Measure errors on held-out crops."""
        assert isinstance(model, _Learner)
        truth = self.held_out.truth.rows(self.held_out.rows)
        return mesh_measures(*predictions(model, self.held_out), truth)


class _Learner(nn.Module):
    """The network and what its losses need, so that both are averaged and kept together."""

    def __init__(self, network: MeshRecovery, loss: MeshLoss) -> None:
        super().__init__()
        self.network, self.loss = network, loss


def recovered_points(network: MeshRecovery, data: MeshData) -> Tensor:
    """
    Run a trained network over all crops.

    :param network: trained.
    :param data: of its encoder.
    :returns: joints and markers about the pelvis in crop camera axes [crops, points, 3], metres.
    """
    loss = MeshLoss(network.config.feature_size)
    return predictions(_Learner(network, loss).eval(), data)[1]


@torch.inference_mode()
def predictions(model: _Learner, data: MeshData) -> tuple[MeshEstimate, Tensor]:
    """
    Run the network over all crops.

    :param model: trained.
    :param data: of a split.
    :returns: on the CPU, the estimates, and joints and markers about the pelvis
        [crops, points, 3].
    """
    device = model.network.get_buffer('mean_pose').device
    parts, points = [], []
    for rows in data.rows.split(_CHECK_BATCH):
        with mixed_precision(device):
            estimates, _ = model.network.recover(data.evidence(rows, model.network))
        last = estimates[-1]
        parts.append(to_device(last, torch.device('cpu')))
        loss = model.loss
        points_m = points_about_pelvis_m(loss.body, loss.markers, last.pose, last.betas)
        points.append(points_m.cpu())
    joined = {name: torch.cat([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    return MeshEstimate(**joined), torch.cat(points)


def take_over(model: MeshRecovery, other: MeshRecovery) -> None:
    """
    Copy the weights that have the same name and shape.

    :param model: changed in place.
    :param other: trained.
    """
    own, given = model.state_dict(), other.state_dict()
    model.load_state_dict(
        {
            name: given[name] if name in given and given[name].shape == value.shape else value
            for name, value in own.items()
        }
    )


def trained_network(folder: Path, config: MeshRecoveryConfig) -> MeshRecovery:
    """
    Give the best network of a training.

    :param folder: of the training.
    :param config: of the network.
    """
    model = _Learner(MeshRecovery(config), MeshLoss(config.feature_size))
    model.load_state_dict(torch.load(folder / 'best.pt', map_location='cpu'))
    return model.network.eval()
