import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from biopose_ros.person.filtering import FRESH_SHARE, CoordinateFilter, MotionModel
from biopose_ros.person.smoothing import smooth

FRAME_S = 1 / 30
STDDEV = np.radians(2.0)


def angles(count=1, circular=False):
    return MotionModel(np.ones(count, bool), np.full(count, circular))


def smoothed(values, stddev=STDDEV, smoothing=0.5, times_s=None, circular=False):
    """One coordinate's positions, velocities and stddev."""
    rows = np.asarray(values, float)[:, None]
    times_s = np.arange(len(rows)) * FRAME_S if times_s is None else times_s
    frames = smooth(times_s, rows, np.full_like(rows, stddev), angles(1, circular), smoothing)
    fields = ('positions', 'velocities', 'stddev')
    return tuple(np.array([getattr(frame, field)[0] for frame in frames]) for field in fields)


def shift_s(found, truth, rate_hz=30.0):
    """Delay of the best correlation, by parabola through the best shifts."""
    shifts = np.arange(-5, 6)
    inner = slice(10, -10)
    match = [np.corrcoef(np.roll(truth, s)[inner], found[inner])[0, 1] for s in shifts]
    best = int(np.argmax(match))
    left, middle, right = match[best - 1 : best + 2]
    return (shifts[best] + 0.5 * (left - right) / (left - 2 * middle + right)) / rate_hz


@pytest.mark.parametrize('smoothing', [0.0, 0.5, 1.0])
def test_there_is_no_lag(smoothing):
    times_s = np.arange(300) * FRAME_S
    swing = 0.6 * np.sin(2 * np.pi * 0.8 * times_s)
    found, velocity, _ = smoothed(swing, smoothing=smoothing)
    assert shift_s(found, swing) == pytest.approx(0.0, abs=1e-3)
    true_velocity = 0.6 * 2 * np.pi * 0.8 * np.cos(2 * np.pi * 0.8 * times_s)
    slope = velocity[30:-30] @ true_velocity[30:-30] / (true_velocity[30:-30] ** 2).sum()
    assert slope == pytest.approx(1.0, abs=0.02 if smoothing < 1 else 0.3)


def test_it_passes_and_stops_what_butterworths_filter_at_six_hertz_does():
    """For 2 degrees of uncertainty; both are zero-phase and fall off with the fourth power."""
    times_s = np.arange(600) * FRAME_S
    sections = butter(2, 6.0, fs=1 / FRAME_S, output='sos')
    for frequency_hz, tolerance in ((0.5, 0.01), (2.0, 0.03), (4.0, 0.12), (12.0, 0.12)):
        wave = np.sin(2 * np.pi * frequency_hz * times_s)
        found = smoothed(wave, STDDEV)[0][100:-100]
        reference = sosfiltfilt(sections, wave)[100:-100]
        assert found.std() == pytest.approx(reference.std(), abs=tolerance), frequency_hz


def test_it_equals_the_best_estimate_from_all_frames_at_once():
    """The smoother's definition: Gaussian states and measurements, solved as one system."""
    random = np.random.default_rng(0)
    model = angles()
    times_s = np.cumsum(random.uniform(0.01, 0.1, 12))
    values = 0.05 * random.normal(size=12)
    values[5] = np.nan
    count = len(times_s)
    information, right = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)
    information[0, 0], information[1, 1] = 10.0**-2, 3.0**-2
    right[0] = 10.0**-2 * values[0]
    for k in range(count):
        if np.isfinite(values[k]):
            information[2 * k, 2 * k] += 1 / (FRESH_SHARE * STDDEV**2)
            right[2 * k] += values[k] / (FRESH_SHARE * STDDEV**2)
        if k:
            step_s = times_s[k] - times_s[k - 1]
            join = np.hstack([-model.transition(step_s), np.eye(2)])
            rows = slice(2 * k - 2, 2 * k + 2)
            weight = np.linalg.inv(model.process_noise(step_s)[..., 0])
            information[rows, rows] += join.T @ weight @ join
    covariance = np.linalg.inv(information)
    best = covariance @ right
    found, velocity, stddev = smoothed(values, times_s=times_s)
    np.testing.assert_allclose(found, best[::2], atol=1e-9)
    np.testing.assert_allclose(velocity, best[1::2], atol=1e-8)
    lasting = (1 - FRESH_SHARE) * STDDEV**2
    np.testing.assert_allclose(stddev**2, np.diag(covariance)[::2] + lasting, rtol=1e-7)


def test_no_smoothing_gives_the_measurements_back():
    noisy = np.random.default_rng(0).normal(size=40)
    np.testing.assert_allclose(smoothed(noisy, smoothing=0.0)[0], noisy, atol=1e-6)


def test_it_is_closer_to_the_truth_than_the_causal_filter():
    random = np.random.default_rng(1)
    truth = 0.6 * np.sin(2 * np.pi * 0.8 * np.arange(400) * FRAME_S)
    noisy = truth + np.sqrt(FRESH_SHARE) * STDDEV * random.normal(size=400)
    causal = CoordinateFilter(angles(), 0.5)
    forward = [
        causal.update(noisy[k : k + 1], np.array([STDDEV]), k * FRAME_S).positions[0]
        for k in range(400)
    ]
    found = smoothed(noisy)[0]
    assert np.std(found - truth) < 0.7 * np.std(forward - truth) < 0.7 * np.std(noisy - truth)


def test_a_gap_is_bridged_from_both_sides():
    times_s = np.arange(120) * FRAME_S
    swing = 0.5 * np.sin(2 * np.pi * 0.5 * times_s)
    seen = swing.copy()
    seen[50:62] = np.nan
    found, _, stddev = smoothed(seen)
    np.testing.assert_allclose(found[50:62], swing[50:62], atol=0.05)
    assert stddev[56] > 2 * stddev[20]


def test_beyond_long_gaps_there_is_no_memory():
    """Two halves of a recording, far apart in time, do not know of each other."""
    values = np.r_[np.zeros(30), np.ones(30)]
    times_s = np.r_[np.arange(30), 90 + np.arange(30)] * FRAME_S
    found = smoothed(values, times_s=times_s)[0]
    np.testing.assert_allclose(found, values, atol=1e-6)


def test_before_the_first_and_after_the_last_measurement_nothing_is_known():
    values = np.r_[np.full(5, np.nan), np.zeros(20), np.full(5, np.nan)]
    found, velocity, stddev = smoothed(values)
    for field in (found, velocity, stddev):
        np.testing.assert_array_equal(np.isnan(field), np.isnan(values))
    never = smoothed(np.full(10, np.nan))
    assert all(np.isnan(field).all() for field in never)


@pytest.mark.parametrize('length', [1, 2])
def test_what_is_far_off_for_a_moment_is_left_out(length):
    truth = 0.5 * np.sin(2 * np.pi * 0.5 * np.arange(120) * FRAME_S)
    wrong = truth.copy()
    wrong[60 : 60 + length] += 1.2
    np.testing.assert_allclose(smoothed(wrong)[0], smoothed(truth)[0], atol=0.01)


def test_a_value_without_uncertainty_is_not_used():
    values, stddev = np.zeros((60, 1)), np.full((60, 1), STDDEV)
    values[30], stddev[30] = 0.4, np.nan
    frames = smooth(np.arange(60) * FRAME_S, values, stddev, angles(), 0.5)
    assert abs(frames[30].positions[0]) < 1e-9


def test_whole_turns_are_counted():
    turn = np.linspace(0.0, 4 * np.pi, 300)
    seen = np.angle(np.exp(1j * turn))
    np.testing.assert_allclose(smoothed(seen, circular=True)[0], turn, atol=0.02)


@settings(max_examples=30, deadline=None)
@given(
    steps_s=st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=20),
    smoothing=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_any_frame_times_and_strength_give_finite_values(steps_s, smoothing, seed):
    times_s = np.cumsum([0.0, *steps_s])
    values = np.random.default_rng(seed).normal(size=len(times_s))
    found, velocity, stddev = smoothed(values, smoothing=smoothing, times_s=times_s)
    assert np.isfinite(found).all()
    assert np.isfinite(velocity).all()
    assert (stddev > 0).all()


def test_times_that_go_back_are_refused():
    with pytest.raises(ValueError, match=r'times must increase, got 0.2 s and then 0.1 s'):
        smoothed(np.zeros(3), times_s=np.array([0.0, 0.2, 0.1]))


def test_an_impossible_strength_is_refused():
    with pytest.raises(ValueError, match='smoothing must lie from 0'):
        smoothed(np.zeros(3), smoothing=2.0)
