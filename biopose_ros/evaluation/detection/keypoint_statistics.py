"""Statistics of a detector's 2D errors: bias in body axes, spread, tails, memory, confusions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.evaluation.detection.keypoint_errors import KeypointErrors
from biopose_ros.evaluation.error_memory import correlation, lasting_share
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.virtual_markers.body_parts import BODY_PARTS
from biopose_ros.virtual_markers.part_axes import PartAxes

CONFIDENCE_EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)
_SURE_PRESENCE = 0.5
_FEWEST = 50  # readings; a figure of fewer says nothing
_TAIL = 4.0  # sigmas
# The body part that a landmark's definition moves with, by a word in its name.
_PARTS = {
    'hip': 'pelvis',
    'shoulder': 'torso',
    'elbow': 'humerus',
    'wrist': 'forearm',
    'pinky': 'hand',
    'index': 'hand',
    'thumb': 'hand',
    'knee': 'femur',
    'ankle': 'tibia',
    'heel': 'foot',
    'foot': 'foot',
}


@dataclass(frozen=True)
class LandmarkStatistics:
    """
    Errors of one landmark where the true point lies in the crop and sides are not confused.

    :param part: whose axes the bias is given in.
    :param bias_m: [3], the landmark minus the marker of its name, x forward, y up, z right.
    :param stddev_m: 1 sigma per axis of the rest, by the median.
    :param p95_m: 95 of 100 errors are smaller, the bias taken away.
    :param tail_share: of errors beyond four sigma.
    :param lasting_share: of the rest's variance (without the tail) that is constant in a sequence.
    :param correlation: of the rest with itself, by lag in frames.
    :param confidence: mean.
    """

    part: str
    bias_m: list[float]
    stddev_m: float
    p95_m: float
    tail_share: float
    lasting_share: float
    correlation: dict[int, float]
    confidence: float


@dataclass(frozen=True)
class ConfidenceBin:
    """
    Errors of all landmarks with like confidence, in units of each landmark's sigma.

    :param low: lower edge.
    :param high: upper edge.
    :param share: of all readings.
    :param stddev: of the error over the landmark's own, by the median.
    :param p95: 95 of 100 are smaller.
    :param px: median error, pixels of a 256 pixel crop.
    :param outside_share: of points that do not lie in the crop.
    """

    low: float
    high: float
    share: float
    stddev: float
    p95: float
    px: float
    outside_share: float


@dataclass(frozen=True)
class KeypointStatistics:
    """
    What a detector gets wrong.

    :param frames: looked at.
    :param sequences: looked at.
    :param presence_rate: share of frames with presence above 0.5.
    :param swapped_share: of frames in which left and right are confused.
    :param swapped_frames: mean length of a confusion, frames.
    :param swap_starts: confusions per frame.
    :param landmarks: by name.
    :param confidence: bins.
    :param confidence_correlation: of the confidence with itself, by lag in frames.
    """

    frames: int
    sequences: int
    presence_rate: float
    swapped_share: float
    swapped_frames: float
    swap_starts: float
    landmarks: dict[str, LandmarkStatistics]
    confidence: list[ConfidenceBin]
    confidence_correlation: dict[int, float]


def keypoint_statistics(errors: KeypointErrors) -> KeypointStatistics:
    """
    Sum errors up.

    :param errors: of a detector on image sequences.
    """
    is_person = errors.presence > _SURE_PRESENCE
    usable = (is_person & ~errors.is_swapped)[:, None] & errors.is_inside
    ones = torch.ones(errors.markers_m.shape[:2])
    rotations = PartAxes()(torch.from_numpy(errors.markers_m).float(), ones).rotations.numpy()
    landmarks, rest_m = {}, errors.error_m.copy()
    for row, name in enumerate(LANDMARK_NAMES):
        part = part_of(name)
        bias_m, rest_m[:, row] = _without_bias(errors.error_m[:, row], rotations[:, part],
                                               usable[:, row])  # fmt: skip
        landmarks[name] = _landmark(
            BODY_PARTS[part].name, bias_m, rest_m[:, row], usable[:, row], errors.sequence,
            errors.confidence[:, row],
        )  # fmt: skip
    swaps = errors.is_swapped & is_person
    starts = np.count_nonzero(swaps[1:] & ~swaps[:-1]) + int(swaps[0])
    confidence = errors.confidence - errors.confidence.mean(0)
    return KeypointStatistics(
        frames=len(errors.sequence),
        sequences=len(np.unique(errors.sequence)),
        presence_rate=float(is_person.mean()),
        swapped_share=float(swaps.sum() / is_person.sum()),
        swapped_frames=float(swaps.sum() / max(starts, 1)),
        swap_starts=float(starts / is_person.sum()),
        landmarks=landmarks,
        confidence=_bins(errors, rest_m, usable, landmarks),
        confidence_correlation=correlation(
            confidence, np.ones(confidence.shape, bool), errors.sequence
        ),
    )


def part_of(landmark: str) -> int:
    """
    Give the number of the body part whose axes a landmark's bias is given in.

    :param landmark: one of :data:`~biopose_ros.keypoints.landmarks.LANDMARK_NAMES`.
    """
    kinds = [kind for word, kind in _PARTS.items() if word in landmark]
    kind = kinds[-1] if kinds else 'head'  # 'foot_index' is of the foot, not of the hand
    names = [part.name for part in BODY_PARTS]
    side = '_l' if landmark.startswith('left') else '_r'
    return names.index(kind if kind in names else kind + side)


def _without_bias(
    error_m: FloatArray, rotations: FloatArray, usable: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Fit a constant offset in body axes, then twice again without outliers."""
    # Ground z and y of what is turned with the part.
    design = rotations[:, [2, 1]]
    chosen = usable.copy()
    bias_m: FloatArray = np.zeros(3)
    for _ in range(3):
        if chosen.sum() < _FEWEST:
            break
        bias_m = np.linalg.lstsq(
            design[chosen].reshape(-1, 3), error_m[chosen].reshape(-1), rcond=None
        )[0]
        away_m = np.linalg.norm(error_m - design @ bias_m, axis=-1)
        chosen = usable & (away_m < 3.0 * np.median(away_m[usable]))
    return bias_m, error_m - design @ bias_m


def _landmark(
    part: str,
    bias_m: FloatArray,
    rest_m: FloatArray,
    usable: NDArray[np.bool_],
    sequence: NDArray[np.int64],
    confidence: FloatArray,
) -> LandmarkStatistics:
    size_m = np.linalg.norm(rest_m, axis=-1)
    stddev_m = _sigma(size_m[usable])
    bulk = usable & (size_m < _TAIL * stddev_m)
    return LandmarkStatistics(
        part=part,
        bias_m=[round(float(value), 5) for value in bias_m],
        stddev_m=stddev_m,
        p95_m=float(np.quantile(size_m[usable], 0.95)),
        tail_share=1.0 - float(bulk.sum() / usable.sum()),
        lasting_share=lasting_share(rest_m, bulk, sequence),
        correlation=correlation(rest_m, np.repeat(bulk[:, None], 2, 1), sequence),
        confidence=float(confidence[usable].mean()),
    )


def _sigma(size: FloatArray) -> float:
    """Sigma per axis of a normal error in two axes from the median of its length (Rayleigh)."""
    return float(np.median(size)) / np.sqrt(2.0 * np.log(2.0))


def _bins(
    errors: KeypointErrors,
    rest_m: FloatArray,
    usable: NDArray[np.bool_],
    landmarks: dict[str, LandmarkStatistics],
) -> list[ConfidenceBin]:
    scale = np.array([landmarks[name].stddev_m for name in LANDMARK_NAMES])
    relative = np.linalg.norm(rest_m, axis=-1) / scale
    sure = np.repeat((errors.presence > _SURE_PRESENCE)[:, None], len(scale), 1)
    bins = []
    for low, high in pairwise(CONFIDENCE_EDGES):
        here = (errors.confidence >= low) & (errors.confidence < high + (high == 1.0)) & sure
        inside = here & usable
        found = inside.sum() >= _FEWEST
        bins.append(
            ConfidenceBin(
                low,
                high,
                share=float(here.sum() / sure.sum()),
                stddev=_sigma(relative[inside]) if found else float('nan'),
                p95=float(np.quantile(relative[inside], 0.95)) if found else float('nan'),
                px=float(np.median(errors.error_px[inside])) if found else float('nan'),
                outside_share=float((here & ~errors.is_inside).sum() / max(here.sum(), 1)),
            )
        )
    return bins
