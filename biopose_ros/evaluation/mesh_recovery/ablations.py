"""What each part of MQ-HMR is worth: equal short trainings without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.network import CropEvidence, MeshRecovery
from biopose_ros.training.mesh.data import MeshData
from biopose_ros.training.mesh.map_store import MapStore
from biopose_ros.training.mesh.training import MeshTraining
from biopose_ros.training.timed import TimedConfig

_BATCH, _HELD_OUT = 64, 512  # crops at once; of the other store, to measure with
_LANDMARKS_ALONE = 'landmarks alone'
# Changes to the default network.
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    'the network': {},
    _LANDMARKS_ALONE: {'attention': 'none'},
    'no cross-attention': {'attention': 'none'},
    'stride 16 alone': {'levels': ('stride16',)},
    'one query': {'joint_queries': False, 'extra_queries': 1},
    'dense cross-attention': {'attention': 'dense'},
}


@dataclass(frozen=True)
class AblationConfig:
    """
    How the variants learn, all alike.

    :param images: how many of the training store, from its first.
    :param steps: of the optimiser, each.
    :param seed: of weights and order.
    """

    images: int = 6000
    steps: int = 250
    seed: int = 0


class PartOfStore(MeshData):
    """
    The first images of a store.

    :attr with_maps: False where landmarks alone shall be seen.
    """

    def __init__(self, store: MapStore, images: int) -> None:
        """
        Turn their truth into the crop cameras' axes.

        :param store: finished.
        :param images: how many.
        """
        super().__init__(store.first(images))
        self.with_maps = True

    def evidence(self, rows: Tensor, model: MeshRecovery) -> CropEvidence:
        """Read crops; see :class:`MeshData`."""
        found = super().evidence(rows, model)
        if self.with_maps:
            return found
        nothing = {level: torch.zeros_like(values) for level, values in found.maps.items()}
        return replace(found, maps=nothing)


def train_variant(
    name: str, encoder: str, data: PartOfStore, held_out: PartOfStore, config: AblationConfig
) -> dict[str, float]:
    """
    Train one variant and measure it once, at the end.

    :param name: one of :data:`VARIANTS`.
    :param encoder: whose maps the data hold.
    :param data: to learn from.
    :param held_out: to measure with.
    :param config: how to learn.
    :returns: ``parameters`` of the network, ``cpu_s`` of its training, and the figures of
        :func:`~biopose_ros.training.mesh.measures.mesh_measures`.
    """
    torch.set_num_threads(1)
    data.with_maps = held_out.with_maps = name != _LANDMARKS_ALONE
    network = MeshRecoveryConfig(encoder=encoder, **VARIANTS[name])
    timed = TimedConfig(average=0.98, seed=config.seed)
    with TemporaryDirectory() as folder:
        training = MeshTraining(data, held_out, Path(folder), network, timed, _BATCH)
        began = time.process_time()
        training.run_steps(config.steps)
        spent_s = time.process_time() - began
    return {
        'parameters': sum(p.numel() for p in MeshRecovery(network).parameters()),
        'cpu_s': spent_s,
        **training.validate(training.average.module.eval()),
    }


def compare_variants(
    encoder: str,
    folder: Path,
    config: AblationConfig,
    report: Callable[[str, dict[str, float]], None] = lambda name, figures: None,
) -> dict[str, dict[str, float]]:
    """
    Train all variants one after the other.

    :param encoder: whose maps.
    :param folder: of a training by ``biopose train mesh``, with its stores of maps.
    :param config: how to learn.
    :param report: called after each.
    :returns: figures by variant.
    :raises FileNotFoundError: when the stores are not there.
    """
    data, held_out = (
        PartOfStore(MapStore(folder / f'{part}_{encoder}'), images)
        for part, images in (('train', config.images), ('validation', _HELD_OUT))
    )
    figures = {}
    for name in VARIANTS:
        figures[name] = train_variant(name, encoder, data, held_out, config)
        report(name, figures[name])
    return figures
