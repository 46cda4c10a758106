"""The linearised measurements of one image, as a matrix of which most is zero."""

from __future__ import annotations

import numpy as np

from biopose_ros.person.motion_model import MotionModel
from biopose_ros.records import FloatArray


class Rows:
    """
    Measurements near a state: their residuals, variances and slopes by the state.

    :param model: whose state it is.
    :attr residual: [rows], measured less expected.
    :attr variance: [rows].
    """

    def __init__(self, model: MotionModel) -> None:
        self._count = model.count
        self.residual: FloatArray = np.zeros(0)
        self.variance: FloatArray = np.zeros(0)
        self._coordinates = np.zeros(0, dtype=np.intp)
        self._has_error = np.zeros(0, dtype=bool)
        self._slopes: FloatArray = np.zeros((0, model.count))
        self._errors = np.zeros(0, dtype=np.intp)
        self._per_error: FloatArray = np.zeros(0)

    def __len__(self) -> int:
        return len(self.residual)

    def add_coordinates(
        self,
        coordinates: np.ndarray,
        residual: FloatArray,
        variance: FloatArray,
        with_error: bool = False,
    ) -> None:
        """
        Add measured coordinates; before any points.

        :param coordinates: [rows], which.
        :param residual: [rows].
        :param variance: [rows].
        :param with_error: whether the lasting error is measured with it.
        """
        self._coordinates = np.concatenate([self._coordinates, coordinates])
        self._has_error = np.concatenate([self._has_error, np.full(len(coordinates), with_error)])
        self._extend(residual, variance)

    def add_points(
        self,
        places: np.ndarray,
        residual: FloatArray,
        slopes: FloatArray,
        depth_m: FloatArray,
        variance: FloatArray,
    ) -> None:
        """
        Add keypoints.

        :param places: [points, 2], states of their lasting errors.
        :param residual: [points, 2], on the plane z = 1.
        :param slopes: [points, 2, coordinates].
        :param depth_m: [points].
        :param variance: [points], per axis.
        """
        self._slopes = slopes.reshape(-1, self._count)
        self._errors = places.ravel()
        self._per_error = np.repeat(1.0 / depth_m, 2)
        self._extend(residual.ravel(), np.repeat(variance, 2))

    def add_slopes(self, residual: FloatArray, slopes: FloatArray, variance: FloatArray) -> None:
        """
        Add measurements of anything that the coordinates determine; after any points.

        :param residual: [rows].
        :param slopes: [rows, coordinates].
        :param variance: [rows].
        """
        self._slopes = np.concatenate([self._slopes, slopes])
        self._errors = np.concatenate([self._errors, np.zeros(len(slopes), np.intp)])
        self._per_error = np.concatenate([self._per_error, np.zeros(len(slopes))])
        self._extend(residual, variance)

    def times(self, matrix: FloatArray) -> FloatArray:
        """
        Multiply the slopes with a matrix.

        :param matrix: [states, ...].
        :returns: [rows, ...].
        """
        direct = matrix[self._coordinates]
        with_error = matrix[self._coordinates[self._has_error] + 2 * self._count]
        direct[self._has_error] += with_error
        shown = self._slopes @ matrix[: self._count]
        per_error = self._per_error.reshape(-1, *[1] * (matrix.ndim - 1))
        return np.concatenate([direct, shown + per_error * matrix[self._errors]])

    def _extend(self, residual: FloatArray, variance: FloatArray) -> None:
        self.residual = np.concatenate([self.residual, residual])
        self.variance = np.concatenate([self.variance, variance])
