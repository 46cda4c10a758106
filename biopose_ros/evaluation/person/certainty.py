"""Whether confidences and standard deviations hold, on rendered footage of the test split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biopose_ros.evaluation.metrics import COORDINATE_GROUPS
from biopose_ros.person.certainty import CertaintyModel
from biopose_ros.person.evidence import folded_up
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.certainty.fit import (
    coordinate_errors,
    footage_features,
    footage_stddev,
    is_right,
    main_errors_deg,
)
from biopose_ros.training.certainty.footage import Footage

SURE, WRONG_DEG = 0.9, 30.0
_BINS = 10
_DRAWS = 500


@dataclass(frozen=True)
class Reliability:
    """
    Images with like confidence.

    :param low, high: of the bin.
    :param images: in it.
    :param confidence: their mean.
    :param right: share of them that are right.
    """

    low: float
    high: float
    images: int
    confidence: float
    right: float


def reliability(confidence: FloatArray, is_true: NDArray[np.generic]) -> list[Reliability]:
    """
    Compare confidence with what came true, in ten bins.

    :param confidence: [images].
    :param is_true: [images].
    """
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    bins = []
    for one in np.unique(place).tolist():
        here = place == one
        bins.append(
            Reliability(
                low=one / _BINS,
                high=(one + 1) / _BINS,
                images=int(here.sum()),
                confidence=float(confidence[here].mean()),
                right=float(is_true[here].astype(np.float64).mean()),
            )
        )
    return bins


def expected_calibration_error(bins: list[Reliability]) -> float:
    """Give the mean distance between confidence and what came true, weighted by images."""
    images = sum(one.images for one in bins)
    return sum(one.images * abs(one.confidence - one.right) for one in bins) / images


def calibration_error_by_chance(
    confidence: FloatArray, sequence: NDArray[np.generic]
) -> tuple[float, float, float]:
    """
    Say what :func:`expected_calibration_error` finds of a confidence that is exactly right.

    Images of a sequence are alike; here as alike as can be: one chance decides for all of them,
    and each is right where its confidence is above it. A confidence whose error lies within these
    bounds is not told from an exact one; more sequences narrow them.

    :param confidence: [images].
    :param sequence: [images], number of each image's sequence.
    :returns: the 5th, 50th and 95th percentile.
    """
    random = np.random.default_rng(0)
    numbers, place = np.unique(sequence, return_inverse=True)
    drawn = (confidence > random.random(len(numbers))[place] for _ in range(_DRAWS))
    errors = [expected_calibration_error(reliability(confidence, is_true)) for is_true in drawn]
    low, middle, high = np.percentile(errors, (5, 50, 95))
    return float(low), float(middle), float(high)


def figures(footage: Footage, model: CertaintyModel, skeleton: Skeleton) -> dict[str, Any]:
    """
    Measure a model.

    :param footage: of the test split.
    :param model: to measure.
    :param skeleton: of the coordinates.
    :returns: ``images`` and ``sequences``, how many; ``expected_calibration_error``;
        ``calibration_error_by_chance``;
        ``share_wrong_and_sure``, of the main joints' angles in images with a confidence over 0.9,
        those that are off by more than 30 degrees; ``sure``, share of such images; ``right``,
        share of images that are right; ``bins``; ``within_1_sigma`` and ``within_2_sigma``, and
        the same as stated before, by group.
    """
    features = footage_features(footage, model, skeleton)
    confidence = model.confidence(features, folded_up(footage.keypoints_px))
    bins = reliability(confidence, is_right(footage, skeleton))
    sure, errors_deg = confidence > SURE, main_errors_deg(footage, skeleton)
    errors = np.abs(coordinate_errors(footage, skeleton))
    stated = {'': footage_stddev(footage, model, skeleton), '_before': footage.stddev}
    within = {
        f'within_{times}_sigma{when}': _within(errors, times * stddev, skeleton)
        for times in (1, 2)
        for when, stddev in stated.items()
    }
    return {
        'images': len(confidence),
        'sequences': len(np.unique(footage.sequence)),
        'expected_calibration_error': expected_calibration_error(bins),
        'calibration_error_by_chance': calibration_error_by_chance(confidence, footage.sequence),
        'share_wrong_and_sure': float((errors_deg[sure] > WRONG_DEG).mean())
        if sure.any()
        else 0.0,
        'sure': float(sure.mean()),
        'right': float(is_right(footage, skeleton).mean()),
        'bins': bins,
        **within,
    }


def draw_reliability(bins: list[Reliability], path: Path) -> None:
    """
    Draw the reliability diagram.

    :param bins: of :func:`reliability`.
    :param path: of the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout='constrained')
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color='0.6', linestyle='--', label='as stated')
    axes.plot([b.confidence for b in bins], [b.right for b in bins], 'o-', label='rendered test')
    for one in bins:
        axes.annotate(
            str(one.images), (one.confidence, one.right), (4, -11), textcoords='offset points',
            fontsize=8,
        )  # fmt: skip
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel='confidence', ylabel='share of images that are right'
    )
    axes.set_title('Main joints within 20 degrees; figures: images', fontsize=10)
    axes.legend()
    figure.savefig(path, dpi=110)


def _within(errors: FloatArray, limit: FloatArray, skeleton: Skeleton) -> dict[str, float]:
    groups = {**COORDINATE_GROUPS, 'distance': ('pelvis_tx',)}
    shares = {}
    for group, names in groups.items():
        columns = [skeleton.coordinate_index(name) for name in names]
        shares[group] = float((errors[:, columns] < limit[:, columns]).mean())
    return shares
