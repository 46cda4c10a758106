"""
Causal smoothing of joint coordinates, with velocities and honest uncertainty.

Each coordinate has its own Kalman filter with a constant-velocity model driven by white
acceleration noise (Bar-Shalom et al., *Estimation with Applications to Tracking and Navigation*,
2001, section 6.2.2). The noise intensity is the one knob: a joint that may accelerate more is
smoothed less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.records import FloatArray


@dataclass(frozen=True)
class FilterConfig:
    """
    How much the coordinates are smoothed.

    :param smoothing: 0 passes measurements through, 1 is the strongest; 0.5 suits 30 Hz video.
    :param max_gap_s: after a longer gap the filter starts afresh.
    """

    smoothing: float = 0.5
    max_gap_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.smoothing <= 1.0:
            raise ValueError(f'smoothing must lie from 0 to 1, got {self.smoothing}')
        if not self.max_gap_s > 0.0:
            raise ValueError(f'max_gap_s must be positive, got {self.max_gap_s}')

    @property
    def acceleration_stddev(self) -> float:
        """1 sigma of the acceleration, rad/s^2 or m/s^2: from 1000 (none) to 1 (strongest)."""
        return float(10.0 ** (3.0 - 3.0 * self.smoothing))


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


class CoordinateFilter:
    """
    Filter the coordinates of one person over time.

    Angles must be continuous (unwrapped) from frame to frame.
    """

    # Fastest plausible start: 1 sigma of the unknown first velocity, rad/s or m/s.
    _INITIAL_VELOCITY_STDDEV = 3.0
    # A single joint movement takes about half a second; half of it is over on average, and the
    # rest slows down.
    _VELOCITY_DECAY_S = 0.12

    def __init__(self, config: FilterConfig) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._stamp_s: float | None = None
        self._frames = 0
        self._state: FloatArray = np.zeros((2, 0))  # [position and velocity, coordinates]
        self._covariance: FloatArray = np.zeros((2, 2, 0))

    def predict(self, stamp_s: float) -> FilteredCoordinates | None:
        """
        Extrapolate to a time at which nothing was measured; the uncertainty grows.

        Movements end: the velocity dies away with a time constant, so that somebody who is out of
        sight does not drift off.

        :param stamp_s: seconds, not before the last frame.
        :returns: the prediction, or None before the first frame and after a long gap.
        """
        if not self._is_running_at(stamp_s):
            return None
        assert self._stamp_s is not None
        decay = 1.0 - np.exp((self._stamp_s - stamp_s) / self._VELOCITY_DECAY_S)
        return self._report(*self._propagate(self._VELOCITY_DECAY_S * decay))

    def update(
        self, positions: FloatArray, stddev: FloatArray, stamp_s: float
    ) -> FilteredCoordinates:
        """
        Take in one measured frame.

        :param positions: [coordinates], radians or metres; NaN where not measured.
        :param stddev: [coordinates], 1 sigma.
        :param stamp_s: seconds; a gap over ``max_gap_s`` or a step back starts afresh.
        :returns: the filtered frame.
        """
        if not self._is_running_at(stamp_s):
            self._start(positions, stddev, stamp_s)
            return self._report(self._state, self._covariance)
        assert self._stamp_s is not None
        state, covariance = self._propagate(stamp_s - self._stamp_s)
        measured = np.isfinite(positions)
        appears = measured & np.isnan(state[0])
        state[:, appears] = np.stack([positions, np.zeros(len(positions))])[:, appears]
        covariance[..., appears] = self._initial_covariance(stddev)[..., appears]
        variance = np.where(measured, np.square(stddev), np.inf)
        # Infinite variance means no gain; a variance of zero must not divide by zero.
        gain = covariance[:, 0] / np.maximum(covariance[0, 0] + variance, 1e-12)
        innovation = np.where(measured, positions - state[0], 0.0)
        self._state = state + gain * innovation
        self._covariance = covariance - gain[:, None] * covariance[None, 0]
        self._stamp_s = stamp_s
        self._frames += 1
        return self._report(self._state, self._covariance)

    def _is_running_at(self, stamp_s: float) -> bool:
        if self._stamp_s is None:
            return False
        return 0.0 <= stamp_s - self._stamp_s <= self._config.max_gap_s

    def _start(self, positions: FloatArray, stddev: FloatArray, stamp_s: float) -> None:
        self._state = np.stack([positions, np.zeros(len(positions))])
        self._covariance = self._initial_covariance(stddev)
        self._stamp_s = stamp_s
        self._frames = 1

    def _initial_covariance(self, stddev: FloatArray) -> FloatArray:
        covariance = np.zeros((2, 2, len(stddev)))
        covariance[0, 0] = np.square(stddev)
        covariance[1, 1] = self._INITIAL_VELOCITY_STDDEV**2
        return covariance

    def _propagate(self, dt: float) -> tuple[FloatArray, FloatArray]:
        transition = np.array([[1.0, dt], [0.0, 1.0]])
        step = np.array([dt**2 / 2.0, dt]) * self._config.acceleration_stddev
        state = transition @ self._state
        covariance = np.einsum('ij,jkc,lk->ilc', transition, self._covariance, transition)
        return state, covariance + np.outer(step, step)[..., None]

    def _report(self, state: FloatArray, covariance: FloatArray) -> FilteredCoordinates:
        velocities = state[1] if self._frames > 1 else np.full_like(state[1], np.nan)
        return FilteredCoordinates(state[0].copy(), velocities.copy(), np.sqrt(covariance[0, 0]))
