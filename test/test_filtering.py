import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.filtering import CoordinateFilter, FilterConfig

FRAME_S = 1 / 30


def run(positions, stddev=0.02, smoothing=0.5, frame_s=FRAME_S):
    """Filter a series [frames, coordinates] and return the list of results."""
    tracker = CoordinateFilter(FilterConfig(smoothing))
    return [
        tracker.update(np.asarray(row, float), np.full(len(row), stddev), index * frame_s)
        for index, row in enumerate(positions)
    ]


def test_follows_a_steady_turn_without_lag_and_reports_its_velocity():
    speed = np.array([2.0, -0.5])  # rad/s
    series = np.arange(60)[:, None] * FRAME_S * speed
    last = run(series)[-1]
    np.testing.assert_allclose(last.positions, series[-1], atol=1e-3)
    np.testing.assert_allclose(last.velocities, speed, rtol=1e-2)


def test_stronger_smoothing_gives_less_noise_and_more_lag():
    random = np.random.default_rng(0)
    noisy = random.normal(0.0, 0.1, (400, 1))
    spread = [
        np.std([r.positions[0] for r in run(noisy, 0.1, smoothing=s)[50:]]) for s in (0, 0.5, 1)
    ]
    assert spread[0] > 1.2 * spread[1] > 1.44 * spread[2]
    step = np.r_[np.zeros(30), 1.0][:, None]
    reached = [run(step, 0.1, smoothing=s)[-1].positions[0] for s in (0, 1)]
    assert reached[0] > 0.95
    assert reached[1] < 0.3


def test_the_reported_uncertainty_is_that_of_the_error():
    random = np.random.default_rng(1)
    results = run(random.normal(0.0, 0.02, (3000, 1)), smoothing=0.5)[100:]
    errors = np.array([r.positions[0] for r in results])
    # The model allows for acceleration that this still person does not use.
    assert 0.3 < errors.std() / results[-1].stddev[0] <= 1.0


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


def test_a_coordinate_unknown_at_first_is_taken_up_when_it_appears():
    results = run(np.array([[np.nan], [np.nan], [0.4], [0.4]]))
    assert np.isnan(results[0].positions[0])
    assert np.isnan(results[1].positions[0])
    np.testing.assert_allclose(results[2].positions[0], 0.4)
    np.testing.assert_allclose(results[3].positions[0], 0.4, atol=1e-3)


def test_prediction_extrapolates_and_ends_after_the_longest_gap():
    tracker = CoordinateFilter(FilterConfig(max_gap_s=0.5))
    assert tracker.predict(0.0) is None
    for index in range(30):
        tracker.update(np.array([index * FRAME_S]), np.array([0.01]), index * FRAME_S)
    now = 29 * FRAME_S
    soon, later = tracker.predict(now + 0.1), tracker.predict(now + 0.4)
    np.testing.assert_allclose(soon.positions, now + 0.1, atol=0.04)
    assert now + 0.1 < later.positions < now + 0.12  # the movement dies away
    assert later.stddev > soon.stddev
    assert tracker.predict(now + 0.6) is None


@pytest.mark.parametrize('stamp_s', [100.0, -1.0])
def test_a_long_gap_or_a_step_back_starts_afresh(stamp_s):
    tracker = CoordinateFilter(FilterConfig())
    tracker.update(np.array([0.0]), np.array([0.01]), 0.0)
    tracker.update(np.array([0.1]), np.array([0.01]), FRAME_S)
    result = tracker.update(np.array([5.0]), np.array([0.01]), stamp_s)
    assert result.positions[0] == 5.0
    assert np.isnan(result.velocities[0])


@settings(max_examples=50, deadline=None)
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


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'smoothing': 1.5}, 'smoothing must lie from 0 to 1, got 1.5'),
        ({'max_gap_s': 0.0}, 'max_gap_s must be positive, got 0'),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        FilterConfig(**arguments)
