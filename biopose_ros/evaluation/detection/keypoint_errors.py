"""What BlazePose gets wrong on synthetic image sequences: 2D errors at body scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.landmark_network import INPUT_PX, LandmarkNetwork
from biopose_ros.frames import camera_to_ground
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, MIRROR_INDEX
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.sequence import INDICES
from biopose_ros.virtual_markers import MarkerTable
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

_AT_ONCE = 8  # images; more take memory and no less time
# Sides count as confused where exchanging them leaves less than this share of the error.
_SWAPPED = 0.5
# Left and right joints that body and detector both have; their error shows a confusion.
_SWAP_LANDMARKS = tuple(
    LANDMARK_NAMES.index(f'{side}_{joint}')
    for joint in ('shoulder', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
)


@dataclass(frozen=True)
class KeypointErrors:
    """
    Readings of sequences, end to end.

    :param sequence: [frames], number.
    :param error_m: [frames, 33, 2], across the image at the point's own depth: right and up as
        the person is seen upright, ground z and y.
    :param error_px: [frames, 33], in a crop of 256 pixels.
    :param confidence: [frames, 33].
    :param presence: [frames].
    :param is_inside: [frames, 33], whether the true point lies in the crop and in the image.
    :param is_swapped: [frames], left and right are confused.
    :param markers_m: [frames, markers, 3], true ones in the order of MARKER_NAMES, ground axes.
    """

    sequence: NDArray[np.int64]
    error_m: FloatArray
    error_px: FloatArray
    confidence: FloatArray
    presence: FloatArray
    is_inside: NDArray[np.bool_]
    is_swapped: NDArray[np.bool_]
    markers_m: FloatArray


def keypoint_errors(
    stream: Iterable[SyntheticSample], network: LandmarkNetwork, table: MarkerTable
) -> KeypointErrors:
    """
    Show sequences to the landmark network.

    :param stream: samples with markers, sequence after sequence.
    :param network: the imported network.
    :param table: the samples' markers.
    :returns: what it gets wrong.
    """
    parts: list[dict[str, NDArray[np.generic]]] = []
    for _, group in groupby(stream, key=lambda sample: sample.index // INDICES):
        parts.append(_sequence_errors(list(group), network, table))
    return KeypointErrors(
        **{
            field.name: np.concatenate([part[field.name] for part in parts])
            for field in fields(KeypointErrors)
        }
    )


def _sequence_errors(
    samples: list[SyntheticSample], network: LandmarkNetwork, table: MarkerTable
) -> dict[str, NDArray[np.generic]]:
    images = np.stack([sample.image_bgr for sample in samples])
    readings = [
        reading
        for start in range(0, len(images), _AT_ONCE)
        for reading in network.read(images[start : start + _AT_ONCE])
    ]
    points = [table.index(f'bp_{name}') for name in LANDMARK_NAMES]
    rows = [table.index(name) for name in MARKER_NAMES]
    # The network counts from the crop's corner, samples from the centre of the first pixel.
    found_px = np.stack([reading.keypoints for reading in readings]) * INPUT_PX - 0.5
    true_px = np.stack([sample.markers_px[points] for sample in samples])
    true_m = np.stack([sample.markers_m[points] for sample in samples])
    rays = np.stack([s.rays(found) for s, found in zip(samples, found_px, strict=True)])
    gap_m = camera_to_ground(rays * true_m[..., 2:] - true_m)
    plain = np.linalg.norm(found_px - true_px, axis=-1)[:, _SWAP_LANDMARKS].mean(1)
    mirror = list(MIRROR_INDEX)
    crossed = np.linalg.norm(found_px[:, mirror] - true_px, axis=-1)[:, _SWAP_LANDMARKS].mean(1)
    return {
        'sequence': np.array([sample.index // INDICES for sample in samples]),
        'error_m': gap_m[..., [2, 1]],
        'error_px': np.linalg.norm(found_px - true_px, axis=-1),
        'confidence': np.stack([reading.keypoint_confidence for reading in readings]),
        'presence': np.array([float(reading.presence) for reading in readings]),
        'is_inside': np.stack([_is_inside(s, px) for s, px in zip(samples, true_px, strict=True)]),
        'is_swapped': crossed < _SWAPPED * plain,
        'markers_m': camera_to_ground(np.stack([s.markers_m[rows] for s in samples])),
    }


def _is_inside(sample: SyntheticSample, points_px: FloatArray) -> NDArray[np.bool_]:
    """Mark the points that lie in the crop and in the camera's image."""
    matrix = sample.crop_from_image.astype(np.float64)
    image_px = np.linalg.solve(matrix[:2, :2], (points_px - matrix[:2, 2]).T).T
    in_crop = (points_px > -0.5) & (points_px < INPUT_PX - 0.5)
    in_image = (image_px > -0.5) & (image_px < sample.image_size_px - 0.5)
    return np.all(in_crop & in_image, axis=-1)
