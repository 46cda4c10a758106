import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.person.estimator import MAX_GAP_S, MotionEstimator
from biopose_ros.person.motion_model import FRESH_SHARE, MotionModel

FRAME_S = 1 / 30


def angles(count, smoothing=0.5, circular=False):
    """Make an estimator of angles without limits."""
    unlimited = np.full(count, np.inf)
    model = MotionModel(np.ones(count, bool), np.full(count, circular))
    return MotionEstimator(model, (-unlimited, unlimited), smoothing)


def run(positions, stddev=0.02, smoothing=0.5, frame_s=FRAME_S, circular=False):
    """Filter a series [frames, coordinates] and return the list of results."""
    rows = np.asarray(positions, float)
    tracker = angles(rows.shape[1], smoothing, circular)
    return [
        tracker.update(row, np.full(len(row), stddev), index * frame_s)
        for index, row in enumerate(rows)
    ]


def column(results, field='positions'):
    """One coordinate's values over time."""
    return np.array([getattr(result, field)[0] for result in results])


def lasting_and_fresh_errors(random, frames, stddev, memory=0.97):
    """Errors as networks make them: most drifts, a little is new in each frame."""
    drift = np.zeros(frames)
    drift[0] = random.normal()
    for frame in range(1, frames):
        drift[frame] = memory * drift[frame - 1] + np.sqrt(1 - memory**2) * random.normal()
    fresh = random.normal(size=frames)
    return stddev * (np.sqrt(1 - FRESH_SHARE) * drift + np.sqrt(FRESH_SHARE) * fresh)


def test_follows_a_steady_turn_without_lag_and_reports_its_velocity():
    speed = np.array([2.0, -0.5])  # rad/s
    series = np.arange(60)[:, None] * FRAME_S * speed
    last = run(series)[-1]
    np.testing.assert_allclose(last.positions, series[-1], atol=1e-3)
    np.testing.assert_allclose(last.velocities, speed, rtol=1e-2)


def test_no_smoothing_gives_the_measurements_back():
    noisy = np.random.default_rng(0).normal(0.0, 1.0, (50, 3))
    results = run(noisy, smoothing=0.0)
    np.testing.assert_allclose([r.positions for r in results], noisy, atol=1e-12)
    np.testing.assert_allclose([r.stddev for r in results], 0.02)


def test_stronger_smoothing_gives_less_noise_and_more_lag():
    random = np.random.default_rng(0)
    noisy = random.normal(0.0, 0.03, (400, 1))
    spread = [np.std(column(run(noisy, 0.1, smoothing=s))[50:]) for s in (0, 0.5, 1)]
    assert spread[0] > 1.1 * spread[1] > 1.4 * spread[2]
    swing = 0.5 * np.sin(2 * np.pi * np.arange(300) * FRAME_S)[:, None]
    errors = [
        np.abs(column(run(swing, 0.1, smoothing=s)) - swing[:, 0]).max() for s in (0, 0.5, 1)
    ]
    assert errors[0] < 1e-12
    assert 0.005 < errors[1] < 0.04 < errors[2] < 0.45


@pytest.mark.parametrize('smoothing', [0.0, 0.5, 1.0])
@pytest.mark.parametrize('speed_hz', [0.0, 0.3, 1.0])
def test_the_reported_uncertainty_is_that_of_the_error(smoothing, speed_hz):
    random = np.random.default_rng(1)
    stddev, frames = np.radians(5.0), 2000
    truth = 0.5 * np.sin(2 * np.pi * speed_hz * np.arange(frames) * FRAME_S)
    measured = truth + lasting_and_fresh_errors(random, frames, stddev)
    results = run(measured[:, None], stddev, smoothing)
    ratio = np.abs(column(results) - truth) / column(results, 'stddev')
    # A normal error has 0.68 and 0.95. With smoothing, what real images share is counted in, and
    # the strongest takes measurements for noisier than they are, and says so.
    assert 0.63 < (ratio < 1).mean() < (0.73 if smoothing == 0 else 0.85 if smoothing < 1 else 1)
    assert (ratio < 2).mean() > 0.92


@pytest.mark.parametrize('smoothing', [0.0, 0.5, 1.0])
def test_velocities_are_those_of_the_movement(smoothing):
    times_s = np.arange(300) * FRAME_S
    angle, velocity = np.sin(np.pi * times_s), np.pi * np.cos(np.pi * times_s)
    found = column(run(angle[:, None], 0.05, smoothing), 'velocities')[60:]
    assert np.abs(found - velocity[60:]).max() < 0.3 * np.pi
    slope = found @ velocity[60:] / (velocity[60:] @ velocity[60:])
    assert slope == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize('length', [1, 2, 3])
def test_single_frames_that_are_far_off_do_not_drag_the_state(length):
    series = np.arange(60)[:, None] * FRAME_S
    wrong = series.copy()
    wrong[40 : 40 + length] += 1.5
    clean, disturbed = run(series), run(wrong)
    difference = column(disturbed) - column(clean)
    assert np.abs(difference).max() < 1e-2
    assert disturbed[40].stddev[0] > clean[40].stddev[0]


def test_what_stays_far_off_is_believed_within_a_few_frames():
    series = np.where(np.arange(60) < 40, 0.0, 1.5)[:, None]
    found = column(run(series))
    assert found[41] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(found[45:], 1.5, atol=1e-3)


def test_what_stays_far_off_is_doubted_for_a_while():
    series = np.where(np.arange(160) < 40, 0.0, 1.5)[:, None]
    stddev = column(run(series), 'stddev')
    accepted = 40 + int(np.argmax(column(run(series))[40:] > 1.4))
    assert (2.5 * stddev[accepted : accepted + 8] > 1.5).all()  # either may be right
    assert stddev[-1] == pytest.approx(stddev[39], rel=0.1)


@pytest.mark.parametrize('frame_s', [1 / 120, 1 / 30, 1 / 12])
def test_frame_rates_do_not_change_what_is_smooth(frame_s):
    times_s = np.arange(int(8 / frame_s)) * frame_s
    swing = 0.5 * np.sin(2 * np.pi * 0.7 * times_s)[:, None]
    error = np.abs(column(run(swing, 0.1, frame_s=frame_s)) - swing[:, 0])[len(swing) // 2 :]
    assert error.max() < 0.05


def test_a_changing_frame_rate_is_followed():
    random = np.random.default_rng(2)
    times_s = np.cumsum(random.choice([1 / 60, 1 / 30, 1 / 8], 200))
    tracker = angles(1, 0.5)
    found = [tracker.update(np.array([t]), np.array([0.02]), t) for t in times_s]
    np.testing.assert_allclose(column(found)[50:], times_s[50:], atol=0.02)
    np.testing.assert_allclose(column(found, 'velocities')[50:], 1.0, atol=0.1)


def test_velocity_is_unknown_in_the_first_frame():
    first, second = run(np.zeros((2, 3)))
    assert np.isnan(first.velocities).all()
    assert np.isfinite(second.velocities).all()


def test_unmeasured_coordinates_are_predicted_and_become_uncertain():
    series = np.arange(40)[:, None] * FRAME_S * np.ones(2)
    series[35:, 1] = np.nan
    results = run(series)
    np.testing.assert_allclose(results[-1].positions[1], 39 * FRAME_S, atol=5e-3)
    assert results[-1].stddev[1] > 2 * results[-1].stddev[0]


@pytest.mark.parametrize('stddev', [np.nan, np.inf, -1.0])
def test_a_value_without_uncertainty_is_not_used(stddev):
    tracker = angles(2, 0.5)
    for index in range(20):
        tracker.update(np.zeros(2), np.full(2, 0.02), index * FRAME_S)
    result = tracker.update(np.full(2, 0.1), np.array([stddev, 0.02]), 20 * FRAME_S)
    np.testing.assert_allclose(result.positions[0], 0.0, atol=1e-9)
    assert result.positions[1] > 0.01
    assert result.stddev[0] > result.stddev[1] > 0.0


def test_a_coordinate_unknown_at_first_is_taken_up_when_it_appears():
    results = run(np.array([[np.nan], [np.nan], [0.4], [0.4]]))
    assert np.isnan(results[0].positions[0])
    assert np.isnan(results[1].positions[0])
    np.testing.assert_allclose(results[2].positions[0], 0.4)
    np.testing.assert_allclose(results[3].positions[0], 0.4, atol=1e-3)


def test_prediction_extrapolates_and_ends_after_the_longest_gap():
    tracker = angles(1, 0.5)
    assert tracker.predict(0.0) is None
    for index in range(30):
        tracker.update(np.array([index * FRAME_S]), np.array([0.01]), index * FRAME_S)
    now = 29 * FRAME_S
    soon, later = tracker.predict(now + 0.1), tracker.predict(now + 0.4)
    np.testing.assert_allclose(soon.positions, now + 0.1, atol=0.04)
    assert now + 0.1 < later.positions < now + 0.12  # the movement dies away
    assert later.stddev > soon.stddev
    assert tracker.predict(now + 1.1 * MAX_GAP_S) is None


def test_after_a_pause_the_new_measurement_counts():
    tracker = angles(1, 0.5)
    for index in range(30):
        tracker.update(np.array([2 * index * FRAME_S]), np.array([0.02]), index * FRAME_S)
    result = tracker.update(np.array([1.5]), np.array([0.02]), 29 * FRAME_S + 0.7)
    np.testing.assert_allclose(result.positions, 1.5, atol=0.01)


@pytest.mark.parametrize('stamp_s', [100.0, -1.0])
def test_a_long_gap_or_a_step_back_starts_afresh(stamp_s):
    tracker = angles(1, 0.5)
    tracker.update(np.array([0.0]), np.array([0.01]), 0.0)
    tracker.update(np.array([0.1]), np.array([0.01]), FRAME_S)
    result = tracker.update(np.array([5.0]), np.array([0.01]), stamp_s)
    assert result.positions[0] == 5.0
    assert np.isnan(result.velocities[0])


def test_whole_turns_are_counted_past_the_seam_and_over_gaps():
    turn = np.linspace(0.0, 4 * np.pi, 200)
    seen = np.angle(np.exp(1j * turn))[:, None]
    np.testing.assert_allclose(column(run(seen, circular=True)), turn, atol=0.02)
    tracker = angles(1, circular=True)
    for index, value in enumerate(seen):
        tracker.update(value, np.array([0.02]), index * FRAME_S)
    after = tracker.update(np.array([0.3]), np.array([0.02]), 1000.0)
    np.testing.assert_allclose(after.positions, 4 * np.pi + 0.3)


def test_a_flip_of_half_a_turn_does_not_add_a_turn():
    seen = np.full((60, 1), 0.2)
    seen[30:33] = [[2.5], [3.3 - 2 * np.pi], [2.8]]
    np.testing.assert_allclose(column(run(seen, circular=True))[-1], 0.2, atol=1e-3)


def test_the_strength_may_change_while_running():
    random = np.random.default_rng(3)
    tracker = angles(1, 1.0)
    for index in range(50):
        tracker.update(random.normal(0.0, 0.02, 1), np.array([0.02]), index * FRAME_S)
    tracker.smoothing = 0.0
    result = tracker.update(np.array([0.7]), np.array([0.02]), 50 * FRAME_S)
    assert result.positions[0] == 0.7


@settings(max_examples=50)
@given(
    values=st.lists(st.floats(-10, 10), min_size=2, max_size=30),
    smoothing=st.floats(0, 1),
    frame_s=st.floats(1e-3, 0.2),
)
def test_coordinates_do_not_influence_each_other(values, smoothing, frame_s):
    series = np.stack([values, np.zeros(len(values))], axis=1)
    both = run(series, smoothing=smoothing, frame_s=frame_s)
    alone = run(series[:, :1], smoothing=smoothing, frame_s=frame_s)
    for pair, single in zip(both, alone, strict=True):
        np.testing.assert_allclose(pair.positions[0], single.positions[0])
        assert np.isfinite(pair.stddev).all()
        assert pair.positions[1] == 0.0


@pytest.mark.parametrize('smoothing', [1.5, -0.1, np.nan])
def test_an_impossible_strength_is_refused(smoothing):
    message = rf'smoothing must lie from 0 \(none\) to 1 \(strongest\), got {smoothing}'
    with pytest.raises(ValueError, match=message):
        angles(1, smoothing)


@pytest.mark.parametrize('rate_hz', [2.7, 4.0, 30.0])
def test_a_joint_at_its_limit_follows_what_is_measured(rate_hz):
    # Between slow images the prediction runs far beyond the limit; the measurement counts first.
    model = MotionModel(np.ones(1, dtype=bool), np.zeros(1, dtype=bool))
    estimator = MotionEstimator(model, (np.zeros(1), np.full(1, 2.5)), 0.5)
    stamps_s = np.arange(0.0, 12.0, 1.0 / rate_hz)
    true = np.radians(35.0 * (1.0 - np.cos(2.0 * np.pi * stamps_s / 1.1)))  # a knee in walking
    found = [
        estimator.update(np.array([value]), np.array([0.2]), stamp_s).positions[0]
        for stamp_s, value in zip(stamps_s, true, strict=True)
    ]
    away_deg = np.degrees(np.abs(found - true))[3:]
    assert away_deg.max() < 12.0
    assert np.degrees(np.min(found)) > -5.0
