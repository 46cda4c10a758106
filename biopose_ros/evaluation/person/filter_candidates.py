"""Filters over whole series, to be compared: ours, and those that others would pick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from biopose_ros.person.estimator import EstimatedCoordinates, MotionEstimator
from biopose_ros.person.motion_model import MotionModel
from biopose_ros.person.smoothing import smoothed
from biopose_ros.records import FloatArray

RATE_HZ = 30.0
# Cut-off of the One-Euro filter's derivative, as its authors set it.
_DERIVATIVE_CUTOFF_HZ = 1.0


@dataclass(frozen=True, eq=False)
class Series:
    """
    Filtered coordinates over time.

    :param positions: [frames, coordinates], radians.
    :param velocities: [frames, coordinates], per second; None where the filter gives none.
    :param stddev: [frames, coordinates], 1 sigma; None where the filter gives none.
    """

    positions: FloatArray
    velocities: FloatArray | None = None
    stddev: FloatArray | None = None


# Angles [frames, coordinates] at RATE_HZ, and their stated 1 sigma.
Filter = Callable[[FloatArray, FloatArray], Series]


def unfiltered(positions: FloatArray, stddev: FloatArray) -> Series:
    """Leave everything as it is; velocities are differences to the frame before."""
    velocities = np.diff(positions, axis=0, prepend=positions[:1]) * RATE_HZ
    return Series(positions, velocities, stddev)


def causal(smoothing: float) -> Filter:
    """Our estimator at a strength, without keypoints."""

    def run(positions: FloatArray, stddev: FloatArray) -> Series:
        estimator = _estimator(positions.shape[1], smoothing)
        return _series(
            [
                estimator.update(row, sigma, frame / RATE_HZ)
                for frame, (row, sigma) in enumerate(zip(positions, stddev, strict=True))
            ]
        )

    return run


def look_ahead(smoothing: float) -> Filter:
    """Our estimator with all that came later, without keypoints."""

    def run(positions: FloatArray, stddev: FloatArray) -> Series:
        estimator, steps = _estimator(positions.shape[1], smoothing), []
        for frame, (row, sigma) in enumerate(zip(positions, stddev, strict=True)):
            estimator.update(row, sigma, frame / RATE_HZ)
            assert estimator.last is not None
            steps.append(estimator.last)
        beliefs = smoothed(steps, estimator.model)
        return _series([estimator.report(belief) for belief in beliefs])

    return run


def butterworth(cutoff_hz: float) -> Filter:
    """Biomechanists' usual filter of recordings: second order, forwards and backwards."""
    # Two passes lower the cut-off; Winter's correction puts it back where it is named.
    corner_hz = cutoff_hz / (2.0**0.5 - 1.0) ** 0.25
    sections = butter(2, corner_hz, fs=RATE_HZ, output='sos')

    def run(positions: FloatArray, stddev: FloatArray) -> Series:
        return Series(sosfiltfilt(sections, positions, axis=0))

    return run


def one_euro(cutoff_hz: float, beta: float) -> Filter:
    """
    Make the One-Euro filter (Casiez, Roussel and Vogel, CHI 2012).

    :param cutoff_hz: at rest.
    :param beta: growth of the cut-off with speed, hertz per radian per second.
    """

    def weight(cutoff: FloatArray | float) -> FloatArray | float:
        return 1.0 / (1.0 + RATE_HZ / (2.0 * np.pi * cutoff))

    def run(positions: FloatArray, stddev: FloatArray) -> Series:
        value, velocity = positions[0], np.zeros(positions.shape[1])
        values, velocities = [value], [velocity]
        for row in positions[1:]:
            change = (row - value) * RATE_HZ
            velocity = velocity + weight(_DERIVATIVE_CUTOFF_HZ) * (change - velocity)
            value = value + weight(cutoff_hz + beta * np.abs(velocity)) * (row - value)
            values.append(value)
            velocities.append(velocity)
        return Series(np.stack(values), np.stack(velocities))

    return run


def _estimator(count: int, smoothing: float) -> MotionEstimator:
    """Make an estimator of angles without limits."""
    model = MotionModel(np.ones(count, dtype=bool), np.zeros(count, dtype=bool))
    unlimited = np.full(count, np.inf)
    return MotionEstimator(model, (-unlimited, unlimited), smoothing)


def _series(frames: list[EstimatedCoordinates]) -> Series:
    return Series(
        np.stack([frame.positions for frame in frames]),
        np.stack([frame.velocities for frame in frames]),
        np.stack([frame.stddev for frame in frames]),
    )
