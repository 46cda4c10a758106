import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.evaluation.metrics import (
    ALL,
    COORDINATE_GROUPS,
    angle_errors_deg,
    group_errors,
    without_bias,
)


@given(angle=st.floats(-3, 3), error=st.floats(-3, 3), turns=st.integers(-2, 2))
def test_angles_are_compared_the_short_way_round(angle, error, turns):
    estimate = np.array([angle + error + turns * 2 * np.pi])
    assert angle_errors_deg(estimate, np.array([angle])) == pytest.approx(np.degrees(error))


@given(offset=st.floats(-179, 179))
def test_a_constant_offset_is_removed_across_the_seam_too(offset):
    wobble = np.array([-3.0, 1.0, 2.0, np.nan])
    errors = (wobble + offset + 180) % 360 - 180
    np.testing.assert_allclose(without_bias(errors), wobble, atol=0.02)


def test_every_coordinate_weighs_the_same():
    errors = {
        'knee_angle_r': np.array([2.0, -4.0]),
        'knee_angle_l': np.array([np.nan, 1.0]),
        'lumbar_extension': np.array([8.0, -8.0]),
        'neck_extension': np.array([50.0, 50.0]),
    }
    means = group_errors(errors)
    assert means == {
        'knee': pytest.approx(2.0),
        'lumbar': pytest.approx(8.0),
        'neck': pytest.approx(50.0),
        'legs_and_trunk': pytest.approx((3 + 1 + 8) / 3),
        'mean': pytest.approx((3 + 1 + 8) / 3),  # the neck stands beside it
    }


def test_the_published_average_counts_21_coordinates():
    assert sum(len(COORDINATE_GROUPS[group]) for group in ALL) == 21
