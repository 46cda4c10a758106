from pathlib import Path

import numpy as np
import pytest

from biopose_ros.evaluation.person.filter_candidates import (
    RATE_HZ,
    butterworth,
    causal,
    look_ahead,
    one_euro,
    unfiltered,
)
from biopose_ros.evaluation.person.filtering import (
    Movement,
    RecordedErrors,
    fresh_share,
    held_out_motion,
    measure,
)
from biopose_ros.evaluation.person.filtering_plot import draw_trade_off

MOTION = Path(__file__).parents[4] / 'shared' / 'data' / 'motion'
NAMES = ('knee_angle_r', 'hip_flexion_r')
STDDEV = np.radians(4.0)


@pytest.fixture(scope='module')
def movement():
    times_s = np.arange(240) / RATE_HZ
    angles = [0.6 * np.sin(2 * np.pi * hertz * times_s) for hertz in (0.9, 0.5)]
    return Movement('swing', NAMES, np.stack(angles, axis=1))


@pytest.fixture(scope='module')
def errors():
    """Four parts of five last for a second, the fifth is new in each image."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(400, 2, 2)) * STDDEV
    lasting = noise[:, 0].copy()
    for frame in range(1, 400):
        lasting[frame] = 0.97 * lasting[frame - 1] + np.sqrt(1 - 0.97**2) * noise[frame, 0]
    both = np.sqrt(0.8) * lasting + np.sqrt(0.2) * noise[:, 1]
    return RecordedErrors(NAMES, both, np.full((400, 2), STDDEV))


def test_the_fresh_share_of_the_errors_is_found(errors):
    assert fresh_share([errors]) == pytest.approx(
        0.25, abs=0.07
    )  # lasting errors change a little too


def test_an_unfiltered_series_has_all_jitter_and_no_lag(errors, movement):
    figures = measure(unfiltered, [errors], [movement])
    assert figures.lag_ms == pytest.approx(0.0, abs=1.0)
    assert figures.fast_error_deg == 0.0
    assert figures.spike_deg == pytest.approx(90.0)
    assert figures.within_1_sigma == pytest.approx(0.68, abs=0.08)


@pytest.mark.parametrize('filter_', [causal(0.9), one_euro(1.0, 0.3)])
def test_causal_filters_trade_jitter_for_lag(errors, movement, filter_):
    figures = measure(filter_, [errors], [movement])
    assert figures.jitter_deg < 0.7 * measure(unfiltered, [errors], [movement]).jitter_deg
    assert figures.lag_ms > 2.0
    assert figures.fast_error_deg > 0.2


@pytest.mark.parametrize('filter_', [look_ahead(0.6), butterworth(6.0)])
def test_filters_that_look_ahead_have_no_lag(errors, movement, filter_):
    figures = measure(filter_, [errors], [movement])
    assert figures.jitter_deg < 0.7 * measure(unfiltered, [errors], [movement]).jitter_deg
    assert figures.lag_ms == pytest.approx(0.0, abs=1.0)


def test_our_filters_state_velocity_and_uncertainty(errors, movement):
    for filter_ in (causal(0.5), look_ahead(0.5)):
        figures = measure(filter_, [errors], [movement])
        assert figures.velocity_slope == pytest.approx(1.0, abs=0.15)
        assert 0.65 < figures.within_1_sigma < 0.9  # what fit and keypoints share is counted in
        assert figures.spike_deg < 5.0
    assert measure(butterworth(6.0), [errors], [movement]).within_1_sigma is None


def test_a_known_delay_is_measured(errors, movement):
    late = measure(
        lambda angles, stddev: unfiltered(np.roll(angles, 2, axis=0), stddev), [errors], [movement]
    )
    assert late.lag_ms == pytest.approx(2e3 / RATE_HZ, abs=3.0)


def test_held_out_motion_is_of_persons_kept_apart():
    if not MOTION.exists():
        pytest.skip('needs the recorded motion')
    movements = held_out_motion(MOTION)
    assert movements
    for movement in movements:
        assert movement.name.split('_')[0] in {'kirsten', 'camargo', 'welk002'}
        assert np.isfinite(movement.angles_rad).all()
        assert 'knee_angle_r' in movement.names


def test_the_trade_off_is_drawn(errors, movement, tmp_path):
    figures = vars(measure(causal(0.5), [errors], [movement]))
    families = ('causal', 'one_euro_beta_0.3', 'one_euro_beta_1', 'one_euro_beta_3')
    results = {
        'unfiltered': {'': figures},
        **{name: {'0.5': figures} for name in (*families, 'look_ahead', 'butterworth')},
    }
    draw_trade_off(results, tmp_path / 'new' / 'plot.png')
    assert (tmp_path / 'new' / 'plot.png').stat().st_size > 10_000
