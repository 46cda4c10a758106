"""The fit finds known spreads again, and a confidence that keeps its word."""

import numpy as np
import pytest

from biopose_ros.evaluation.person.certainty import (
    calibration_error_by_chance,
    draw_reliability,
    expected_calibration_error,
    figures,
    reliability,
)
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.certainty.fit import fit_spreads, is_right, with_confidence
from biopose_ros.training.certainty.footage import Footage

SKELETON = load_skeleton()
ROWS, COUNT = 600, len(SKELETON.coordinate_names)


def footage(seed, factor=2.0):
    """Errors are so many times as large as stated; doubtful images have larger ones."""
    random = np.random.default_rng(seed)
    doubt = random.uniform(0.0, 1.0, (ROWS, 1))
    stddev = np.radians(2.0 + 15.0 * doubt) * np.ones(COUNT)
    truth = np.zeros((ROWS, COUNT))
    truth[:, SKELETON.coordinate_index('pelvis_tx')] = -3.0
    points = random.uniform(40, 280, (ROWS, 33, 2))
    return Footage(
        sequence=np.arange(ROWS) // 10,
        kind=np.full(ROWS, 'whole'),
        state=np.ones(ROWS, int),
        presence=np.ones(ROWS),
        coordinates=truth + factor * stddev * random.normal(size=(ROWS, COUNT)),
        stddev=stddev,
        true_coordinates=truth,
        keypoints_px=points,
        keypoint_confidence=np.ones((ROWS, 33)),
        joints_px=random.uniform(40, 280, (ROWS, len(SKELETON.segment_names), 2)),
        size_px=np.full((ROWS, 2), 320.0),
    )


@pytest.fixture(scope='module')
def model():
    return with_confidence(fit_spreads(footage(1), SKELETON), footage(1), SKELETON)


def test_errors_twice_as_large_as_stated_double_the_deviation(model):
    found = figures(footage(2), model, SKELETON)
    for group in ('knee', 'elbow', 'lumbar'):
        assert found['within_1_sigma'][group] == pytest.approx(0.68, abs=0.06)
        assert found['within_1_sigma_before'][group] < 0.45
    assert model.spreads['knee_angle'].gain == pytest.approx(2.0, rel=0.2)


def test_confidence_keeps_its_word_on_new_images(model):
    found = figures(footage(3), model, SKELETON)
    assert found['expected_calibration_error'] < 0.08
    assert found['bins'][-1].confidence > found['bins'][0].confidence + 0.3
    assert 0.1 < is_right(footage(3), SKELETON).mean() < 0.9


def test_a_calibration_error_is_the_weighted_gap(tmp_path):
    confidence = np.array([0.95] * 8 + [0.15] * 2)
    bins = reliability(confidence, np.array([1.0] * 4 + [0.0] * 6))
    assert [one.images for one in bins] == [2, 8]
    assert expected_calibration_error(bins) == pytest.approx(0.8 * 0.45 + 0.2 * 0.15)
    draw_reliability(bins, tmp_path / 'bins.png')
    assert (tmp_path / 'bins.png').stat().st_size > 1000


def test_few_sequences_leave_an_exact_confidence_with_an_error():
    """Where 40 images are one, the error is that of a 40th of them: six times as large."""
    confidence = np.random.default_rng(1).random(4000)
    one_each = calibration_error_by_chance(confidence, np.arange(4000))
    assert one_each[0] < one_each[1] < one_each[2] < 0.03
    alike = np.repeat(confidence[:100], 40)
    shared = calibration_error_by_chance(alike, np.arange(4000) // 40)
    assert 4 * one_each[1] < shared[1] < 9 * one_each[1]
    certain = calibration_error_by_chance(np.ones(10), np.zeros(10))
    assert certain == (0.0, 0.0, 0.0)
