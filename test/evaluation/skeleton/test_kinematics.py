"""The command as a user runs it, on a few frames."""

import json

import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app


def test_it_prints_a_table_and_writes_the_stable_keys(tmp_path):
    pytest.importorskip('opensim')
    path = tmp_path / 'new' / 'skeleton.json'
    arguments = ['evaluate', 'skeleton', '--poses', '20', '--frames', '10', '--json', str(path)]
    done = CliRunner().invoke(app, arguments, env={'COLUMNS': '120'})
    assert done.exit_code == 0, done.output
    assert 'opensim_ik_marker_rms_mm' in done.output
    figures = json.loads(path.read_text())
    assert figures['fk_max_error_m'] < 1e-5
    assert figures['ik_marker_rms_mm'] <= figures['opensim_ik_marker_rms_mm'] + 0.1
    assert figures['ik_ms_per_frame'] > 0
    assert figures['opensim_ik_ms_per_frame'] > 0
    assert figures['models']['biopose']['fk_max_error_m'] < 1e-5


def test_the_skeletons_files_can_be_written_anew(tmp_path):
    done = CliRunner().invoke(app, ['build', 'skeleton', '--out', str(tmp_path / 'out')])
    assert done.exit_code == 0, done.output
    assert (tmp_path / 'out' / 'biopose.osim').exists()
    again = CliRunner().invoke(app, ['build', 'skeleton', '--out', str(tmp_path / 'out')])
    assert 'is up to date' in again.output
