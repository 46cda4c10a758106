from typer.testing import CliRunner

from biopose_ros.cli.weights import app
from biopose_ros.pretrained.networks import NETWORKS

runner = CliRunner()


def test_list_shows_every_network_as_missing_in_an_empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    monkeypatch.setenv('COLUMNS', '200')
    result = runner.invoke(app, ['list'])
    assert result.exit_code == 0
    assert result.output.count('not imported') == len(NETWORKS)
    assert result.output.count('Apache-2.0') == len(NETWORKS)


def test_importing_again_is_quick_and_says_ready(imported):
    result = runner.invoke(app, ['import', 'pose_detection'])
    assert (result.exit_code, result.output.strip()) == (0, 'ready pose_detection')


def test_an_unknown_network_is_named():
    result = runner.invoke(app, ['import', 'pose_huge'])
    assert result.exit_code == 2
    assert 'pose_huge' in result.output


def test_without_a_network_the_import_fails_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv('BIOPOSE_CACHE', str(tmp_path))
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(tmp_path))
    monkeypatch.setenv('PIP_CONFIG_FILE', '/dev/null')
    result = runner.invoke(app, ['import', 'pose_detection'])
    assert result.exit_code == 1
    assert 'failed pose_detection: pip could not download mediapipe==0.10.21' in result.output
