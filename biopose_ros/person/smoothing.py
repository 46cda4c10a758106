"""
Smoothing of whole recordings, which may look ahead: no lag.

A Kalman filter forwards over the model of :mod:`.filtering`, then the smoother of Rauch, Tung and
Striebel (*AIAA Journal* 3, 1965) backwards. For even frames this is a zero-phase low-pass filter,
like the dual-pass Butterworth filter that biomechanists use at 6 Hz, and falls off as steeply. Its
cut-off is (q / r)^(1/4) / 2 pi for acceleration of density q and fresh noise of density r: at the
default strength and 30 Hz, 6 Hz for a coordinate known to 2 degrees, 4 Hz for 5 degrees. Unlike
Butterworth's it takes uneven frames and gaps as they are, gives velocities and an uncertainty, and
trusts each coordinate as far as it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.person.filtering import (
    FRESH_SHARE,
    MAX_GAP_S,
    OUTLIER_SIGMAS,
    BoolArray,
    FilteredCoordinates,
    MotionModel,
    check_smoothing,
    distrust,
    is_measured,
)
from biopose_ros.records import FloatArray

# 1 sigma of a coordinate before anything is known of it, radians or metres, and per second.
_UNKNOWN_STDDEV = (10.0, 3.0)


@dataclass(frozen=True, eq=False)
class _Pass:
    """
    What the filter knew at each frame.

    :param states: [frames, 2, coordinates], after the frame's measurement.
    :param covariances: [frames, 2, 2, coordinates].
    :param expected_states: the same, before it.
    :param expected_covariances: the same, before it.
    """

    states: FloatArray
    covariances: FloatArray
    expected_states: FloatArray
    expected_covariances: FloatArray


def smooth(
    times_s: FloatArray,
    positions: FloatArray,
    stddev: FloatArray,
    model: MotionModel,
    smoothing: float,
) -> list[FilteredCoordinates]:
    """
    Smooth one person's track.

    Frames more than :data:`~.filtering.MAX_GAP_S` apart are smoothed apart. Shorter gaps, and
    single values that are far off, are bridged from both sides.

    :param times_s: [frames], increasing.
    :param positions: [frames, coordinates], radians or metres; NaN where not measured.
    :param stddev: [frames, coordinates], 1 sigma; a value without one is not used.
    :param model: of the coordinates.
    :param smoothing: 0 gives the measurements back, 0.5 is the best guess, 1 the strongest.
    :returns: one record per frame; NaN before the first and after the last measurement of a
        coordinate between two long gaps.
    :raises ValueError: when the times do not increase, or the smoothing does not lie from 0 to 1.
    """
    check_smoothing(smoothing)
    steps_s = np.diff(times_s)
    if not (steps_s > 0).all():
        worst = int(np.argmin(steps_s))
        raise ValueError(
            f'times must increase, got {times_s[worst]} s and then {times_s[worst + 1]} s; '
            'smooth each time line by itself'
        )
    cuts = np.flatnonzero(steps_s > MAX_GAP_S) + 1
    return [
        frame
        for part in np.split(np.arange(len(times_s)), cuts)
        for frame in _smooth_part(times_s[part], positions[part], stddev[part], model, smoothing)
    ]


def _smooth_part(
    times_s: FloatArray,
    positions: FloatArray,
    stddev: FloatArray,
    model: MotionModel,
    smoothing: float,
) -> list[FilteredCoordinates]:
    """Smooth frames without long gaps; twice, the second time without what was far off."""
    measured = is_measured(positions, stddev)
    order = np.arange(len(times_s))[:, None]
    first = np.where(measured, order, len(times_s)).min(axis=0)
    last = np.where(measured, order, -1).max(axis=0)
    known = (order >= first) & (order <= last)
    variance = np.square(np.where(measured, stddev, 0.0))
    states, covariances = _both_ways(times_s, positions, variance, measured, model, smoothing)
    if smoothing > 0.0:
        distance = np.abs(model.difference(positions, states[:, 0]))
        off = distance > OUTLIER_SIGMAS * np.sqrt(covariances[:, 0, 0] + variance)
        if (off & measured).any():
            measured &= ~off
            states, covariances = _both_ways(
                times_s, positions, variance, measured, model, smoothing
            )
    lasting = (1.0 - FRESH_SHARE) * _filled(times_s, variance, measured)
    return [
        FilteredCoordinates(
            np.where(known[frame], states[frame, 0], np.nan),
            np.where(known[frame], states[frame, 1], np.nan),
            np.where(known[frame], np.sqrt(covariances[frame, 0, 0] + lasting[frame]), np.nan),
        )
        for frame in range(len(times_s))
    ]


def _both_ways(
    times_s: FloatArray,
    positions: FloatArray,
    variance: FloatArray,
    measured: BoolArray,
    model: MotionModel,
    smoothing: float,
) -> tuple[FloatArray, FloatArray]:
    """Filter, then smooth; states [frames, 2, n] and covariances [frames, 2, 2, n]."""
    noise = FRESH_SHARE * variance * distrust(smoothing) ** 2
    known = _forwards(times_s, positions, noise, measured, model)
    states, covariances = known.states.copy(), known.covariances.copy()
    for frame in range(len(times_s) - 2, -1, -1):
        carry = model.transition(float(times_s[frame + 1] - times_s[frame]))
        after = known.expected_covariances[frame + 1]
        # P A^T (A P A^T + Q)^-1, for each coordinate.
        back = np.einsum('ijc,kj->ikc', known.covariances[frame], carry)
        gain = np.einsum('ijc,jkc->ikc', back, _inverse(after))
        change = states[frame + 1] - known.expected_states[frame + 1]
        states[frame] += np.einsum('ijc,jc->ic', gain, change)
        covariances[frame] += np.einsum(
            'ijc,jkc,lkc->ilc', gain, covariances[frame + 1] - after, gain
        )
    return states, covariances


def _forwards(
    times_s: FloatArray,
    positions: FloatArray,
    noise: FloatArray,
    measured: BoolArray,
    model: MotionModel,
) -> _Pass:
    frames, count = positions.shape
    shape = (frames, 2, 2, count)
    known = _Pass(
        np.empty((frames, 2, count)),
        np.empty(shape),
        np.empty((frames, 2, count)),
        np.empty(shape),
    )
    state: FloatArray = np.zeros((2, count))
    # A circular coordinate starts within half a turn of its first value.
    first = measured.argmax(axis=0)
    state[0] = np.where(measured.any(axis=0), positions[first, np.arange(count)], 0.0)
    covariance: FloatArray = np.zeros((2, 2, count))
    covariance[0, 0], covariance[1, 1] = np.square(_UNKNOWN_STDDEV)[:, None]
    for frame in range(frames):
        if frame > 0:
            step_s = float(times_s[frame] - times_s[frame - 1])
            state, covariance = model.predict(state, covariance, step_s)
        known.expected_states[frame], known.expected_covariances[frame] = state, covariance
        seen = measured[frame]
        total = np.maximum(covariance[0, 0] + noise[frame], 1e-12)
        gain = np.where(seen, covariance[:, 0] / total, 0.0)
        innovation = np.where(seen, model.difference(positions[frame], state[0]), 0.0)
        state = state + gain * innovation
        covariance = covariance - gain[:, None] * covariance[None, 0]
        known.states[frame], known.covariances[frame] = state, covariance
    return known


def _inverse(matrices: FloatArray) -> FloatArray:
    """Invert symmetric matrices, [2, 2, n]."""
    (a, b), (_, d) = matrices
    return np.array([[d, -b], [-b, a]]) / (a * d - b * b)


def _filled(times_s: FloatArray, values: FloatArray, known: BoolArray) -> FloatArray:
    """Interpolate over the frames in which a column is not known."""
    filled = np.zeros_like(values)
    for column in np.flatnonzero(known.any(axis=0)):
        rows = known[:, column]
        filled[:, column] = np.interp(times_s, times_s[rows], values[rows, column])
    return filled
