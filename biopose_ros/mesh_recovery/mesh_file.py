"""MQ-HMR's decoder: to and from a file, and as an ONNX graph in the user's cache."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from biopose_ros.inference.onnx_runtime import cached_graph
from biopose_ros.inference.weights_file import (
    half_precision,
    read_weights,
    with_numbers,
    write_weights,
)
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.network import CropEvidence, MeshRecovery
from biopose_ros.resources import resource_path

FORMAT_VERSION = '1'
_KIND = 'mesh_recovery'
_GRAPH_VERSION = '2'  # of the graph below; a new one is exported anew
_REMEDY = 'install a matching release or run `biopose train mesh`'
# Cells across the encoder's maps for crops of 256 pixels.
MAP_CELLS = {'stride4': 64, 'stride8': 32, 'stride16': 16, 'stride32': 8, 'bottleneck': 2}
POINT_INPUTS = ('keypoints', 'world_m', 'view')
OUTPUTS = ('pose', 'betas', 'place', 'joints', 'log_stddev', 'summary')


def default_weights(encoder: str) -> Path:
    """
    Find the decoder that ships with the package.

    :param encoder: whose maps it takes.
    """
    return resource_path(f'weights/mesh_recovery_{encoder}.safetensors')


def save_mesh_recovery(path: Path, model: MeshRecovery) -> None:
    """
    Write a decoder in half precision.

    :param path: ends in ``.safetensors``.
    :param model: trained.
    """
    header = {'config': json.dumps(asdict(model.config)), 'licence': 'Apache-2.0'}
    write_weights(path, _KIND, FORMAT_VERSION, half_precision(model), header)


def load_mesh_recovery(path: Path) -> tuple[MeshRecovery, str]:
    """
    Read a decoder.

    :param path: of the weights.
    :returns: the network, ready to run, and the SHA-256 of its numbers.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken.
    """
    arrays, header = read_weights(path, _KIND, FORMAT_VERSION, _REMEDY)
    config = json.loads(header['config'])
    model = MeshRecovery(MeshRecoveryConfig(**{**config, 'levels': tuple(config['levels'])}))
    return with_numbers(model, arrays), header['sha256']


def encoder_of(path: Path) -> str:
    """
    Find the encoder whose maps a decoder takes.

    :param path: of the weights.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken.
    """
    _, header = read_weights(path, _KIND, FORMAT_VERSION, _REMEDY)
    encoder: str = json.loads(header['config'])['encoder']
    return encoder


def onnx_graph(path: Path) -> tuple[Path, MeshRecoveryConfig]:
    """
    Give the decoder as an ONNX file, written into the user's cache on first use.

    :param path: of the weights.
    :returns: the file and the network's sizes.
    :raises FileNotFoundError: when there are no such weights.
    :raises ValueError: when the weights are broken.
    """
    model, digest = load_mesh_recovery(path)
    name = f'mesh_recovery_{_GRAPH_VERSION}_{digest[:16]}'
    return cached_graph(name, partial(export_onnx, model)), model.config


class _Graph(nn.Module):
    """The decoder with plain tensors in and out, as ONNX wants it."""

    def __init__(self, model: MeshRecovery) -> None:
        super().__init__()
        self.model = model
        self.levels = map_inputs(model.config)

    def forward(
        self, maps: list[Tensor], rows: Tensor, keypoints: Tensor, world_m: Tensor, view: Tensor
    ) -> tuple[Tensor, ...]:
        chosen = (level.index_select(0, rows).permute(0, 2, 3, 1) for level in maps)
        named = dict(zip(self.levels, chosen, strict=True))
        estimates, summary = self.model(CropEvidence(named, keypoints, world_m, view))
        last = estimates[-1]
        return last.pose, last.betas, last.place, last.joints, last.log_stddev, summary


def map_inputs(config: MeshRecoveryConfig) -> tuple[str, ...]:
    """
    Name the maps that a decoder takes, in order.

    :param config: its sizes.
    """
    return tuple(level for level in MAP_CELLS if level in {*config.levels, 'bottleneck'})


def export_onnx(model: MeshRecovery, path: Path) -> None:
    """
    Write the decoder as an ONNX graph, for any number of persons.

    Maps go in as the encoder gives them, [crops, channels, rows, columns], and ``rows`` [persons]
    gives the crop of each person; the outputs are those of the last layer, see
    :class:`~biopose_ros.mesh_recovery.network.MeshEstimate`.

    :param model: in evaluation mode.
    :param path: the file to write.
    """
    levels, channels = map_inputs(model.config), model.config.channels
    maps = [
        torch.randn(3, channels[level], MAP_CELLS[level], MAP_CELLS[level]) for level in levels
    ]
    points = (len(LANDMARK_NAMES), 3)
    example = (
        torch.tensor([2, 0]),
        torch.rand(2, *points),
        torch.randn(2, *points),
        torch.zeros(2, 3),
    )
    names = [*levels, 'rows', *POINT_INPUTS]
    axes = {name: {0: 'crops' if name in levels else 'persons'} for name in (*names, *OUTPUTS)}
    with warnings.catch_warnings():
        # The tracing exporter warns of checks of shapes, which are the same for every image.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            _Graph(model).eval(),
            (maps, *example),
            str(path),
            input_names=names,
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
