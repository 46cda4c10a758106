import json

import pytest
from clips import CLEARING, cut, write_clip
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.evaluation.metrics import COORDINATE_GROUPS

COUNT = 8


@pytest.fixture(scope='module')
def short_clip(imported, tmp_path_factory):
    """The start of one development view, with the truth of all views."""
    frames = cut(CLEARING, 0, COUNT)
    folder = tmp_path_factory.mktemp('data') / CLEARING.parent.name
    folder.mkdir()
    for path in CLEARING.parent.glob('Pose2Sim_*'):
        (folder / path.name).symlink_to(path)
    write_clip(folder / 'cam01.mp4', frames, 60.0)
    return folder.parent


def test_one_view_is_scored(short_clip, tmp_path):
    report = tmp_path / 'report.json'
    arguments = ['evaluate', 'video', '--data', short_clip, '--json', report, '--details']
    outcome = CliRunner().invoke(app, [*map(str, arguments)])
    assert outcome.exit_code == 0, outcome.output
    scores = json.loads(report.read_text())['pose2sim_blender/cam01']['biopose']
    raw, unbiased = scores['mae_deg'], scores['mae_deg_bias_corrected']
    measured = set(COORDINATE_GROUPS) - {'wrist'} | {'legs_and_trunk', 'mean'}
    assert set(raw) == set(unbiased) == measured
    assert all(unbiased[group] >= 0 for group in measured)
    assert unbiased['mean'] < raw['mean'] < 60
    assert all(0 <= share <= 1 for share in scores['within_1_sigma'].values())
    assert set(scores['within_1_sigma']) == measured
    assert 'share within 1 sigma' in outcome.output
    assert scores['frames'] == COUNT - 1  # the first picture has no truth
    assert 1 <= scores['frames_compared'] <= scores['frames']
    by_angle = scores['by_view_angle']
    assert sum(one['frames'] for one in by_angle.values()) == scores['frames_compared']
    assert all(set(one['mae_deg']) == measured for one in by_angle.values())
    assert all(f'{name} {one["frames"]}' in outcome.output for name, one in by_angle.items())
    # The calibration, the axes and the times fit: keypoints lie on the projected truth.
    errors_px = scores['keypoint_error_px']
    assert errors_px['right_knee'] < 40
    assert errors_px['left_wrist'] < 40


def test_a_model_of_ones_own_is_scored_in_its_own_coordinates(short_clip, tmp_path):
    model, report = (
        short_clip / CLEARING.parent.name / 'Pose2Sim_model.osim',
        tmp_path / 'report.json',
    )
    arguments = ['--data', short_clip, '--json', report, '--osim', model, '--method', 'landmarks']
    outcome = CliRunner().invoke(app, ['evaluate', 'video', *map(str, arguments)])
    assert outcome.exit_code == 0, outcome.output
    scores = json.loads(report.read_text())['pose2sim_blender/cam01']['landmarks']
    assert scores['mae_deg']['knee'] < 60
    # Its lumbar joints are vertebrae: the three angles of ours are not among its coordinates.
    assert 'lumbar_bending' not in scores['coordinate_mae_deg']
    assert {'knee_angle_r', 'hip_flexion_l', 'arm_flex_r'} <= set(scores['coordinate_mae_deg'])


@pytest.mark.parametrize(
    ('folder', 'options', 'message'),
    [('pose2sim_blender', [], 'give --data'), ('', ['--view', 'cam09'], "unknown view 'cam09'")],
)
def test_mistakes_are_named(short_clip, folder, options, message):
    data = str(short_clip / folder)
    outcome = CliRunner().invoke(app, ['evaluate', 'video', '--data', data, *options])
    assert outcome.exit_code == 1
    assert message in outcome.output.replace('\n', ' ')
