from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.training.synthesis.sheet import contact_sheet


def test_every_second_row_shows_joints(chunk):
    sheet = contact_sheet(chunk, tile_px=128)
    assert sheet.shape == (512, 512, 3)
    np.testing.assert_array_equal(sheet[:128, :128], chunk[0].image_bgr)
    assert np.any(sheet[128:256, :128] != chunk[4].image_bgr)


def test_an_empty_sheet_is_refused():
    with pytest.raises(ValueError, match='at least one sample'):
        contact_sheet([])


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        ([], 'give either --sheet FILE or --shards FOLDER'),
        (['--sheet', 'a.png', '--split', 'none'], "unknown split 'none'"),
        (['--sheet', 'a.png', '--motion', '.'], 'no recorded motion'),
    ],
)
def test_wrong_calls_end_with_a_sentence(arguments, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ['synth', *arguments], env={'COLUMNS': '200'})
    assert result.exit_code != 0
    assert text in ' '.join(result.output.split())
