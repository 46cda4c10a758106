import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.library import activity_clips
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.splits import Split, split_of_group


def test_activities_are_drawn_for_one_split_and_again_the_same():
    clips = activity_clips(6, seed=4, split=Split.TEST)
    assert [split_of_group(clip.group) for clip in clips] == [Split.TEST] * 6
    again = activity_clips(6, seed=4, split=Split.TEST)
    np.testing.assert_array_equal(clips[2].pose, again[2].pose)
    train = activity_clips(6, seed=4, split=Split.TRAIN)
    assert not {clip.name for clip in clips} & {clip.name for clip in train}


def test_a_body_model_stands_on_its_soles_where_the_clip_says():
    load_body = pytest.importorskip('biopose_ros.body').load_body
    body = load_body()
    proportions = measure(body)
    clip = activity_clips(1, seed=0, split=Split.TRAIN, proportions=proportions)[0]
    frame = len(clip) // 2
    mesh = body(
        torch.tensor(clip.pose[None, frame]),
        torch.zeros(1),
        torch.tensor(clip.translation_m[None, frame]),
    )
    offset = mesh.joints_m[0].numpy() - clip.placed.positions_m[frame]
    np.testing.assert_allclose(offset, np.broadcast_to(offset[0], (24, 3)), atol=2e-4)
    lowest = float(mesh.vertices_m[..., 1].min()) - offset[0, 1]
    assert abs(lowest) < 0.03


def test_rest_joints_must_be_a_standing_body():
    with pytest.raises(ValueError, match=r'expected rest joints \[24, 3\], got \(22, 3\)'):
        Proportions.from_rest_joints(np.zeros((22, 3)))
    with pytest.raises(ValueError, match='must lie above the sole'):
        Proportions.from_rest_joints(np.zeros((24, 3)))


def test_sheet_command_draws_and_names_what_it_does_not_know(tmp_path):
    run = CliRunner().invoke
    picture = tmp_path / 'sheet.png'
    result = run(
        app, ['build', 'motion-sheet', str(picture), '--only', 'wave, squat', '--frames', '3']
    )
    assert result.exit_code == 0, result.output
    assert picture.stat().st_size > 5000
    result = run(app, ['build', 'motion-sheet', str(picture), '--only', 'fly'])
    assert result.exit_code == 2
    assert "no activity 'fly'" in result.output
    result = run(app, ['build', 'motion-sheet', str(picture), '--motion', str(tmp_path)])
    assert result.exit_code == 2
    assert 'no recorded motion' in result.output
