"""
One person's coordinates over time, from the measurements of each image: causal, with velocities.

An extended Kalman filter over the model of :mod:`.motion_model`: one Gauss-Newton step an image
from where the past, marginalised to one normal distribution, expects the person; a second step
gains nothing. Each image measures the coordinates, by the skeleton fitted to it, and shows
keypoints, on which the skeleton's points must project; where the direction of gravity is known, it
tells of those who stand. Keypoints with large residuals count less (Cauchy); coordinates with a
larger innovation than any movement explains are left out. After these, joint limits act as
measurements of the coordinates that still lie beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from biopose_ros.person.measurement_rows import Rows
from biopose_ros.person.motion_model import (
    FRESH_POINT_SHARE,
    FRESH_SHARE,
    POINT_SITE_STDDEV_M,
    VELOCITY_DECAY_S,
    Belief,
    BoolArray,
    MotionModel,
)
from biopose_ros.person.skeleton_points import PointEvidence
from biopose_ros.records import FloatArray

# A larger innovation, on top of the fastest plausible movement, is an outlier.
_OUTLIER_SIGMAS = 5.0
# An outlier that lasts for longer is accepted.
_LONGEST_OUTLIER_S = 0.1
# The doubt whether it should have been fades with this time constant, as lasting errors do.
_DOUBT_LASTS_S = 0.5
# After a longer gap the estimator starts afresh.
MAX_GAP_S = 1.0
# A keypoint's weight falls as its residual exceeds this many sigmas.
_ROBUST_SIGMAS = 1.0
_NEAREST_M = 0.05
# Errors over the model's own 1 sigma: fitted skeleton and keypoints come from one image and share
# errors, some of which last longer than modelled. Measured on rendered sequences, where it makes
# the share of errors within 1 sigma that of the fitted skeletons, 0.68.
_SHARED_ERRORS = 1.3
# 1 sigma of a joint limit, radians or metres.
_LIMIT_STDDEV = 0.02


@dataclass(frozen=True, eq=False)
class EstimatedCoordinates:
    """
    The estimate at one image.

    :param positions: [coordinates], radians or metres.
    :param velocities: [coordinates], per second; NaN until two images were seen.
    :param stddev: [coordinates], 1 sigma of the positions.
    """

    positions: FloatArray
    velocities: FloatArray
    stddev: FloatArray


@dataclass(frozen=True, eq=False)
class Step:
    """
    One image in the estimator, for the smoother.

    :param stamp_s: of the image.
    :param expected: before the image; of the image itself where nothing came before.
    :param belief: after it.
    :param new: [coordinates], what has no past.
    :param is_first: nothing came before.
    :param doubt: [coordinates], variance beyond the belief's: whether an outlier was rightly
        accepted.
    """

    stamp_s: float
    expected: Belief
    belief: Belief
    new: BoolArray
    is_first: bool
    doubt: FloatArray


class MotionEstimator:
    """
    Estimate one person's coordinates, image by image.

    :param model: of coordinates and keypoints.
    :param limits: lower and upper limits, [coordinates] each, infinite where there is none.
    :param smoothing: 0 passes measured coordinates through, 0.5 is the best estimate, 1 the
        calmest; may change at any time.
    :attr last: the last image's step; None before the first.
    """

    def __init__(
        self, model: MotionModel, limits: tuple[FloatArray, FloatArray], smoothing: float
    ) -> None:
        check_smoothing(smoothing)
        self.smoothing = smoothing
        self.last: Step | None = None
        self.model = model
        self._lower, self._upper = limits
        self._images = 0
        self._outlier_s: FloatArray = np.zeros(model.count)
        self._doubt: FloatArray = np.zeros(model.count)
        self._lasting: FloatArray = np.zeros(model.count + 2 * model.points)

    def predict(self, stamp_s: float) -> EstimatedCoordinates | None:
        """
        Extrapolate to a time at which nothing was measured; the uncertainty grows.

        :param stamp_s: seconds, not before the last image.
        :returns: None before the first image and after a long gap.
        """
        last, count = self.last, self.model.count
        if last is None or not 0.0 <= stamp_s - last.stamp_s <= MAX_GAP_S:
            return None
        expected = self._expected(last, stamp_s)
        # Nothing is measured, so that the movement is taken to end, however short the step.
        left = np.exp(-(stamp_s - last.stamp_s) / VELOCITY_DECAY_S)
        positions, velocities = last.belief.mean[: 2 * count].reshape(2, count)
        mean = expected.mean.copy()
        mean[:count] = positions + velocities * VELOCITY_DECAY_S * (1.0 - left)
        mean[count : 2 * count] = velocities * left
        return self.report(with_variance(Belief(mean, expected.covariance), self._doubt))

    def update(
        self,
        positions: FloatArray,
        stddev: FloatArray,
        stamp_s: float,
        points: PointEvidence | None = None,
    ) -> EstimatedCoordinates:
        """
        Take one image in.

        A coordinate whose innovation no movement explains is left out, unless it lasts.

        :param positions: [coordinates], as measured, radians or metres; NaN where not measured.
        :param stddev: [coordinates], 1 sigma; a value without one is not used.
        :param stamp_s: seconds; a gap over :data:`MAX_GAP_S` or a step back starts afresh.
        :param points: keypoints; None where there are none.
        :returns: the estimate.
        """
        model, last = self.model, self.last
        measured = np.isfinite(positions) & np.isfinite(stddev) & (stddev >= 0.0)
        variance = np.where(measured, np.square(stddev), 0.0)
        self._learn_lasting(measured, variance, points)
        is_first = last is None or not 0.0 <= stamp_s - last.stamp_s <= MAX_GAP_S
        if last is None or is_first:
            self._images = 0
            self._outlier_s, self._doubt = np.zeros(model.count), np.zeros(model.count)
            expected, new = model.nothing_known(self._lasting), measured
        else:
            expected = self._expected(last, stamp_s)
            new = measured & np.isnan(expected.mean[: model.count])
            step_s, was_off = stamp_s - last.stamp_s, self._outlier_s > 0.0
            off = self._outliers(positions, variance, expected, step_s)
            self._outlier_s = np.where(off & measured, self._outlier_s + step_s, 0)
            lasts = self._outlier_s > _LONGEST_OUTLIER_S
            self._outlier_s[lasts] = 0.0
            new |= lasts
            measured &= ~off | lasts
            self._doubt = self._doubt_of(was_off & measured, positions, expected, step_s)
        start = self._with_whole_turns(positions)
        expected = model.with_new(expected, new, start, variance)
        if self.smoothing == 0.0:
            belief = self._as_measured(expected, measured, start, variance, stamp_s)
            new = measured
        else:
            rows = self._rows(expected, measured & ~new, positions, variance)
            if points is not None and np.isfinite(expected.mean[: model.count]).all():
                step_s = np.inf if last is None or is_first else stamp_s - last.stamp_s
                self._add_points(rows, expected, points, step_s)
            belief = self._corrected(expected, rows)
        # Nothing is carried back to images that are taken as they are.
        is_first = is_first or self.smoothing == 0.0
        self.last = Step(stamp_s, expected, belief, new, is_first, self._doubt)
        self._images += 1
        return self.report(with_variance(belief, self._doubt))

    def skip(self, stamp_s: float) -> Step:
        """
        Add a step without measurements, for the smoother to fill.

        :param stamp_s: seconds, after the last image and no long gap.
        """
        assert self.last is not None
        expected = self._expected(self.last, stamp_s)
        new = np.zeros(self.model.count, bool)
        self.last = Step(stamp_s, expected, expected, new, False, self._doubt)
        return self.last

    def _expected(self, last: Step, stamp_s: float) -> Belief:
        return self.model.predict(last.belief, stamp_s - last.stamp_s, self._lasting)

    def _with_whole_turns(self, positions: FloatArray) -> FloatArray:
        """Add the turns that were counted until now, also before a gap."""
        before = positions if self.last is None else self.last.belief.mean[: self.model.count]
        before = np.where(np.isnan(before), positions, before)
        return before + self.model.difference(positions, before)

    def _learn_lasting(
        self, measured: BoolArray, variance: FloatArray, points: PointEvidence | None
    ) -> None:
        """Keep the variance of the lasting errors as it was measured last."""
        count = self.model.count
        self._lasting[:count][measured] = (1.0 - FRESH_SHARE) * variance[measured]
        if points is not None:
            lasting = (1.0 - FRESH_POINT_SHARE) * np.square(points.seen.stddev_m)
            lasting += POINT_SITE_STDDEV_M**2
            self._lasting[count:] = np.repeat(lasting, 2)

    def _outliers(
        self, positions: FloatArray, variance: FloatArray, expected: Belief, step_s: float
    ) -> BoolArray:
        """Find the values that no movement explains; an unknown value is no outlier."""
        model, count = self.model, self.model.count
        if self.smoothing == 0.0:
            return np.zeros(count, dtype=bool)
        mean, covariance = expected.mean, expected.covariance
        at, error = np.arange(count), np.arange(2 * count, 3 * count)
        spread = covariance[at, at] + covariance[error, error] + 2.0 * covariance[at, error]
        distance = np.abs(model.difference(positions, mean[:count] + mean[error]))
        sigmas = np.sqrt(np.maximum(spread, 0.0) + FRESH_SHARE * variance)
        return distance > _OUTLIER_SIGMAS * sigmas + model.plausible_step(step_s)

    def _doubt_of(
        self, accepted: BoolArray, positions: FloatArray, expected: Belief, step_s: float
    ) -> FloatArray:
        """
        Give the variance of the choice between what was expected and outliers now accepted.

        Nothing tells which is wrong: 1 sigma is half the way from one to the other.
        """
        before = faded(self._doubt, step_s)
        way = self.model.difference(positions, expected.mean[: self.model.count])
        return np.where(accepted, np.maximum(before, np.square(way / 2.0)), before)

    def _as_measured(
        self,
        expected: Belief,
        measured: BoolArray,
        positions: FloatArray,
        variance: FloatArray,
        stamp_s: float,
    ) -> Belief:
        """Take the measured coordinates as they are; velocities are differences."""
        count = self.model.count
        belief = self.model.with_new(expected, measured, positions, variance)
        if self.last is not None and self._images:
            step_s = max(stamp_s - self.last.stamp_s, 1e-6)
            change = positions - self.last.belief.mean[:count]
            belief.mean[count : 2 * count] = np.where(measured, change / step_s, 0.0)
        return belief

    def _corrected(self, expected: Belief, rows: Rows) -> Belief:
        """
        Correct the belief with the image's measurements by one Gauss-Newton step.

        Limits come after them: only what the image leaves beyond a limit is brought back.
        """
        belief = _with_rows(expected, rows)
        at = belief.mean[: self.model.count]
        beyond = np.clip(at, self._lower, self._upper) - at
        past = np.flatnonzero(np.isfinite(beyond) & (beyond != 0.0))  # NaN is no limit
        limits = Rows(self.model)
        limits.add_coordinates(past, beyond[past], np.full(len(past), _LIMIT_STDDEV**2))
        return _with_rows(belief, limits)

    def _rows(
        self,
        expected: Belief,
        measured: BoolArray,
        positions: FloatArray,
        variance: FloatArray,
    ) -> Rows:
        count = self.model.count
        rows = Rows(self.model)
        at = expected.mean[:count]
        errors = expected.mean[2 * count : 3 * count]
        known = np.flatnonzero(measured)
        off = self.model.difference(positions, at + errors)
        noisier = distrust(self.smoothing) ** 2
        # A certain value that is measured without error must not divide by zero.
        fresh = np.maximum(noisier * FRESH_SHARE * variance[known], 1e-12)
        rows.add_coordinates(known, off[known], fresh, with_error=True)
        return rows

    def _add_points(
        self, rows: Rows, expected: Belief, points: PointEvidence, step_s: float
    ) -> None:
        count, mean = self.model.count, expected.mean
        view = points.compare(mean[:count], step_s)
        with np.errstate(invalid='ignore'):
            seen = np.flatnonzero(np.isfinite(view.residual[:, 0]) & (view.depth_m > _NEAREST_M))
        depth_m = view.depth_m[seen]
        places = 3 * count + 2 * seen[:, None] + np.arange(2)
        off = view.residual[seen] - mean[places] / depth_m[:, None]
        fresh = FRESH_POINT_SHARE * np.square(points.seen.stddev_m[seen])  # metres^2
        lasting = expected.covariance[places[:, 0], places[:, 0]]
        sigmas = np.square(off * depth_m[:, None]).sum(axis=1) / (fresh + lasting)
        noisier = distrust(self.smoothing) ** 2
        weighed = noisier * (1.0 + sigmas / _ROBUST_SIGMAS**2) * fresh
        spread = np.maximum(weighed / depth_m**2, 1e-12)
        rows.add_points(places, off, view.slopes[seen], depth_m, spread)
        if (stance := view.stance) is not None:
            rows.add_slopes(stance.residual, stance.slopes, noisier * stance.variance)

    def report(self, belief: Belief) -> EstimatedCoordinates:
        """Read coordinates and velocities out of a belief."""
        count = self.model.count
        positions = belief.mean[:count].copy()
        velocities = belief.mean[count : 2 * count].copy()
        variance = np.maximum(np.diag(belief.covariance)[:count], 0.0)
        stddev = np.sqrt(variance) * (_SHARED_ERRORS if self.smoothing > 0.0 else 1.0)
        unknown = np.isnan(positions)
        velocities[unknown | (self._images < 2)] = np.nan
        stddev[unknown] = np.nan
        return EstimatedCoordinates(positions, velocities, stddev)


def faded(doubt: FloatArray, step_s: float) -> FloatArray:
    """
    Give what is left of a doubt.

    :param doubt: [coordinates], variance.
    :param step_s: how long ago, or ahead, that was.
    """
    return doubt * np.exp(-2.0 * step_s / _DOUBT_LASTS_S)


def with_variance(belief: Belief, variance: FloatArray) -> Belief:
    """
    Make coordinates less certain.

    :param belief: of the state.
    :param variance: [coordinates], to add.
    """
    if not variance.any():
        return belief
    covariance, at = belief.covariance.copy(), np.arange(len(variance))
    covariance[at, at] += variance
    return Belief(belief.mean, covariance)


def _with_rows(belief: Belief, rows: Rows) -> Belief:
    """Correct a belief with linearised measurements."""
    if not len(rows):
        return belief
    seen = rows.times(belief.covariance)  # [rows, states]
    spread = rows.times(seen.T) + np.diag(rows.variance)
    factor = cho_factor(spread, lower=True, check_finite=False)
    mean = belief.mean + seen.T @ cho_solve(factor, rows.residual, check_finite=False)
    gained = solve_triangular(factor[0], seen, lower=True, check_finite=False)
    return Belief(mean, belief.covariance - gained.T @ gained)


def check_smoothing(smoothing: float) -> None:
    """
    Check a strength of the estimator.

    :raises ValueError: when it does not lie from 0 to 1.
    """
    if not 0.0 <= smoothing <= 1.0:
        raise ValueError(f'smoothing must lie from 0 (none) to 1 (strongest), got {smoothing}')


def distrust(smoothing: float) -> float:
    """
    Give the factor that inflates the noise of the measurements.

    :param smoothing: 0 to 1.
    :returns: factor on the standard deviation: 0 follows every measurement, 1 at 0.5 is the best
        estimate, more is smoother and lags more.
    """
    return (2.0 * smoothing) ** 2.5
