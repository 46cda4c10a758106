import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app


@pytest.mark.parametrize(
    ('command', 'told'),
    [
        ('evaluate motion --motion nowhere', 'no recorded motion (*.npz) in nowhere; pass its'),
        ('evaluate mesh --weights none', 'none: no such file; install a matching release or run'),
        ('evaluate video --data nowhere', 'nowhere/pose2sim_blender: no calibrated views'),
        ('build mesh-errors a.npz --maps nowhere', 'nowhere: no store of encoder maps'),
    ],
)
def test_what_is_missing_is_told_without_a_traceback(command, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 1
    assert done.stderr.startswith('error: ')
    assert told in ' '.join(done.stderr.split())
