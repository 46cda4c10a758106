"""NeurIK's weights: to and from a file, and as an ONNX graph in the user's cache."""

from __future__ import annotations

import json
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
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik
from biopose_ros.resources import resource_path
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

FORMAT_VERSION = '2'
DEFAULT_WEIGHTS = 'weights/neurik.safetensors'
_KIND = 'neurik'
_GRAPH_VERSION = '1'  # of the step below; a new one is exported anew
_REMEDY = 'install a matching release or run `biopose train neurik`'

INPUT_NAMES = (
    *('positions_m', 'weights', 'keypoints_m', 'keypoint_weights', 'features', 'feature_weights'),
    *('held_rotation', 'held_origin_m', 'keys', 'values', 'ages_s'),
)
OUTPUT_NAMES = (
    *('angles_rad', 'pelvis_rotation', 'pelvis_position_m', 'factors', 'log_stddev'),
    *('new_key', 'new_value', 'rotation_to_hold', 'origin_to_hold_m'),
)


def save_neurik(path: Path, model: Neurik, skeleton: Skeleton) -> None:
    """
    Write a network in half precision.

    :param path: ends in ``.safetensors``.
    :param model: trained.
    :param skeleton: that it was trained for.
    """
    header = {
        'config': json.dumps(asdict(model.config)),
        'skeleton': skeleton.name,
        'markers': ' '.join(MARKER_NAMES),
        'coordinates': ' '.join(skeleton.coordinate_names),
        'licence': 'Apache-2.0',
    }
    write_weights(path, _KIND, FORMAT_VERSION, half_precision(model), header)


def load_neurik(path: Path | None = None) -> tuple[Neurik, str]:
    """
    Read a network.

    :param path: None for the one that ships with the package.
    :returns: the network, ready to run, and the SHA-256 of its numbers.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken, or made for other markers or coordinates.
    """
    path = resource_path(DEFAULT_WEIGHTS) if path is None else Path(path)
    arrays, header = read_weights(path, _KIND, FORMAT_VERSION, _REMEDY)
    skeleton = load_skeleton()
    for field, names in (('markers', MARKER_NAMES), ('coordinates', skeleton.coordinate_names)):
        if header[field].split() != list(names):
            raise ValueError(f'{path}: made for other {field} than this release has; {_REMEDY}')
    model = Neurik(NeurikConfig(**json.loads(header['config'])), skeleton)
    return with_numbers(model, arrays), header['sha256']


def onnx_graph(path: Path | None = None) -> tuple[Path, NeurikConfig]:
    """
    Give the network as an ONNX file, written into the user's cache on first use.

    :param path: of the weights; None for those that ship with the package.
    :returns: the ONNX file of one streaming step, and the network's sizes.
    :raises ValueError: when the weights are broken.
    """
    model, digest = load_neurik(path)
    name = f'neurik_{_GRAPH_VERSION}_{digest[:16]}'
    return cached_graph(name, partial(export_onnx, model)), model.config


class StreamingStep(nn.Module):
    """One streaming step with plain tensors in and out, as ONNX wants it."""

    def __init__(self, model: Neurik) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        positions_m: Tensor,
        weights: Tensor,
        keypoints_m: Tensor,
        keypoint_weights: Tensor,
        features: Tensor,
        feature_weights: Tensor,
        held_rotation: Tensor,
        held_origin_m: Tensor,
        keys: Tensor,
        values: Tensor,
        ages_s: Tensor,
    ) -> tuple[Tensor, ...]:
        """Take one image of each person; inputs and outputs as named above."""
        evidence = Evidence(
            positions_m[:, None],
            weights[:, None],
            ages_s[:, :1],  # a step looks at ages alone
            keypoints_m[:, None],
            keypoint_weights[:, None],
            features[:, None],
            feature_weights[:, None],
        )
        estimate, new_key, new_value, rotation, origin_m = self.model.step(
            evidence, (held_rotation, held_origin_m), keys, values, ages_s
        )
        return (
            estimate.angles_rad[:, 0],
            estimate.pelvis_rotations[:, 0],
            estimate.pelvis_positions_m[:, 0],
            estimate.factors[:, 0],
            estimate.log_stddev[:, 0],
            new_key,
            new_value,
            rotation,
            origin_m,
        )


def example_step(config: NeurikConfig, persons: int = 2) -> tuple[Tensor, ...]:
    """
    Give inputs of :class:`StreamingStep` without meaning.

    :param config: sizes.
    :param persons: how many.
    """
    count = len(MARKER_NAMES)
    stored = (persons, config.layers, config.window_frames - 1, config.frame_size)
    return (
        torch.randn(persons, count, 3),
        torch.ones(persons, count),
        torch.zeros(persons, config.keypoints, 3),
        torch.zeros(persons, config.keypoints),
        torch.zeros(persons, config.feature_size),
        torch.zeros(persons),
        torch.eye(3).repeat(persons, 1, 1),
        torch.zeros(persons, 3),
        torch.zeros(stored),
        torch.zeros(stored),
        torch.full((persons, config.window_frames - 1), -1.0),
    )


def export_onnx(model: Neurik, path: Path) -> None:
    """
    Write one streaming step as an ONNX graph, for any number of persons.

    :param model: in evaluation mode.
    :param path: the file to write.
    """
    torch.onnx.export(
        StreamingStep(model).eval(),
        example_step(model.config),
        str(path),
        input_names=list(INPUT_NAMES),
        output_names=list(OUTPUT_NAMES),
        dynamic_axes={name: {0: 'persons'} for name in (*INPUT_NAMES, *OUTPUT_NAMES)},
        opset_version=17,
        dynamo=False,
    )
