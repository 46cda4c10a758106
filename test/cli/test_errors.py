import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (('motion', '--motion', 'nowhere'), 'no recorded motion (*.npz) in nowhere; pass its'),
        (('mesh', '--weights', 'nothing'), 'nothing: no such file; install a matching release or'),
        (('video', '--data', 'nowhere'), 'nowhere/pose2sim_blender: no calibrated views'),
    ],
)
def test_what_an_evaluation_misses_is_told_without_a_traceback(
    arguments, told, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ['evaluate', *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith('error: ')
    assert told in ' '.join(done.stderr.split())
