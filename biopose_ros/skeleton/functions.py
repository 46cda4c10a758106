"""The functions of one coordinate that move a joint: all of them piecewise polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PiecewisePolynomial:
    """
    A function of one coordinate.

    Piece i holds for breakpoints[i - 1] <= x < breakpoints[i] and equals
    sum_k coefficients[i][k] * (x - origins[i])**k.

    :param breakpoints: [pieces - 1], ascending.
    :param origins: [pieces].
    :param coefficients: [pieces][degree + 1], lowest power first; all pieces of one length.
    """

    breakpoints: tuple[float, ...]
    origins: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]

    @property
    def degree(self) -> int:
        """The highest power."""
        return len(self.coefficients[0]) - 1

    @property
    def is_linear(self) -> bool:
        """Whether the function has one piece, of degree 0 or 1."""
        return not self.breakpoints and self.degree <= 1

    def slope_and_intercept(self) -> tuple[float, float]:
        """
        Give a and b of the linear function a x + b.

        :raises ValueError: when the function is not linear.
        """
        if not self.is_linear:
            raise ValueError(f'a function of degree {self.degree} has no single slope')
        slope = self.coefficients[0][1] if self.degree == 1 else 0.0
        return slope, self.coefficients[0][0] - slope * self.origins[0]

    def times(self, factor: float) -> PiecewisePolynomial:
        """
        Multiply the function by a number.

        :param factor: unitless.
        """
        scaled = tuple(tuple(factor * value for value in piece) for piece in self.coefficients)
        return PiecewisePolynomial(self.breakpoints, self.origins, scaled)


def linear(slope: float, intercept: float = 0.0) -> PiecewisePolynomial:
    """
    Build slope * x + intercept.

    :param slope: a.
    :param intercept: b.
    """
    return PiecewisePolynomial((), (0.0,), ((intercept, slope),))


def constant(value: float) -> PiecewisePolynomial:
    """
    Build a function that ignores its coordinate.

    :param value: the one value.
    """
    return PiecewisePolynomial((), (0.0,), ((value,),))


def polynomial(highest_first: Sequence[float]) -> PiecewisePolynomial:
    """
    Build a polynomial from coefficients in OpenSim's order.

    :param highest_first: coefficients, highest power first.
    """
    return PiecewisePolynomial((), (0.0,), (tuple(reversed(highest_first)),))


def simm_spline(x: Sequence[float], y: Sequence[float]) -> PiecewisePolynomial:
    """
    Build the cubic spline of SIMM and OpenSim, straight outside its knots.

    End conditions: the third derivative at both ends is that of the cubic through the four
    outermost points (Forsythe, Malcolm, Moler 1977, Computer Methods for Mathematical
    Computations, section 4.4).

    :param x: [knots], strictly ascending, at least two.
    :param y: [knots].
    :raises ValueError: when the knots do not ascend or lengths differ.
    """
    knots, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if knots.size < 2 or knots.size != values.size or (np.diff(knots) <= 0).any():
        raise ValueError(f'a spline needs two or more ascending x and as many y, got {x} and {y}')
    width = np.diff(knots)
    rise = np.diff(values) / width
    curvature = _spline_curvature(knots, width, rise)  # a sixth of the second derivative
    slope = rise - width * (curvature[1:] + 2 * curvature[:-1])
    end_slope = rise[-1] + width[-1] * (curvature[-2] + 2 * curvature[-1])
    cubic = np.diff(curvature) / width
    pieces = [
        (values[0], slope[0], 0.0, 0.0),
        *zip(values[:-1], slope, 3 * curvature[:-1], cubic, strict=True),
        (values[-1], end_slope, 0.0, 0.0),
    ]
    origins = (knots[0], *knots)
    return PiecewisePolynomial(
        tuple(knots.tolist()),
        tuple(float(origin) for origin in origins),
        tuple(tuple(float(value) for value in piece) for piece in pieces),
    )


def _spline_curvature(knots: np.ndarray, width: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Solve the tridiagonal system for a sixth of the second derivative at every knot."""
    count = knots.size
    if count == 2:
        return np.zeros(2)
    system, right = np.zeros((count, count)), np.zeros(count)
    for i in range(1, count - 1):
        system[i, i - 1 : i + 2] = width[i - 1], 2 * (width[i - 1] + width[i]), width[i]
        right[i] = rise[i] - rise[i - 1]
    system[0, :2] = -width[0], width[0]
    system[-1, -2:] = width[-1], -width[-1]
    if count > 3:
        second = np.diff(rise) / (knots[2:] - knots[:-2])
        third = np.diff(second) / (knots[3:] - knots[:-3])
        right[0], right[-1] = width[0] ** 2 * third[0], -(width[-1] ** 2) * third[-1]
    return np.linalg.solve(system, right)
