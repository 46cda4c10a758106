import cv2
import numpy as np
import pytest

from biopose_ros.training.curve import draw_curve
from biopose_ros.training.timed import LogLine

_BLUE = np.array([180, 119, 31])  # of the first loss; blue, green, red


@pytest.mark.parametrize('lines', [1, 3])
def test_a_log_of_any_length_shows_in_the_picture(tmp_path, lines):
    log = [LogLine(60.0 * n, n, {'loss': 2.0}, {'error': 5.0}) for n in range(1, lines + 1)]
    draw_curve(log, tmp_path / 'curve.png')
    picture = cv2.imread(str(tmp_path / 'curve.png')).astype(int)
    is_blue = (np.abs(picture - _BLUE).max(-1) < 30).astype(np.uint8)
    parts, _ = cv2.connectedComponents(is_blue)
    assert parts - 1 == 2  # the key, and the curve or the point
