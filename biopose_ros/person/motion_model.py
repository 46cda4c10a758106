"""
The estimator's model of one person: how coordinates move, and the errors of measurements.

The state holds, one after the other, the coordinates, their velocities, and the lasting errors of
what is measured: one for each measured coordinate, two for each keypoint (across the image, metres
at the person). Velocities are driven by continuous white noise of acceleration (Bar-Shalom et al.,
*Estimation with Applications to Tracking and Navigation*, 2001, section 6.2.2), so that images may
follow each other at any times. Most of the error of an estimated angle or keypoint lasts for many
images: it is a first-order Gauss-Markov process, and only a share of the variance is new in each
image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray

# Share of the variance of a measured coordinate that is new in each image: `biopose evaluate
# filtering` finds it in the errors of both estimation methods on real video.
FRESH_SHARE = 0.1
# The same for keypoints, see `biopose evaluate keypoints`; and 1 sigma, metres, of where they sit
# on a skeleton that was scaled to a person, which lasts.
FRESH_POINT_SHARE, POINT_SITE_STDDEV_M = 0.35, 0.015
# Time constants of the lasting errors, seconds; chosen on rendered sequences and two real views.
_ERROR_LASTS_S, _POINT_ERROR_LASTS_S = 0.5, 2.0
# Power spectral density of acceleration, rad^2/s^3 and m^2/s^3. Fast everyday motion: legs and
# arms at 45 rad/s^2, the pelvis at 3 m/s^2, each for about 25 ms before it changes.
_TURN_DENSITY, _SHIFT_DENSITY = 50.0, 0.2
# Fastest plausible acceleration, rad/s^2 and m/s^2: a sprinter's knee, a landing.
_TURN_LIMIT, _SHIFT_LIMIT = 600.0, 60.0
# 1 sigma of the unknown first velocity, rad/s or m/s.
_FIRST_VELOCITY_STDDEV = 3.0
# Movements end: a single one takes about half a second. After a pause in the measurements longer
# than LONGEST_STEP_S the velocity has died away with this time constant.
VELOCITY_DECAY_S = 0.12
LONGEST_STEP_S = 0.15

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Belief:
    """
    A normal distribution over the state.

    :param mean: [states].
    :param covariance: [states, states].
    """

    mean: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class MotionModel:
    """
    The state of one person.

    :param is_rotation: [coordinates], angles; the others are translations.
    :param is_circular: [coordinates], angles that may turn round and round.
    :param points: number of keypoints.
    """

    is_rotation: BoolArray
    is_circular: BoolArray
    points: int = 0

    @property
    def count(self) -> int:
        """Number of coordinates."""
        return len(self.is_rotation)

    @property
    def size(self) -> int:
        """Number of states."""
        return 3 * self.count + 2 * self.points

    def carried(self, rows: FloatArray, step_s: float) -> FloatArray:
        """
        Multiply by the matrix that carries the state on; over a long step the movement dies away.

        :param rows: [states, ...].
        :param step_s: seconds.
        """
        count = self.count
        if step_s <= LONGEST_STEP_S:
            moves_s, left = step_s, 1.0
        else:
            left = float(np.exp(-step_s / VELOCITY_DECAY_S))
            moves_s = VELOCITY_DECAY_S * (1.0 - left)
        on = rows.copy()
        on[:count] += moves_s * rows[count : 2 * count]
        on[count : 2 * count] *= left
        on[2 * count : 3 * count] *= np.exp(-step_s / _ERROR_LASTS_S)
        on[3 * count :] *= np.exp(-step_s / _POINT_ERROR_LASTS_S)
        return on

    def predict(self, belief: Belief, step_s: float, lasting_variance: FloatArray) -> Belief:
        """
        Extrapolate.

        :param belief: of the state.
        :param step_s: seconds.
        :param lasting_variance: [coordinates + 2 points], of the lasting errors.
        """
        covariance = self.carried(self.carried(belief.covariance, step_s).T, step_s)
        count, diagonal = self.count, np.arange(self.count)
        density = np.where(self.is_rotation, _TURN_DENSITY, _SHIFT_DENSITY)
        covariance[diagonal, diagonal] += density * step_s**3 / 3.0
        covariance[diagonal, diagonal + count] += density * step_s**2 / 2.0
        covariance[diagonal + count, diagonal] += density * step_s**2 / 2.0
        covariance[diagonal + count, diagonal + count] += density * step_s
        lasting = np.arange(2 * count, self.size)
        lasts_s = np.repeat([_ERROR_LASTS_S, _POINT_ERROR_LASTS_S], [count, 2 * self.points])
        forgotten = -np.expm1(-2.0 * step_s / lasts_s)
        covariance[lasting, lasting] += forgotten * lasting_variance
        return Belief(self.carried(belief.mean, step_s), covariance)

    def difference(self, measured: FloatArray, expected: FloatArray) -> FloatArray:
        """Subtract coordinates, the short way round where they are circular."""
        difference = measured - expected
        turns = np.round(difference / (2.0 * np.pi))
        return np.where(self.is_circular, difference - 2.0 * np.pi * turns, difference)

    def plausible_step(self, step_s: float) -> FloatArray:
        """Give how far the fastest movement leaves the prediction, [coordinates]."""
        return np.where(self.is_rotation, _TURN_LIMIT, _SHIFT_LIMIT) * step_s**2 / 2.0

    def with_new(
        self, belief: Belief, new: BoolArray, positions: FloatArray, variance: FloatArray
    ) -> Belief:
        """
        Place coordinates without a past where they are measured, at rest.

        :param belief: of the state; its values of these coordinates are replaced.
        :param new: [coordinates].
        :param positions: [coordinates].
        :param variance: [coordinates], of these measurements.
        """
        rows = np.flatnonzero(new)
        if not len(rows):
            return belief
        count = self.count
        mean, covariance = belief.mean.copy(), belief.covariance.copy()
        both = np.concatenate([rows, rows + count, rows + 2 * count])
        covariance[both], covariance[:, both] = 0.0, 0.0
        mean[both] = np.concatenate([positions[rows], np.zeros(2 * len(rows))])
        lasting = (1.0 - FRESH_SHARE) * variance[rows]
        covariance[rows, rows] = variance[rows]
        covariance[rows + count, rows + count] = _FIRST_VELOCITY_STDDEV**2
        covariance[rows + 2 * count, rows + 2 * count] = lasting
        # The measurement is the coordinate plus the error: where one is larger, the other is less.
        covariance[rows, rows + 2 * count] = covariance[rows + 2 * count, rows] = -lasting
        return Belief(mean, covariance)

    def nothing_known(self, lasting_variance: FloatArray) -> Belief:
        """Give the belief before anything was measured: no coordinate is known."""
        mean = np.zeros(self.size)
        mean[: self.count] = np.nan
        covariance = np.zeros((self.size, self.size))
        lasting = np.arange(2 * self.count, self.size)
        covariance[lasting, lasting] = lasting_variance
        return Belief(mean, covariance)
