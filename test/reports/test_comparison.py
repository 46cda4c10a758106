"""Recordings made from one movement, by known changes: the comparison has to find these."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.reports.comparison import compare_motions


def knee(times_s):
    """A few squats of unequal depth and tempo, radians."""
    return 0.6 - 0.5 * np.cos(2.1 * times_s) - 0.1 * np.cos(0.7 * times_s + 1.0)


def hip(times_s):
    return 0.4 + 0.3 * np.sin(1.3 * times_s)


def motion(times_s, lag_s=0.0, gain=1.0, offset_rad=0.0):
    columns = {'knee_angle_r': knee, 'hip_flexion_r': hip}
    return times_s, {n: gain * f(times_s - lag_s) + offset_rad for n, f in columns.items()}


@given(
    lag_s=st.floats(-0.3, 0.3),
    gain=st.floats(0.5, 1.5),
    offset_deg=st.floats(-30, 30),
    rate_hz=st.sampled_from([20.0, 29.97, 60.0, 100.0]),
)
@settings(max_examples=30, deadline=None)
def test_known_changes_are_found(lag_s, gain, offset_deg, rate_hz):
    ours = motion(np.arange(0.5, 9.0, 1 / rate_hz), lag_s, gain, np.radians(offset_deg))
    truth = motion(np.arange(0.0, 10.0, 1 / 50))
    found = compare_motions(ours, truth)['knee_angle_r']
    assert found.lag_s == pytest.approx(lag_s, abs=0.006)
    assert found.gain == pytest.approx(gain, abs=0.01)
    assert found.r == pytest.approx(1.0, abs=1e-3)
    difference = found.motion_deg - found.reference_deg
    assert found.offset_deg == pytest.approx(difference.mean())
    assert found.rmse_deg**2 == pytest.approx(difference.var() + found.offset_deg**2)
    assert found.mae_deg <= found.rmse_deg + 1e-9


def test_offset_and_limits_are_those_of_bland_and_altman():
    times_s = np.arange(0, 10, 0.02)
    noise_deg = np.random.default_rng(0).normal(0.0, 2.0, len(times_s))
    ours = motion(times_s)
    ours[1]['knee_angle_r'] = ours[1]['knee_angle_r'] + np.radians(5.0 + noise_deg)
    found = compare_motions(ours, motion(times_s))['knee_angle_r']
    assert found.offset_deg == pytest.approx(5.0, abs=0.3)
    assert found.limits_deg == pytest.approx((5.0 - 3.92, 5.0 + 3.92), abs=0.4)
    assert found.mae_deg == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize('shift_s', [-742.31, 0.4, 96.0])
def test_recordings_of_two_clocks_are_brought_together(shift_s):
    ours = motion(np.arange(3.0, 8.0, 1 / 30))
    truth = motion(np.arange(0.0, 20.0, 1 / 100))
    moved = (ours[0] + shift_s, ours[1])
    found = compare_motions(moved, truth, align=True)['knee_angle_r']
    assert found.mae_deg < 0.5
    assert found.lag_s == pytest.approx(0.0, abs=0.01)


def test_a_coordinate_at_rest_has_errors_but_neither_lag_nor_gain():
    times_s = np.arange(0, 4, 0.05)
    still = (times_s, {'elbow_flex_r': np.full(len(times_s), 0.1)})
    turned = (times_s, {'elbow_flex_r': np.full(len(times_s), 0.2)})
    figures = compare_motions(turned, still)['elbow_flex_r'].figures()
    assert figures['mae_deg'] == pytest.approx(np.degrees(0.1))
    assert figures['lag_s'] is figures['gain'] is figures['r'] is None


def test_whole_turns_are_no_difference_and_translations_are_left_out():
    times_s = np.arange(0, 4, 0.05)
    turning = {'pelvis_rotation': 0.4 * times_s, 'pelvis_tx': times_s}
    wrapped = {'pelvis_tx': 9 + times_s, 'pelvis_rotation': 0.4 * times_s - 2 * np.pi}
    found = compare_motions((times_s, turning), (times_s, wrapped))
    assert list(found) == ['pelvis_rotation']
    assert found['pelvis_rotation'].mae_deg < 1e-6


def write(path, rate_hz, header, factor, columns=('knee_angle_r', 'hip_flexion_r')):
    times_s, values = motion(np.arange(0.0, 6.0, 1 / rate_hz))
    rows = [[t, *(factor * values[c.split('/')[-1]][i] for c in columns)]
            for i, t in enumerate(times_s)]  # fmt: skip
    labels = [f'{c}/value' if c.startswith('/') else c for c in columns]
    lines = [*header, 'endheader', '\t'.join(['time', *labels])]
    path.write_text('\n'.join([*lines, *(' '.join(f'{v:.6f}' for v in row) for row in rows), '']))
    return path


def test_the_command_reads_what_opensim_writes(tmp_path):
    ours = write(tmp_path / 'a.mot', 30, ['Coordinates', 'inDegrees=yes'], np.degrees(1.0))
    paths = ('/jointset/hip_r/hip_flexion_r', '/jointset/knee_r/knee_angle_r')
    theirs = write(tmp_path / 'b.sto', 100, ['states', 'inDegrees=no'], 1.0, paths)
    out, plot = tmp_path / 'figures.json', tmp_path / 'plot.png'
    arguments = ['compare', str(ours), str(theirs), '--json', str(out), '--plot', str(plot)]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    figures = json.loads(out.read_text())
    assert list(figures) == ['hip_flexion_r', 'knee_angle_r']
    assert {'lag_s', 'gain', 'offset_deg', 'mae_deg', 'r'} <= figures['knee_angle_r'].keys()
    assert figures['knee_angle_r']['mae_deg'] < 0.1
    assert plot.stat().st_size > 10_000


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        (
            (np.arange(20.0, 24.0, 0.05), 'knee_angle_r'),
            'share no time: 20.00 to 23.95 s',
        ),
        ((np.arange(0.0, 4.0, 0.05), 'Knie'), 'share no angle; their first columns are Knie and'),
        ((np.arange(3.0), 'knee_angle_r'), 'fewer than 5 rows'),
    ],
)
def test_what_cannot_be_compared_is_told(other, message):
    times_s, name = other
    with pytest.raises(ValueError, match=message):
        compare_motions((times_s, {name: knee(times_s)}), motion(np.arange(0.0, 6.0, 0.02)))
