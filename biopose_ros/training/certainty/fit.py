"""Learn from rendered footage how sure poses are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from biopose_ros.person.certainty import (
    FACING_TOLERANCE_DEG,
    FEATURES,
    MAIN_JOINTS,
    TOLERANCE_DEG,
    CertaintyModel,
    Spread,
    certainty_features,
)
from biopose_ros.person.evidence import PART_OF, seen_coordinates, seen_parts
from biopose_ros.records import FloatArray, TrackingState
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES, PELVIS_SHIFTS
from biopose_ros.skeleton.sides import without_side
from biopose_ros.training.certainty.footage import Footage

# Shares of normally distributed errors within 1 and 2 standard deviations.
_WITHIN = ((1.0, 0.683), (2.0, 0.954))
# Weights of the logistic function have this prior: 1 sigma.
_WEIGHT_STDDEV = 2.0
# Which way each feature counts is known beforehand.
_SPEAKS_FOR = ('presence', 'legs seen', 'arms seen', 'trunk seen')
# Starts of the search, and 1 sigma of the logarithms about them. The gain stays near 1: what the
# filter says of the time since a measurement must come through.
_START, _LOG_STDDEV = (1.0, np.radians(3.0), np.radians(15.0)), np.array([0.3, 1.5, 1.5])


def fit_spreads(footage: Footage, skeleton: Skeleton) -> CertaintyModel:
    """
    Learn how standard deviations become true.

    :param footage: of the validation split.
    :param skeleton: of the coordinates.
    :returns: a model whose confidence is not learnt yet.
    """
    names = skeleton.coordinate_names
    seen = seen_coordinates(names, footage_parts(footage))
    errors = np.abs(coordinate_errors(footage, skeleton))
    spreads = {}
    for base in PART_OF:
        columns = [place for place, name in enumerate(names) if without_side(name) == base]
        if base in PELVIS_SHIFTS:  # one factor for all: sizes and focal lengths err along the ray
            columns = [names.index('pelvis_tx')]
        spreads[base] = _spread(
            errors[:, columns].ravel(),
            footage.stddev[:, columns].ravel(),
            seen[:, columns].ravel(),
            base in PELVIS_SHIFTS,
        )
    return CertaintyModel(spreads, dict.fromkeys(FEATURES, 0.0), 0.0)


def with_confidence(model: CertaintyModel, footage: Footage, skeleton: Skeleton) -> CertaintyModel:
    """
    Learn the confidence, which goes by the standard deviations.

    :param model: of :func:`fit_spreads`.
    :param footage: of the validation split.
    :param skeleton: of the coordinates.
    """
    features = footage_features(footage, model, skeleton)
    values = _logistic(features, is_right(footage, skeleton), footage.sequence)
    return CertaintyModel(
        model.spreads, dict(zip(FEATURES, values[:-1].tolist(), strict=True)), float(values[-1])
    )


def footage_parts(footage: Footage) -> dict[str, FloatArray]:
    """Give the shares of :func:`~biopose_ros.person.evidence.seen_parts`, [rows] each."""
    return seen_parts(footage.keypoints_px, footage.keypoint_confidence, footage.size_px)


def footage_stddev(footage: Footage, model: CertaintyModel, skeleton: Skeleton) -> FloatArray:
    """Give corrected standard deviations, [rows, coordinates]."""
    names = skeleton.coordinate_names
    return model.stddev(names, footage.stddev, seen_coordinates(names, footage_parts(footage)))


def footage_features(footage: Footage, model: CertaintyModel, skeleton: Skeleton) -> FloatArray:
    """Give the features of the confidence, [rows, features]."""
    return certainty_features(
        skeleton,
        footage.state != TrackingState.OCCLUDED,
        footage.presence,
        footage_stddev(footage, model, skeleton),
        footage_parts(footage),
        footage.keypoints_px,
        footage.keypoint_confidence,
        footage.joints_px,
    )


def coordinate_errors(footage: Footage, skeleton: Skeleton) -> FloatArray:
    """Give found minus true, the short way round, [rows, coordinates], radians and metres."""
    difference = footage.coordinates - footage.true_coordinates
    wrapped = np.arctan2(np.sin(difference), np.cos(difference))
    return np.where(skeleton.is_rotation.numpy(), wrapped, difference)


def facing_errors_deg(footage: Footage, skeleton: Skeleton) -> FloatArray:
    """Give the angle between the pelvis's true and found forward axis, [rows]."""
    pelvis = [skeleton.coordinate_index(name) for name in PELVIS_ANGLES]
    forward = [
        Rotation.from_euler('ZXY', rows[:, pelvis]).as_matrix()[:, :, 0]
        for rows in (footage.coordinates, footage.true_coordinates)
    ]
    cosine = np.clip((forward[0] * forward[1]).sum(-1), -1.0, 1.0)
    return np.asarray(np.degrees(np.arccos(cosine)))


def main_errors_deg(footage: Footage, skeleton: Skeleton) -> FloatArray:
    """Give the absolute errors of the main joints, [rows, 6]."""
    joints = [skeleton.coordinate_index(name) for name in MAIN_JOINTS]
    return np.asarray(np.degrees(np.abs(coordinate_errors(footage, skeleton)[:, joints])))


def is_right(footage: Footage, skeleton: Skeleton) -> NDArray[np.bool_]:
    """Tell where all main joints are within the tolerance, and the pelvis faces the right way."""
    joints_are = main_errors_deg(footage, skeleton).max(axis=1) < TOLERANCE_DEG
    return joints_are & (facing_errors_deg(footage, skeleton) < FACING_TOLERANCE_DEG)


def _spread(errors: FloatArray, stddev: FloatArray, seen: FloatArray, is_place: bool) -> Spread:
    """Fit the quantiles of the errors: 68 % within one standard deviation, 95 % within two."""
    start = np.log((1.0, 1.0, 3.0) if is_place else _START)
    unit = np.median(errors) + 1e-9

    def loss(logarithms: FloatArray) -> float:
        stated = Spread(*np.exp(logarithms)).apply(stddev, seen, is_place)
        total = 0.0
        for factor, share in _WITHIN:
            over = (errors - factor * stated) / unit
            total += float(np.mean(np.maximum(share * over, (share - 1.0) * over))) / factor
        prior = np.square((logarithms - start) / _LOG_STDDEV).sum()
        return total + 0.002 * float(prior)

    found = minimize(loss, start, method='Nelder-Mead', options={'maxiter': 600})
    return Spread(*(float(value) for value in np.exp(found.x)))


def _logistic(
    features: FloatArray, is_true: NDArray[np.bool_], sequence: NDArray[np.int64]
) -> FloatArray:
    """Fit weights and bias; the images of one sequence are alike, and count as ten."""
    _, places, counts = np.unique(sequence, return_inverse=True, return_counts=True)
    importance = np.minimum(1.0, 10.0 / counts[places])
    signs = np.where(is_true, 1.0, -1.0)

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        margin = signs * (features @ values[:-1] + values[-1])
        chance = 1.0 / (1.0 + np.exp(np.clip(margin, -50, 50)))
        pull = -importance * signs * chance
        slope = np.append(features.T @ pull + values[:-1] / _WEIGHT_STDDEV**2, pull.sum())
        prior = 0.5 * np.square(values[:-1] / _WEIGHT_STDDEV).sum()
        return float((importance * np.logaddexp(0.0, -margin)).sum() + prior), slope

    bounds = [(0.0, None) if name in _SPEAKS_FOR else (None, 0.0) for name in FEATURES]
    found = minimize(
        loss, np.zeros(features.shape[1] + 1), jac=True, method='L-BFGS-B',
        bounds=[*bounds, (None, None)],
    )  # fmt: skip
    return np.asarray(found.x)
