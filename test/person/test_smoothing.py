import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from biopose_ros.person.estimator import MotionEstimator
from biopose_ros.person.motion_model import FRESH_SHARE, MotionModel
from biopose_ros.person.smoothing import smoothed as smoothed_steps

FRAME_S = 1 / 30
STDDEV = np.radians(2.0)


def angle(smoothing=0.5, circular=False):
    """Make an estimator of one angle without limits."""
    model = MotionModel(np.ones(1, bool), np.full(1, circular))
    return MotionEstimator(model, (np.array([-np.inf]), np.array([np.inf])), smoothing)


def smoothed(values, stddev=STDDEV, smoothing=0.5, times_s=None, circular=False):
    """One coordinate's positions, velocities and stddev."""
    times_s = np.arange(len(values)) * FRAME_S if times_s is None else times_s
    estimator, steps = angle(smoothing, circular), []
    for value, time_s in zip(values, times_s, strict=True):
        estimator.update(np.array([value]), np.array([stddev]), time_s)
        steps.append(estimator.last)
    found = [estimator.report(belief) for belief in smoothed_steps(steps, estimator.model)]
    fields = ('positions', 'velocities', 'stddev')
    return tuple(np.array([getattr(one, field)[0] for one in found]) for field in fields)


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


def test_it_passes_slow_and_stops_fast_movement():
    """For 5 degrees of uncertainty; Butterworth's filter at 6 Hz, both ways, as the reference."""
    times_s = np.arange(600) * FRAME_S
    sections = butter(2, 6.0, fs=1 / FRAME_S, output='sos')
    for frequency_hz, tolerance in ((0.5, 0.05), (2.0, 0.1), (12.0, 0.1)):
        wave = np.sin(2 * np.pi * frequency_hz * times_s)
        found = smoothed(0.2 * wave, np.radians(5.0))[0][100:-100] / 0.2
        reference = sosfiltfilt(sections, wave)[100:-100]
        assert found.std() == pytest.approx(reference.std(), abs=tolerance), frequency_hz


def test_it_equals_the_best_estimate_from_all_images_at_once():
    """The smoother's definition: Gaussian states and measurements, solved as one system."""
    random = np.random.default_rng(0)
    times_s = np.cumsum(random.uniform(0.01, 0.1, 12))
    values = 0.05 * random.normal(size=12)
    values[5] = np.nan
    count, lasting = len(times_s), (1 - FRESH_SHARE) * STDDEV**2
    information, right = np.zeros((3 * count, 3 * count)), np.zeros(3 * count)

    def add(rows, value, covariance, states):
        weight = np.linalg.inv(covariance)
        information[np.ix_(states, states)] += rows.T @ weight @ rows
        right[states] += rows.T @ weight @ value

    # The first image places the angle at rest; its error has the spread of lasting errors.
    first = np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 1]])
    spread = np.diag([FRESH_SHARE * STDDEV**2, 3.0**2, lasting])
    add(first, np.array([values[0], 0.0, 0.0]), spread, [0, 1, 2])
    for k in range(1, count):
        if np.isfinite(values[k]):
            fresh = np.array([[FRESH_SHARE * STDDEV**2]])
            add(np.array([[1.0, 1.0]]), values[k : k + 1], fresh, [3 * k, 3 * k + 2])
        step_s = times_s[k] - times_s[k - 1]
        keep = np.exp(-step_s / 0.5)
        carry = np.array([[1.0, step_s, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, keep]])
        noise = np.zeros((3, 3))
        noise[:2, :2] = 50.0 * np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]])
        noise[2, 2] = (1 - keep**2) * lasting
        states = np.arange(3 * k - 3, 3 * k + 3)
        add(np.hstack([-carry, np.eye(3)]), np.zeros(3), noise, states)
    covariance = np.linalg.inv(information)
    best = covariance @ right
    found, velocity, stddev = smoothed(values, times_s=times_s)
    np.testing.assert_allclose(found, best[::3], atol=1e-7)
    np.testing.assert_allclose(velocity[1:], best[4::3], atol=1e-6)
    np.testing.assert_allclose((stddev / 1.3) ** 2, np.diag(covariance)[::3], rtol=1e-5)


def test_no_smoothing_gives_the_measurements_back():
    noisy = np.random.default_rng(0).normal(size=40)
    np.testing.assert_allclose(smoothed(noisy, smoothing=0.0)[0], noisy, atol=1e-6)


def test_it_is_closer_to_the_truth_than_the_causal_filter():
    random = np.random.default_rng(1)
    truth = 0.6 * np.sin(2 * np.pi * 0.8 * np.arange(400) * FRAME_S)
    noisy = truth + np.sqrt(FRESH_SHARE) * STDDEV * random.normal(size=400)
    causal = angle()
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


@pytest.mark.parametrize('after', [1.7, 4.2])
def test_a_jump_that_lasts_is_bridged_and_either_side_may_be_right(after):
    """From one image to the next an angle is another one, as where a limb is taken for another."""
    before, count = 0.2, 40
    values = np.where(np.arange(90) < count, before, after)
    found, velocity, stddev = smoothed(values)
    np.testing.assert_allclose(found[: count - 8], before, atol=0.02)
    np.testing.assert_allclose(found[count + 6 :], after, atol=0.02)
    assert np.abs(np.diff(found)).max() < 0.3 * (after - before)
    slope = np.gradient(found, FRAME_S)
    np.testing.assert_allclose(velocity[30:50], slope[30:50], atol=0.15 * slope.max())
    near = slice(count - 3, count + 8)
    for side in (before, after):
        assert (np.abs(found - side) < 2.5 * stddev)[near].all()
    calm = smoothed(np.full(90, before))[2]
    assert stddev[0] < 0.3 * (after - before)
    assert stddev[-1] < 0.3 * (after - before)
    assert calm.max() < 0.1


def test_jumps_one_after_the_other_leave_no_step():
    values = np.repeat([0.0, 4.0, -1.0, 3.0], [40, 7, 7, 40])
    found = smoothed(values)[0]
    assert np.abs(np.diff(found)).max() < 2.0
    np.testing.assert_allclose(found[[0, -1]], values[[0, -1]], atol=0.02)


def test_beyond_long_gaps_there_is_no_memory():
    """Two halves of a recording, far apart in time, do not know of each other."""
    values = np.r_[np.zeros(30), np.ones(30)]
    times_s = np.r_[np.arange(30), 90 + np.arange(30)] * FRAME_S
    found = smoothed(values, times_s=times_s)[0]
    np.testing.assert_allclose(found, values, atol=1e-6)


def test_before_its_first_measurement_nothing_is_known():
    values = np.r_[np.full(5, np.nan), np.zeros(20)]
    for field in smoothed(values):
        np.testing.assert_array_equal(np.isnan(field), np.isnan(values))
    assert all(np.isnan(field).all() for field in smoothed(np.full(10, np.nan)))


@pytest.mark.parametrize('length', [1, 2])
def test_what_is_far_off_for_a_moment_is_left_out(length):
    truth = 0.5 * np.sin(2 * np.pi * 0.5 * np.arange(120) * FRAME_S)
    wrong = truth.copy()
    wrong[60 : 60 + length] += 1.2
    np.testing.assert_allclose(smoothed(wrong)[0], smoothed(truth)[0], atol=0.01)


def test_whole_turns_are_counted():
    turn = np.linspace(0.0, 4 * np.pi, 300)
    seen = np.angle(np.exp(1j * turn))
    np.testing.assert_allclose(smoothed(seen, circular=True)[0], turn, atol=0.02)


@settings(max_examples=30)
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
