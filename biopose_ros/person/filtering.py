"""
Causal smoothing of joint coordinates, with velocities and honest uncertainty.

Each coordinate has its own Kalman filter with a constant-velocity model driven by continuous white
acceleration noise (Bar-Shalom et al., *Estimation with Applications to Tracking and Navigation*,
2001, section 6.2.2), so that frame rates may change. ``biopose evaluate filtering`` compares it
with the One-Euro filter: at the same jitter it lags less.

Most of the error of an estimated angle lasts for many images and cannot be filtered away: only
:data:`FRESH_SHARE` of its variance is new in each image. The filter smooths that share; the rest
goes from the measurement straight to the reported uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray

# Share of the error's variance that is new in each image: `biopose evaluate filtering` finds it in
# the errors of both estimation methods on real video.
FRESH_SHARE = 0.1
# Power spectral density of acceleration, rad^2/s^3 and m^2/s^3. Brisk everyday motion: legs and
# arms at 20 rad/s^2, the pelvis at 4 m/s^2, each for about 25 ms before it changes.
_TURN_DENSITY, _SHIFT_DENSITY = 10.0, 0.4
# Fastest plausible acceleration, rad/s^2 and m/s^2: a sprinter's knee, a landing.
_TURN_LIMIT, _SHIFT_LIMIT = 600.0, 60.0
# Further off than this many sigma, on top of the fastest plausible movement, is no movement.
OUTLIER_SIGMAS = 5.0
# What was off for longer is where the coordinate is.
_LONGEST_OUTLIER_S = 0.1
# 1 sigma of the unknown first velocity, rad/s or m/s.
_FIRST_VELOCITY_STDDEV = 3.0
# Movements end: a single one takes about half a second. After a pause in the measurements longer
# than LONGEST_STEP_S the velocity has died away with this time constant.
_VELOCITY_DECAY_S = 0.12
LONGEST_STEP_S = 0.15
# After a longer gap the filter starts afresh.
MAX_GAP_S = 1.0

# Where measurements keep differing from the predictions by more than they should, movement is
# faster than the model allows, and the uncertainty is raised accordingly; over this time.
_SURPRISE_MEMORY_S = 0.3

BoolArray = NDArray[np.bool_]


def check_smoothing(smoothing: float) -> None:
    """
    Check a strength of the filter.

    :raises ValueError: when it does not lie from 0 to 1.
    """
    if not 0.0 <= smoothing <= 1.0:
        raise ValueError(f'smoothing must lie from 0 (none) to 1 (strongest), got {smoothing}')


@dataclass(frozen=True)
class FilteredCoordinates:
    """
    Filtered values of one frame.

    :param positions: [coordinates], radians or metres.
    :param velocities: [coordinates], per second; NaN until two frames were seen.
    :param stddev: [coordinates], 1 sigma of the positions.
    """

    positions: FloatArray
    velocities: FloatArray
    stddev: FloatArray


@dataclass(frozen=True, eq=False)
class MotionModel:
    """
    How coordinates move, and how they are measured.

    :param is_rotation: [coordinates], angles; the others are translations.
    :param is_circular: [coordinates], angles that may turn round and round.
    """

    is_rotation: BoolArray
    is_circular: BoolArray

    def transition(self, step_s: float) -> FloatArray:
        """Carry position and velocity on, [2, 2]; over a long step the movement dies away."""
        if step_s <= LONGEST_STEP_S:
            return np.array([[1.0, step_s], [0.0, 1.0]])
        left = np.exp(-step_s / _VELOCITY_DECAY_S)
        return np.array([[1.0, _VELOCITY_DECAY_S * (1.0 - left)], [0.0, left]])

    def process_noise(self, step_s: float) -> FloatArray:
        """Give the variance of what acceleration does to position and velocity, [2, 2, n]."""
        density = np.where(self.is_rotation, _TURN_DENSITY, _SHIFT_DENSITY)
        unit = np.array([[step_s**3 / 3.0, step_s**2 / 2.0], [step_s**2 / 2.0, step_s]])
        return unit[..., None] * density

    def predict(
        self, state: FloatArray, covariance: FloatArray, step_s: float
    ) -> tuple[FloatArray, FloatArray]:
        """
        Extrapolate.

        :param state: [2, coordinates], position and velocity.
        :param covariance: [2, 2, coordinates].
        :param step_s: seconds.
        :returns: both, later.
        """
        transition = self.transition(step_s)
        carried = np.einsum('ij,jkc,lk->ilc', transition, covariance, transition)
        return transition @ state, carried + self.process_noise(step_s)

    def difference(self, measured: FloatArray, expected: FloatArray) -> FloatArray:
        """Subtract positions, the short way round where they are circular."""
        difference = measured - expected
        turns = np.round(difference / (2.0 * np.pi))
        return np.where(self.is_circular, difference - 2.0 * np.pi * turns, difference)

    def plausible_step(self, step_s: float) -> FloatArray:
        """Tell how far the fastest movement leaves the prediction, [coordinates]."""
        return np.where(self.is_rotation, _TURN_LIMIT, _SHIFT_LIMIT) * step_s**2 / 2.0

    def first_covariance(self, stddev: FloatArray) -> FloatArray:
        """Give the covariance after a first measurement, [2, 2, coordinates]."""
        covariance = np.zeros((2, 2, len(stddev)))
        covariance[0, 0] = FRESH_SHARE * np.square(stddev)
        covariance[1, 1] = _FIRST_VELOCITY_STDDEV**2
        return covariance


def is_measured(positions: FloatArray, stddev: FloatArray) -> BoolArray:
    """Tell which values can be used: known ones with a known uncertainty, [coordinates]."""
    return np.isfinite(positions) & np.isfinite(stddev) & (stddev >= 0.0)


def distrust(smoothing: float) -> float:
    """
    Tell how much noisier than it is a measurement is taken for.

    :param smoothing: 0 to 1.
    :returns: factor on the standard deviation: 0 follows every measurement, 1 at 0.5 is the best
        guess of the coordinate, more is calmer and later.
    """
    return (2.0 * smoothing) ** 2.5


class CoordinateFilter:
    """
    Filter the coordinates of one person over time.

    :param model: of the coordinates.
    :param smoothing: 0 passes measurements through, 1 is the strongest; may change at any time.
    :raises ValueError: when the smoothing does not lie from 0 to 1.
    """

    def __init__(self, model: MotionModel, smoothing: float) -> None:
        check_smoothing(smoothing)
        self.smoothing = smoothing
        self._model = model
        self._state: FloatArray = np.full((2, len(model.is_rotation)), np.nan)
        self.reset()

    def reset(self) -> None:
        """Start afresh with the next frame; only the count of whole turns goes on."""
        self._stamp_s: float | None = None
        self._frames = 0
        count = len(self._model.is_rotation)
        self._covariance: FloatArray = np.zeros((2, 2, count))
        self._lasting_variance: FloatArray = np.zeros(count)
        self._outlier_s: FloatArray = np.zeros(count)
        self._surprise: FloatArray = np.ones(count)

    def predict(self, stamp_s: float) -> FilteredCoordinates | None:
        """
        Extrapolate to a time at which nothing was measured; the uncertainty grows.

        :param stamp_s: seconds, not before the last frame.
        :returns: the prediction, or None before the first frame and after a long gap.
        """
        if not self._is_running_at(stamp_s):
            return None
        assert self._stamp_s is not None
        # Nothing is measured, so that the movement is taken to end, however short the step.
        step_s = stamp_s - self._stamp_s
        _, covariance = self._model.predict(self._state, self._covariance, step_s)
        left = np.exp(-step_s / _VELOCITY_DECAY_S)
        positions = self._state[0] + self._state[1] * _VELOCITY_DECAY_S * (1.0 - left)
        return self._report(np.stack([positions, self._state[1] * left]), covariance)

    def update(
        self, positions: FloatArray, stddev: FloatArray, stamp_s: float
    ) -> FilteredCoordinates:
        """
        Take in one measured frame.

        A value that is off by more than movement allows is left out, unless it stays there.

        :param positions: [coordinates], radians or metres; NaN where not measured.
        :param stddev: [coordinates], 1 sigma; a value without one is not used.
        :param stamp_s: seconds; a gap over :data:`MAX_GAP_S` or a step back starts afresh.
        :returns: the filtered frame.
        """
        measured = is_measured(positions, stddev)
        variance = np.where(measured, np.square(stddev), np.nan)
        if not self._is_running_at(stamp_s):
            self.reset()
            state, covariance, step_s = self._state.copy(), self._covariance, 0.0
            appears = np.ones_like(measured)
        else:
            assert self._stamp_s is not None
            step_s = stamp_s - self._stamp_s
            state, covariance = self._model.predict(self._state, self._covariance, step_s)
            off = self._outliers(positions, state[0], covariance[0, 0] + variance, step_s)
            self._outlier_s = np.where(off, self._outlier_s + step_s, 0.0)
            lasts = self._outlier_s > _LONGEST_OUTLIER_S
            appears = measured & (np.isnan(state[0]) | lasts)
            measured &= ~off | lasts
            self._outlier_s[lasts] = 0.0
        state, covariance = self._begin(appears, state, covariance, positions, stddev)
        self._lasting_variance = np.where(
            measured, (1.0 - FRESH_SHARE) * variance, self._lasting_variance
        )
        self._correct(
            state, covariance, measured & ~appears, positions, FRESH_SHARE * variance, step_s
        )
        self._stamp_s = stamp_s
        self._frames += 1
        return self._report(self._state, self._covariance)

    def _is_running_at(self, stamp_s: float) -> bool:
        return self._stamp_s is not None and 0.0 <= stamp_s - self._stamp_s <= MAX_GAP_S

    def _outliers(
        self, positions: FloatArray, expected: FloatArray, variance: FloatArray, step_s: float
    ) -> BoolArray:
        """Tell which values no movement explains; not knowing is no outlier."""
        if self.smoothing == 0.0:
            return np.zeros(len(positions), dtype=bool)
        distance = np.abs(self._model.difference(positions, expected))
        return distance > OUTLIER_SIGMAS * np.sqrt(variance) + self._model.plausible_step(step_s)

    def _begin(
        self,
        appears: BoolArray,
        state: FloatArray,
        covariance: FloatArray,
        positions: FloatArray,
        stddev: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Place coordinates without a past where they are measured, at rest."""
        # Where there was a past, the whole turns since then are kept.
        known = np.where(np.isnan(state[0]), positions, state[0])
        start = known + self._model.difference(positions, known)
        first = self._model.first_covariance(stddev)
        return (
            np.where(appears, np.stack([start, np.zeros_like(start)]), state),
            np.where(appears, first, covariance),
        )

    def _correct(
        self,
        state: FloatArray,
        covariance: FloatArray,
        measured: BoolArray,
        positions: FloatArray,
        variance: FloatArray,
        step_s: float,
    ) -> None:
        """Move towards the measurement; Joseph's form keeps the covariance true for any gain."""
        noise = np.where(measured, variance, 0.0)
        # A certain value that is measured without error must not divide by zero.
        total = np.maximum(covariance[0, 0] + noise * distrust(self.smoothing) ** 2, 1e-12)
        gain = np.where(measured, covariance[:, 0] / total, 0.0)
        innovation = np.where(measured, self._model.difference(positions, state[0]), 0.0)
        self._learn_surprise(innovation, covariance[0, 0] + noise, measured, step_s)
        self._state = state + gain * innovation
        keep = np.zeros((2, 2, len(noise)))
        keep[0, 0], keep[1, 0], keep[1, 1] = 1.0 - gain[0], -gain[1], 1.0
        carried = np.einsum('ijc,jkc,lkc->ilc', keep, covariance, keep)
        self._covariance = carried + gain[:, None] * gain[None] * noise

    def _learn_surprise(
        self, innovation: FloatArray, expected: FloatArray, measured: BoolArray, step_s: float
    ) -> None:
        """Average how the squares of the innovations compare with their variance."""
        weight = np.where(measured, 1.0 - np.exp(-step_s / _SURPRISE_MEMORY_S), 0.0)
        ratio = np.square(innovation) / np.maximum(expected, 1e-12)
        self._surprise = self._surprise + weight * (ratio - self._surprise)

    def _report(self, state: FloatArray, covariance: FloatArray) -> FilteredCoordinates:
        velocities = state[1] if self._frames > 1 else np.full_like(state[1], np.nan)
        # A filter that follows every measurement lags behind none.
        surprise = np.maximum(self._surprise, 1.0) if self.smoothing > 0.0 else 1.0
        stddev = np.sqrt(covariance[0, 0] * surprise + self._lasting_variance)
        return FilteredCoordinates(state[0].copy(), velocities.copy(), stddev)
