from __future__ import annotations

import numpy as np
import pytest

from biopose_ros.body import load_body
from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.evaluation.speed.synthesis import detector_agreement, measure_speed
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.sources import motion_pool
from biopose_ros.training.synthesis.stream import samples


@pytest.fixture(scope='module')
def generator():
    body = Proportions.typical()
    pose = np.zeros((20, 24, 3), np.float32)
    pose[:, [16, 17], 2] = np.linspace([-1.2, 1.2], [-0.2, 0.2], 20)
    translation = np.tile(body.rest_joints_m[0], (20, 1)).astype(np.float32)
    clip = MotionClip(
        'arms', 'arms', 'raising the arms', 'synthetic', 30.0, pose, translation,
        np.ones(20, bool), True, body,
    )  # fmt: skip
    return SampleGenerator(load_body(), motion_pool([clip]), Split.TEST, seed=1)


def test_speed_counts_images(generator):
    speed = measure_speed(generator, seconds=0.2, workers=0)
    assert speed.images >= 16
    assert speed.images_per_s > 0
    assert speed.cpu_ms_per_image > 0


def test_a_detector_of_photographs_finds_rendered_persons(generator, imported):
    network = LandmarkNetwork('full', 'cpu', 1)
    agreement = detector_agreement(samples(generator), network, persons=24)
    assert agreement.persons == 24
    assert agreement.presence_rate >= 0.9
    assert agreement.pck_02 > 0.85
    assert agreement.pck_01 < agreement.pck_02


def test_a_stream_without_whole_persons_says_so(generator, imported):
    hidden = (sample for sample in generator.chunk(0) if not sample.is_whole)
    with pytest.raises(ValueError, match='no whole person'):
        detector_agreement(hidden, LandmarkNetwork('full', 'cpu', 1))
