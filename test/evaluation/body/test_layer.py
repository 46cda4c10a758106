import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from biopose_ros.body import load_body
from biopose_ros.cli.app import app
from biopose_ros.evaluation.body.pictures import VIEWS, picture

RECORDED = Path(__file__).resolve().parents[4] / 'shared' / 'data' / 'motion' / 'deepmimic.npz'


def test_the_command_writes_its_figures(tmp_path):
    file = tmp_path / 'body.json'
    arguments = ['evaluate', 'body', '--json', str(file), '--poses', '40', '--compared', '4']
    if RECORDED.exists():
        (tmp_path / 'motion').mkdir()
        (tmp_path / 'motion' / RECORDED.name).symlink_to(RECORDED)
        arguments += ['--motion', str(tmp_path / 'motion')]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    figures = json.loads(file.read_text())
    assert figures['marker_faults'] == 0
    assert figures['ms_per_1_bodies'] > 0
    assert figures['neutral_bias_deg'] < 1.5
    assert figures['marker_fit_rms_mm'] < 13
    if find_spec('smplx') is not None:
        assert figures['smplx_max_error_m'] < 1e-5


@pytest.mark.parametrize('view', VIEWS)
def test_a_picture_holds_the_body_and_its_points(view):
    body = load_body()
    vertices = body.data.template_m
    middle = vertices.mean(axis=0)
    # Each view turns its own outermost vertex towards the camera.
    nearest = vertices[np.argmin((vertices @ VIEWS[view].T)[:, 2])]
    without = picture(vertices, body.faces, view, middle, 45, (140, 140))
    within = picture(vertices, body.faces, view, middle, 45, (140, 140), {'point': nearest})
    assert 0.01 < (without < 250).any(axis=2).mean() < 0.9
    assert (without != within).any()


def test_points_behind_the_body_are_hidden():
    body = load_body()
    vertices = body.data.template_m
    back = vertices[np.argmin(np.abs(vertices[:, :2]).sum(axis=1) + vertices[:, 2])]
    plain = picture(vertices, body.faces, 'front', (0, 0, 0), 60, (140, 140))
    hidden = picture(vertices, body.faces, 'front', (0, 0, 0), 60, (140, 140), {'back': back})
    np.testing.assert_array_equal(plain, hidden)
