"""
Tell persons from humanoid robots and mannequins by how they look.

The landmark network's finest feature maps are read at points on the face, trunk and limbs, where
skin, hair and cloth look different from plastic and sheet metal. A logistic regression on their
means and deviations over each part of the body gives log odds for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from biopose_ros.detection.landmark_network import CropReading
from biopose_ros.inference.weights_file import read_weights, write_weights
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, landmark_index
from biopose_ros.records import FloatArray
from biopose_ros.resources import resource_path

LEARNT = ('full', 'heavy')  # landmark networks
LEVELS = ('stride4', 'stride8')
_KIND, _VERSION = 'appearance', '1'
_REMEDY = 'run `biopose train appearance`'


@dataclass(frozen=True, eq=False)
class Appearance:
    """
    Judges crops by their feature maps.

    :param weights: [features], of :func:`appearance_features`.
    :param bias: log odds where all features are zero.
    """

    weights: FloatArray
    bias: float

    @staticmethod
    def load(model: str) -> Appearance | None:
        """
        Read what ships for a landmark network.

        :param model: ``lite``, ``full`` or ``heavy``.
        :returns: None where nothing was learnt for the network.
        :raises FileNotFoundError: when the file is missing.
        :raises ValueError: when it is broken.
        """
        if model not in LEARNT:
            return None
        path = resource_path(f'weights/appearance_{model}.safetensors')
        arrays, _ = read_weights(path, _KIND, _VERSION, _REMEDY)
        return Appearance(arrays['weights'].astype(np.float64), float(arrays['bias'][0]))

    def save(self, path: Path, source: str) -> None:
        """
        Write to a file.

        :param path: ends in ``.safetensors``.
        :param source: what it was learnt from, for the reader.
        """
        numbers = {'weights': self.weights, 'bias': [self.bias]}
        arrays = {name: np.asarray(values, np.float32) for name, values in numbers.items()}
        write_weights(path, _KIND, _VERSION, arrays, {'source': source})

    def log_odds(self, readings: Sequence[CropReading]) -> FloatArray:
        """
        Judge crops.

        :param readings: of one call of the network, with feature maps.
        :returns: [crops], natural logarithm of the odds that the crop shows a person.
        """
        return np.asarray(appearance_features(readings) @ self.weights + self.bias)


def appearance_features(readings: Sequence[CropReading]) -> FloatArray:
    """
    Describe the surface of what crops show.

    :param readings: of one call of the network, with feature maps.
    :returns: [crops, features]: by level and part of the body, the mean and the standard
        deviation of each channel over the part's points.
    :raises ValueError: when a reading has no maps.
    """
    maps = [reading.maps for reading in readings if reading.maps is not None]
    if len(maps) < len(readings):
        raise ValueError('appearance needs a landmark network with feature maps')
    places = np.stack([_POINTS @ reading.keypoints for reading in readings])
    columns = []
    for level in LEVELS:
        seen = _sampled(maps[0].batch.numpy(level)[[one.row for one in maps]], places)
        for part in _PARTS:
            columns += [seen[..., part].mean(axis=-1), seen[..., part].std(axis=-1)]
    return np.concatenate(columns, axis=-1)


def _sampled(values: FloatArray, places: FloatArray) -> FloatArray:
    """
    Read maps between their cells, at points beyond them as at the edge.

    :param values: [crops, channels, rows, columns].
    :param places: [crops, points, 2], 0 to 1 across the crop.
    :returns: [crops, channels, points].
    """
    grid = torch.from_numpy(2.0 * places - 1.0).to(torch.float32)[:, None]
    maps = torch.from_numpy(values)
    seen = F.grid_sample(maps, grid, padding_mode='border', align_corners=False)
    return np.asarray(seen[:, :, 0])


def _points() -> Iterator[list[FloatArray]]:
    """Give the points of each part of the body, each as weights [33] of the landmarks."""

    def between(start: str, end: str, share: float) -> FloatArray:
        weights = np.zeros(len(LANDMARK_NAMES))
        weights[landmark_index(start)] += 1.0 - share
        weights[landmark_index(end)] += share
        return weights

    def limbs(pairs: Sequence[tuple[str, str]], shares: Sequence[float]) -> list[FloatArray]:
        return [
            between(f'{side}_{start}', f'{side}_{end}', share)
            for side in ('left', 'right')
            for start, end in pairs
            for share in shares
        ]

    face = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'mouth_left', 'mouth_right')
    yield [between(name, name, 0.0) for name in face]
    yield [
        (1.0 - down) * between('left_shoulder', 'right_shoulder', across)
        + down * between('left_hip', 'right_hip', across)
        for across in (0.25, 0.5, 0.75)
        for down in (0.15, 0.4, 0.65, 0.9)
    ]
    yield limbs([('shoulder', 'elbow'), ('elbow', 'wrist')], (0.35, 0.7))
    yield limbs([('hip', 'knee'), ('knee', 'ankle')], (0.35, 0.7))
    yield limbs([('wrist', 'index')], (1.0,))
    yield limbs([('heel', 'foot_index')], (0.5,))
    yield limbs([(name, name) for name in ('elbow', 'knee', 'shoulder', 'hip')], (0.0,))


_EACH = list(_points())
_POINTS = np.array([point for part in _EACH for point in part])  # [points, 33]
_ENDS = np.cumsum([0, *(len(part) for part in _EACH)])
_PARTS = [slice(start, end) for start, end in pairwise(_ENDS)]
