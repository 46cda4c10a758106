"""Two detectors on the same frames: whom both find, and whom one alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from biopose_ros.evaluation.detection import detectors
from biopose_ros.records import Crop


class Scripted:
    """Finds persons at given places, as detector and as landmark network alike."""

    def __init__(self, *places):
        self.crops = [Crop(np.array(place, float), 100.0, 0.0) for place in places]

    def detect(self, image):
        return [SimpleNamespace(crop=crop) for crop in self.crops]


class Confirming:
    def __init__(self, **options):
        pass

    def run(self, image, crops):
        return [SimpleNamespace(next_crop=crop, presence=1.0) for crop in crops]


@pytest.fixture
def frames(monkeypatch):
    image = np.zeros((10, 10, 3), np.uint8)
    frames = [SimpleNamespace(image_bgr=image)] * 2
    monkeypatch.setattr(detectors, 'open_frames', lambda video: iter(frames))
    monkeypatch.setattr(detectors, 'LandmarkNetwork', Confirming)


def test_several_persons_in_an_image_are_paired_each_with_the_own(frames):
    first, second = Scripted((50, 50), (250, 50), (450, 50)), Scripted((252, 50), (51, 50))
    shares = detectors.agreement(first, second, 'video.mp4', step=1)
    assert shares['persons'] == 6
    assert shares['both'] == pytest.approx(2 / 3)
    assert shares['first_only'] == pytest.approx(1 / 3)
    assert shares['second_only'] == 0
    assert shares['distance'] == pytest.approx(1.5 / 40)
