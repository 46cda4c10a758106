import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.files.resampling import gaps, resample
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()
KNEE, TURN = (SKELETON.coordinate_index(name) for name in ('knee_angle_r', 'pelvis_rotation'))


def motion_of(times_s, knee_rad, turn_rad=0.0):
    coordinates = np.zeros((len(times_s), len(SKELETON.coordinate_names)))
    coordinates[:, KNEE], coordinates[:, TURN] = knee_rad, turn_rad
    return coordinates


def knee_at(times_s):
    return 0.8 + 0.5 * np.sin(2 * np.pi * 1.2 * np.asarray(times_s))


def test_a_spline_through_uneven_images_meets_the_motion():
    times_s = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.05, 100))
    found = resample(times_s, motion_of(times_s, knee_at(times_s)), SKELETON, 30.0, 50.0)
    np.testing.assert_allclose(np.diff(found.times_s), 0.02)
    np.testing.assert_allclose(found.coordinates[:, KNEE], knee_at(found.times_s), atol=2e-3)
    speeds = 0.5 * 2 * np.pi * 1.2 * np.cos(2 * np.pi * 1.2 * found.times_s)
    np.testing.assert_allclose(found.velocities[2:-2, KNEE], speeds[2:-2], atol=0.15)


def test_gaps_have_no_rows_and_are_named():
    times_s = np.array([0.0, 0.1, 0.2, 0.9, 1.0, 1.1])
    np.testing.assert_allclose(gaps(times_s, 10.0), [[0.2, 0.9]])
    found = resample(times_s, motion_of(times_s, 0.5), SKELETON, 10.0, 20.0)
    np.testing.assert_allclose(
        found.times_s, [0.0, 0.05, 0.1, 0.15, 0.2, 0.9, 0.95, 1.0, 1.05, 1.1]
    )


def test_two_images_at_nearly_the_same_time_do_no_harm():
    """A pair 0.2 ms apart, two degrees of noise between them: no swing, no 5 kHz."""
    times_s = np.sort(np.append(np.arange(60) / 30, 1.0002))
    knee = knee_at(times_s) + np.where(times_s == 1.0002, 0.035, 0.0)
    found = resample(times_s, motion_of(times_s, knee), SKELETON, 30.0, 30.0)
    assert len(found.times_s) == 60
    assert np.abs(found.coordinates[:, KNEE] - knee_at(found.times_s)).max() < 0.03


def test_whole_turns_run_on_and_unknown_values_are_bridged():
    times_s = np.arange(40) / 10
    turn = 3.0 * times_s
    coordinates = motion_of(times_s, 0.5, np.angle(np.exp(1j * turn)))
    coordinates[5:9, KNEE] = np.nan
    coordinates[:, SKELETON.coordinate_index('elbow_flex_r')] = np.nan
    found = resample(times_s, coordinates, SKELETON, 10.0, 10.0)
    np.testing.assert_allclose(found.coordinates[:, TURN], turn, atol=1e-9)
    np.testing.assert_allclose(found.coordinates[:, KNEE], 0.5)
    assert (found.coordinates[:, SKELETON.coordinate_index('elbow_flex_r')] == 0).all()


@given(
    steps_s=st.lists(st.floats(1e-4, 0.3), min_size=0, max_size=30),
    rate_hz=st.sampled_from([7.0, 29.97, 240.0]),
    seed=st.integers(0, 99),
)
def test_any_times_give_an_even_grid_within_the_limits(steps_s, rate_hz, seed):
    times_s = 5.0 + np.cumsum([0.0, *steps_s])
    knee = np.random.default_rng(seed).uniform(0, 2.6, len(times_s))
    found = resample(times_s, motion_of(times_s, knee), SKELETON, 30.0, rate_hz)
    steps = np.diff(found.times_s) * rate_hz
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    assert (steps > 0.5).all()
    assert found.times_s[0] == pytest.approx(5.0)
    assert found.times_s[-1] <= times_s[-1] + 1e-3
    limits = SKELETON.lower_limits[KNEE].item(), SKELETON.upper_limits[KNEE].item()
    assert (found.coordinates[:, KNEE] >= limits[0]).all()
    assert (found.coordinates[:, KNEE] <= limits[1]).all()
