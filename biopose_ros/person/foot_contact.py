"""
Which feet stand on the ground, and a root that keeps them from skating.

A heel or ball of a foot is taken to stand where it is low, compared with the lowest point of both
feet in the last seconds, and slow. While it stands, it is held where it touched down by shifting
the whole person a little; the shift is bounded, gives way to lasting changes, and fades once the
foot is lifted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from biopose_ros.records import FloatArray

FEET = ('left', 'right')
# Heel and ball, as markers of the skeleton.
FOOT_MARKERS = (('L_calc', 'L_toe'), ('r_calc', 'r_toe'))
# Log odds of standing: constant, per metre of height, per metre and second of speed. Logistic
# regression by `training.foot_contact.fit_contact` on 40 synthesised activities seen with errors.
CONTACT_WEIGHTS = (6.2, -47.1, -2.6)
# The lowest point is looked for, and the speed is taken, over this time.
_LOWEST_S, _SPEED_S = 2.0, 0.1
# A longer pause starts afresh.
_LONGEST_STEP_S = 0.3
_STANDS = 0.5
# Estimates of standing feet move against each other; by more than this, one does not stand.
_CONTRADICTION_M = 0.06
_LARGEST_SHIFT_M = 0.08
# The shift fades once no foot stands, and what holds a foot gives way, with these time constants.
_FADE_S, _GIVE_WAY_S = 0.15, 0.5


@dataclass(frozen=True, eq=False)
class FootContact:
    """
    The feet at one image.

    :param probability: [left and right], that the foot stands on the ground; NaN where unknown.
    :param shift_m: [3], what the person is shifted by, ground frame.
    """

    probability: FloatArray
    shift_m: FloatArray


def contact_features(
    times_s: FloatArray, points_m: FloatArray, now: FloatArray, now_s: float
) -> FloatArray:
    """
    Measure the height and the speed of foot points.

    :param times_s: [images], of the last seconds, increasing, before ``now_s``.
    :param points_m: [images, 2, 2, 3], heel and ball of the left and right foot, y up.
    :param now: [2, 2, 3], the newest.
    :param now_s: of the newest.
    :returns: [2, 2, 2], height over the lowest point, metres; speed, metres per second.
    """
    lowest_m = min(float(points_m[..., 1].min()), float(now[..., 1].min()))
    recent = times_s <= now_s - _SPEED_S + 1e-6
    row = int(np.flatnonzero(recent)[-1]) if recent.any() else 0
    speed = np.linalg.norm(now - points_m[row], axis=-1) / (now_s - times_s[row])
    return np.stack([now[..., 1] - lowest_m, speed], axis=-1)


def contact_probability(features: FloatArray) -> FloatArray:
    """
    Give the probability that points stand.

    :param features: [..., 2], see :func:`contact_features`.
    :returns: [...].
    """
    constant, per_metre, per_speed = CONTACT_WEIGHTS
    odds = constant + features @ np.array([per_metre, per_speed])
    probability: FloatArray = 1.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0)))
    return probability


class FootContactTracker:
    """Follows the feet of one person."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, FloatArray]] = deque()
        self._reset()

    def _reset(self) -> None:
        self._past.clear()
        self._shift_m: FloatArray = np.zeros(3)
        self._holds_m: FloatArray = np.full((2, 2, 3), np.nan)

    def update(self, stamp_s: float, points_m: FloatArray | None) -> FootContact:
        """
        Take in one image.

        :param stamp_s: seconds; a long pause or a step back starts afresh.
        :param points_m: [2, 2, 3], heel and ball of the left and right foot, ground frame with y
            up, as estimated; None or NaN where not measured.
        """
        step_s = stamp_s - self._past[-1][0] if self._past else np.inf
        if not 0.0 < step_s <= _LONGEST_STEP_S:
            self._reset()
        if points_m is None or not np.isfinite(points_m).all():
            self._holds_m[:] = np.nan
            if self._past:
                fade = np.exp(-step_s / _FADE_S)
                return FootContact(np.full(2, np.nan), self._shift_m * fade)
            return FootContact(np.full(2, np.nan), self._shift_m)
        if not self._past:
            self._remember(stamp_s, points_m)
            return FootContact(np.full(2, np.nan), self._shift_m)
        times_s = np.array([time_s for time_s, _ in self._past])
        past_m = np.stack([past for _, past in self._past])
        probability = contact_probability(contact_features(times_s, past_m, points_m, stamp_s))
        self._hold(points_m, probability, step_s)
        self._remember(stamp_s, points_m)
        return FootContact(probability.max(axis=1), self._shift_m.copy())

    def _remember(self, stamp_s: float, points_m: FloatArray) -> None:
        self._past.append((stamp_s, points_m))
        while stamp_s - self._past[0][0] > _LOWEST_S:
            self._past.popleft()

    def _hold(self, points_m: FloatArray, probability: FloatArray, step_s: float) -> None:
        """Choose the shift with which standing points stay in place."""
        stands = probability > _STANDS
        held = stands & np.isfinite(self._holds_m[..., 0])
        # By odds: a foot that is being lifted must not pull at one that stands firmly.
        odds = np.where(held, probability / np.maximum(1.0 - probability, 1e-3), 0.0)
        wanted_m = np.where(held[..., None], self._holds_m - points_m, 0.0)
        middle_m = (odds[..., None] * wanted_m).sum((0, 1)) / max(odds.sum(), 1e-9)
        held &= np.linalg.norm(wanted_m - middle_m, axis=-1) < _CONTRADICTION_M
        if held.any():
            shift_m = np.average(wanted_m[held], axis=0, weights=odds[held])
            size_m = float(np.linalg.norm(shift_m))
            self._shift_m = shift_m * min(1.0, _LARGEST_SHIFT_M / max(size_m, 1e-9))
        else:
            self._shift_m = self._shift_m * np.exp(-step_s / _FADE_S)
        # A point that begins to stand is held at its shifted place; every hold moves slowly to
        # where the estimate has the foot.
        keep = np.exp(-step_s / _GIVE_WAY_S)
        eased_m = points_m + (self._holds_m - points_m) * keep
        new_m = np.where(held[..., None], eased_m, points_m + self._shift_m)
        self._holds_m = np.where(stands[..., None], new_m, np.nan)
