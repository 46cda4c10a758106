import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.evaluation.metrics import (
    ALL,
    COORDINATE_GROUPS,
    Slope,
    angle_errors_deg,
    gain,
    group_errors,
    group_gains,
    group_shares_within,
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


def test_gain_is_the_slope_about_each_clips_own_mean():
    truth = np.radians([10.0, 20.0, 60.0, np.nan])
    clips = [
        Slope.of(0.7 * truth + offset, truth + shift)
        for offset, shift in ((0.1, 0.0), (-0.2, 3.0))
    ]
    assert gain(clips) == pytest.approx(0.7, abs=1e-3)
    assert np.isnan(gain([Slope.of(truth, np.zeros(4))]))
    gains = group_gains({'knee_angle_r': clips, 'lumbar_extension': [Slope.of(truth, truth)]})
    assert gains['knee'] == pytest.approx(0.7, abs=1e-3)
    assert gains['lumbar'] == pytest.approx(1.0)
    assert 'hip_flexion' not in gains
    assert gains['mean'] == pytest.approx((0.7 + 0.7 + 1.0) / 3, abs=1e-3)


def test_the_share_within_one_sigma_counts_known_errors_alone():
    errors = {
        'knee_angle_r': np.array([1.0, -3.0, np.nan, 5.0]),
        'knee_angle_l': np.array([-1.0, 1.0, 1.0, 1.0]),
    }
    shares = group_shares_within(errors, {name: np.full(4, 3.0) for name in errors})
    assert shares['knee'] == pytest.approx((2 / 3 + 1) / 2)
