"""Measure foot contact and skating on activities that fitted nothing, seen with errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from biopose_ros.person.foot_contact import FootContactTracker
from biopose_ros.records import FloatArray
from biopose_ros.training.foot_contact import WalkingFeet

# Delays that are tried, in frames of synthesised clips.
_LAGS, _FRAME_S = range(-3, 10), 1 / 30
_SETTLED = 10  # frames


def evaluate_feet(feet: Sequence[WalkingFeet]) -> dict[str, Any]:
    """
    Run the tracker over clips.

    :param feet: of the test split.
    :returns: accuracy and calibration of the contact per foot; skating of points that stand, and
        error and lag of the root, before and after the correction.
    """
    probabilities, stands = [], []
    skating: dict[str, list[FloatArray]] = {'before': [], 'after': []}
    errors: dict[str, list[FloatArray]] = {'before': [], 'after': []}
    costs: dict[str, list[FloatArray]] = {'before': [], 'after': []}
    for clip in feet:
        tracker = FootContactTracker()
        rows = zip(clip.times_s, clip.seen_points_m, strict=True)
        found = [tracker.update(float(time_s), points_m) for time_s, points_m in rows]
        shift_m = np.stack([contact.shift_m for contact in found])
        probabilities.append(np.stack([contact.probability for contact in found])[_SETTLED:])
        stands.append(np.asarray(clip.stands.any(axis=2))[_SETTLED:])
        for name, offset_m in (('before', np.zeros_like(shift_m)), ('after', shift_m)):
            points_m = clip.seen_points_m + offset_m[:, None, None]
            skating[name].append(_skating_mm_s(clip, points_m))
            root_m = clip.seen_root_m + offset_m
            errors[name].append(np.linalg.norm(root_m - clip.root_m, axis=1))
            costs[name].append(_lag_costs(root_m, clip.root_m))
    probability, truth = np.concatenate(probabilities).ravel(), np.concatenate(stands).ravel()
    return {
        'clips': len(feet),
        'accuracy': float(np.equal(probability > 0.5, truth).mean()),
        'standing_share': float(truth.mean()),
        'calibration': _calibration(probability, truth),
        'skating_mm_s': {name: float(np.concatenate(v).mean()) for name, v in skating.items()},
        'root_error_mm': {
            name: float(1e3 * np.concatenate(v).mean()) for name, v in errors.items()
        },
        'root_lag_ms': {
            name: 1e3 * _FRAME_S * _best_lag(np.sum(v, axis=0)) for name, v in costs.items()
        },
    }


def _skating_mm_s(clip: WalkingFeet, points_m: FloatArray) -> FloatArray:
    """Speed over the floor of what stands in this frame and the one before."""
    both = clip.stands[1:] & clip.stands[:-1]
    steps_m = np.linalg.norm(np.diff(points_m, axis=0)[..., [0, 2]], axis=-1)
    return np.asarray(1e3 * (steps_m / np.diff(clip.times_s)[:, None, None])[both])


def _lag_costs(found_m: FloatArray, truth_m: FloatArray) -> FloatArray:
    """Sum the squared differences to the delayed truth, for every delay."""
    inner = slice(len(_LAGS), -len(_LAGS))
    centred = found_m - found_m.mean(axis=0)
    delayed = (np.roll(truth_m, lag, axis=0) for lag in _LAGS)
    return np.array([((centred - d + d.mean(axis=0))[inner] ** 2).sum() for d in delayed])


def _best_lag(costs: FloatArray) -> float:
    """Give the delay with the least cost, frames, by a parabola through the best three."""
    best = int(np.clip(np.argmin(costs), 1, len(costs) - 2))
    left, middle, right = costs[best - 1 : best + 2]
    return float(_LAGS[best] + 0.5 * (left - right) / (left - 2.0 * middle + right))


def _calibration(probability: FloatArray, truth: np.ndarray) -> list[dict[str, float]]:
    """Compare the stated probability with how often feet stand, in five bins."""
    rows = []
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (probability >= low) & (probability <= low + 0.2)
        if inside.any():
            rows.append(
                {
                    'stated': float(probability[inside].mean()),
                    'found': float(truth[inside].mean()),
                    'share': float(inside.mean()),
                }
            )
    return rows
