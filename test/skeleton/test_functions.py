import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.skeleton.coordinate_map import compile_map
from biopose_ros.skeleton.functions import constant, linear, polynomial, simm_spline


def evaluate(function, x):
    inputs = torch.tensor(x, dtype=torch.float64)[:, None]
    compiled = compile_map([0], [function])
    return compiled(inputs)[:, 0].numpy(), compiled.derivative(inputs)[:, 0].numpy()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0.05, 2), st.floats(-3, 3)), min_size=2, max_size=9))
def test_spline_equals_opensims_inside_and_outside_its_knots(steps):
    opensim = pytest.importorskip('opensim')
    x = np.cumsum([width for width, _ in steps])
    y = [value for _, value in steps]
    reference = opensim.SimmSpline()
    for point in zip(x, y, strict=True):
        reference.addPoint(*map(float, point))
    at = np.linspace(x[0] - 1, x[-1] + 1, 41)
    expected = [reference.calcValue(opensim.Vector(1, float(value))) for value in at]
    values, _ = evaluate(simm_spline(x.tolist(), y), at)
    np.testing.assert_allclose(values, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(
    'function',
    [
        linear(2.0, 1.0),
        polynomial([0.5, -1.0, 2.0, 3.0]),
        polynomial([4.0]),
        simm_spline([0, 1, 2.5, 3], [0, 2, -1, 4]),
        simm_spline([0, 1, 2], [0, 2, -1]).times(-3),
        constant(2.0),
    ],
)
def test_derivative_equals_finite_differences(function):
    at = np.linspace(-1, 4, 23) + 0.013  # away from the knots
    below, _ = evaluate(function, at - 1e-6)
    above, _ = evaluate(function, at + 1e-6)
    _, slope = evaluate(function, at)
    np.testing.assert_allclose(slope, (above - below) / 2e-6, atol=1e-6)


def test_polynomial_takes_highest_power_first():
    values, _ = evaluate(polynomial([2.0, 0.0, -1.0]), [3.0])
    assert values[0] == 17.0


def test_broken_splines_are_refused():
    with pytest.raises(ValueError, match='two or more ascending x'):
        simm_spline([0, 2, 1], [0, 0, 0])


def test_a_curve_has_no_single_slope():
    with pytest.raises(ValueError, match='degree 2 has no single slope'):
        polynomial([1.0, 0.0, 0.0]).slope_and_intercept()
