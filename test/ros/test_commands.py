"""What `biopose play` and `biopose benchmark live` say to wrong input."""

import re

import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app


def run(*words):
    result = CliRunner().invoke(app, list(words), env={'COLUMNS': '200', 'TERM': 'dumb'})
    return result.exit_code, re.sub(r'[\s│╭╮╰╯─]+', ' ', result.output)


def test_play_names_a_missing_video():
    code, text = run('play', 'no_such_video.mp4')
    assert code == 2
    assert 'no_such_video.mp4: no such file or folder' in text


@pytest.mark.parametrize('size', ['1280', '0x720', 'axb', '1280x720x3'])
def test_play_explains_sizes(size, tmp_path):
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / '1.png'), np.zeros((8, 8, 3), np.uint8))
    code, text = run('play', str(tmp_path), '--images-per-second', '30', '--size', size)
    assert code == 2
    assert 'is not WIDTHxHEIGHT, for example 1280x720' in text


def test_benchmark_needs_an_existing_video():
    code, text = run('benchmark', 'live', 'no_such_video.mp4')
    assert code == 2
    assert 'does not exist' in text
