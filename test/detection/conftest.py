"""Real videos; where one is missing, the tests that need it are skipped."""

from itertools import islice
from pathlib import Path

import cv2
import pytest

DATA = Path(__file__).parents[3] / 'shared/data/real'


def read_video(name, count, width):
    path = DATA / name
    if not path.exists():
        pytest.skip(f'needs the real video {name}')
    capture = cv2.VideoCapture(str(path))
    frames = [frame for _, frame in islice(iter(capture.read, (False, None)), count)]
    size = (width, round(frames[0].shape[0] * width / frames[0].shape[1]))
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]


@pytest.fixture(scope='session')
def balancing():
    """A man on one leg, and a photographer who stands behind him: 540x960, 60 frames a second."""
    return read_video('pose2sim_blender/cam01.mp4', 30, 540)


@pytest.fixture(scope='session')
def meadow():
    """A man on a box against the light: 884x497, 30 frames a second."""
    return read_video('sports2d/demo.mp4', 30, 884)


@pytest.fixture(scope='session')
def sitting():
    """A man who walks in and sits down: 720x720, every third picture of 20 a second."""
    return read_video('sit_to_stand/cam0_test.mp4', 120, 720)[::3]
