"""
How large a person is: segment scales from the first images, then held.

They come from distances between landmarks, as OpenSim's ScaleTool takes them from marker pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton

# The estimate is renewed after so many images and held after the last.
RENEWALS = (1, 5, 15, 40)
# The default model's standing height (see default_model.py). Without a given height the person's
# is known as well as any adult's: ANSUR II, both sexes.
MODEL_STATURE_M = 1.70
STATURE_STDDEV_M = 0.09
# One image gives a segment's length to about this share, and no number of images removes the
# network's own idea of how people are built.
IMAGE_STDDEV, LASTING_STDDEV = 0.10, 0.04
# Adults' segment lengths differ by less (ANSUR II, 1st to 99th percentile of any length).
FACTOR_RANGE = (0.75, 1.3)


@dataclass(frozen=True)
class _Measure:
    """
    Marker distances that scale segments along some of their axes.

    :param pairs: the marker pairs whose mean distance is compared with the model's; a name
        without side stands for the middle of both sides.
    :param segments: segments without side.
    :param axes: indices of the axes that are scaled.
    """

    pairs: tuple[tuple[str, str], ...]
    segments: tuple[str, ...]
    axes: tuple[int, ...] = (0, 1, 2)


def _both_sides(start: str, end: str) -> tuple[tuple[str, str], ...]:
    return tuple((f'bp_{s}_{start}', f'bp_{s}_{end}') for s in ('left', 'right'))


# Both sides count as one: people are more symmetric than landmarks.
_MEASURES = (
    _Measure((('bp_left_hip', 'bp_right_hip'),), ('pelvis',)),
    _Measure(_both_sides('hip', 'knee'), ('femur',)),
    _Measure(_both_sides('knee', 'ankle'), ('tibia',)),
    _Measure(_both_sides('heel', 'foot_index'), ('talus', 'calcn', 'toes')),
    _Measure((('hip', 'shoulder'),), ('torso',), (0, 1)),
    _Measure((('bp_left_shoulder', 'bp_right_shoulder'),), ('torso',), (2,)),
    _Measure((('bp_left_ear', 'bp_right_ear'),), ('head',)),
    _Measure(_both_sides('shoulder', 'elbow'), ('humerus',)),
    _Measure(_both_sides('elbow', 'wrist'), ('ulna', 'radius', 'hand')),
)


@dataclass(frozen=True)
class BodySize:
    """
    A person's dimensions.

    :param scales: [segments, 3], factors on the skeleton file, unitless.
    :param scale_stddev: [segments], 1 sigma.
    :param stature_m: standing height.
    :param stature_stddev_m: 1 sigma; 0 where the height is given.
    """

    scales: FloatArray
    scale_stddev: FloatArray
    stature_m: float
    stature_stddev_m: float


class SizeEstimator:
    """
    Estimate one person's dimensions from landmarks.

    :param skeleton: the default model, or one with its markers and segments.
    :param names: [markers], the skeleton's markers that are observed.
    :param height_m: standing height where known.
    """

    def __init__(self, skeleton: Skeleton, names: Sequence[str], height_m: float | None) -> None:
        self._skeleton = skeleton
        self._names = tuple(names)
        self._height_m = height_m
        rest_m = skeleton.marker_positions(skeleton.default_coordinates, None, self._names)
        self._model_m = self._distances(rest_m.numpy())
        self._observed_m: list[FloatArray] = []
        self.landmark_scale = 1.0
        factor = 1.0 if height_m is None else height_m / MODEL_STATURE_M
        self.estimate = self._body_size(np.full(len(_MEASURES), factor), images=0)

    def observe(self, positions_m: FloatArray, weights: FloatArray) -> None:
        """
        Take one image in; does nothing once the estimate is settled.

        :param positions_m: [markers, 3], any frame, already times ``landmark_scale``.
        :param weights: [markers], 0 where a landmark is not seen.
        """
        if len(self._observed_m) >= RENEWALS[-1]:
            return
        seen_m = np.where(weights[:, None] > 0, positions_m, np.nan) / self.landmark_scale
        self._observed_m.append(self._distances(seen_m))
        if len(self._observed_m) in RENEWALS:
            self._renew()

    def _distances(self, positions_m: FloatArray) -> FloatArray:
        """Give the mean distance of each measure's pairs, [measures], NaN where none is seen."""
        return np.array([_mean_distance(self._names, positions_m, m.pairs) for m in _MEASURES])

    def _renew(self) -> None:
        ratios = np.array(self._observed_m) / self._model_m  # [images, measures]
        seen = np.isfinite(ratios).any(axis=0)
        factors = np.full(len(_MEASURES), np.nan)
        factors[seen] = np.nanmedian(ratios[:, seen], axis=0)
        # What was never seen is taken to be built as the rest of the body.
        factors[~seen] = np.median(factors[seen]) if seen.any() else 1.0
        if self._height_m is not None:
            stature_m = standing_height(self._skeleton, self._scales(factors))
            self.landmark_scale = self._height_m / stature_m
            factors = factors * self.landmark_scale
        self.estimate = self._body_size(np.clip(factors, *FACTOR_RANGE), len(self._observed_m))

    def _body_size(self, factors: FloatArray, images: int) -> BodySize:
        scales = self._scales(factors)
        stddev = float(np.hypot(LASTING_STDDEV, IMAGE_STDDEV / np.sqrt(max(images, 1))))
        is_given = self._height_m is not None
        return BodySize(
            scales,
            np.full(len(scales), stddev),
            standing_height(self._skeleton, scales)
            if not is_given
            else float(self._height_m or 0),
            0.0 if is_given else STATURE_STDDEV_M,
        )

    def _scales(self, factors: FloatArray) -> FloatArray:
        """Spread the factors [measures] over the segments [segments, 3]."""
        scales = np.full((len(self._skeleton.segment_names), 3), float(np.median(factors)))
        for factor, measure in zip(factors, _MEASURES, strict=True):
            for index, name in enumerate(self._skeleton.segment_names):
                if name.removesuffix('_r').removesuffix('_l') in measure.segments:
                    scales[index, list(measure.axes)] = factor
        return scales


def standing_height(skeleton: Skeleton, scales: FloatArray) -> float:
    """
    Give the standing height of the scaled default skeleton.

    :param skeleton: with the marker ``head_vertex`` and the segments ``calcn_r`` and ``calcn_l``.
    :param scales: [segments, 3].
    :returns: metres.
    """
    rest = skeleton.default_coordinates

    def top_over_heels(size: torch.Tensor | None) -> float:
        top_m = skeleton.marker_positions(rest, size, ['head_vertex'])[0, 1]
        frames = skeleton.forward_kinematics(rest, size)
        heels_m = [frames.positions_m[skeleton.segment_index(f'calcn_{s}'), 1] for s in 'rl']
        return float(top_m - sum(heels_m) / 2)

    return MODEL_STATURE_M * top_over_heels(torch.from_numpy(scales)) / top_over_heels(None)


def _mean_distance(
    names: Sequence[str], positions_m: FloatArray, pairs: Sequence[tuple[str, str]]
) -> float:
    def point(name: str) -> FloatArray:
        if name in names:
            return positions_m[names.index(name)]
        sides = (names.index(f'bp_{side}_{name}') for side in ('left', 'right'))
        return np.mean([positions_m[i] for i in sides], axis=0)

    lengths = [np.linalg.norm(point(end) - point(start)) for start, end in pairs]
    seen = [float(length) for length in lengths if np.isfinite(length)]
    return float(np.mean(seen)) if seen else float('nan')
