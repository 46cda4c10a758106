import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.detection.person_detector import INPUT_PX, make_anchors
from biopose_ros.training.detector.losses import LossConfig, detector_losses
from biopose_ros.training.detector.matching import encode, match
from biopose_ros.training.detector.windows import LabelledWindow

ANCHORS_PX = make_anchors() * INPUT_PX
CPU = torch.device('cpu')


def person(x, y, height_px):
    """A standing person's points; the box is around (x, y)."""
    half, radius = 0.19 * height_px, 0.55 * height_px
    hips, shoulders = [x, y + 0.38 * height_px], [x, y + 0.08 * height_px]
    corners = [[x - half, y - half], [x + half, y + half]]
    return [*corners, hips, [x, hips[1] - radius], shoulders, [x, y - 0.2 * height_px]]


def window(persons, visible=None):
    points = np.array(persons, dtype=float).reshape(-1, 6, 2)
    shares = np.ones(len(points)) if visible is None else np.array(visible, dtype=float)
    return LabelledWindow(np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8), points, shares)


places = st.floats(5, INPUT_PX - 5)


@given(x=places, y=places, height_px=st.floats(30, 300))
@settings(max_examples=50)
def test_everybody_has_an_anchor_and_its_numbers_lead_back(x, y, height_px):
    truth = np.array(person(x, y, height_px))
    targets = match([window([truth])], CPU)
    speaking = np.flatnonzero(targets.scores[0])
    assert len(speaking) >= 1
    numbers = targets.numbers[0, speaking].numpy().astype(float)
    middle = numbers[:, 0] + ANCHORS_PX[speaking]  # as the detector decodes
    np.testing.assert_allclose(middle, np.tile(truth[:2].mean(0), (len(middle), 1)), atol=1e-3)
    points = numbers[:, 2:] + ANCHORS_PX[speaking, None]
    np.testing.assert_allclose(points, np.broadcast_to(truth[2:], points.shape), atol=1e-3)


def test_neighbours_keep_anchors_of_their_own():
    left, right = person(80, 60, 60), person(105, 60, 60)
    targets = match([window([left, right])], CPU)
    speaking = np.flatnonzero(targets.scores[0])
    hips = targets.numbers[0, speaking, 2].numpy() + ANCHORS_PX[speaking]
    assert {round(float(x)) for x in hips[:, 0]} == {80, 105}


def test_a_hidden_person_is_neither_asked_for_nor_denied():
    targets = match([window([person(100, 60, 120)], visible=[0.1])], CPU)
    assert targets.scores.sum() == 0
    near = np.linalg.norm(ANCHORS_PX - [100, 60], axis=1) < 10
    assert (targets.weights[0, near] == 0).all()
    assert targets.weights[0, ~near].mean() > 0.9


def test_nobody_means_that_all_anchors_are_asked_to_be_silent():
    targets = match([window([])], CPU)
    assert targets.scores.sum() == 0
    assert (targets.weights == 1).all()


def outputs_for(targets, logit):
    numbers = targets.numbers.flatten(2).clone()
    return {'scores': ((2 * targets.scores - 1) * logit)[..., None], 'boxes': numbers}


def test_right_answers_cost_nothing_and_wrong_ones_do():
    targets = match([window([person(100, 60, 120)]), window([])], CPU)
    right = detector_losses(outputs_for(targets, 20.0), targets, LossConfig())
    assert sum(right.values()) < 1e-6
    shifted = outputs_for(targets, 20.0)
    shifted['boxes'] = shifted['boxes'] + 5
    wrong = detector_losses(shifted, targets, LossConfig())
    assert wrong['score'] == pytest.approx(right['score'])
    assert wrong['middle'] > 0.01
    assert wrong['points'] > 0.01
    silent = detector_losses(outputs_for(targets, -20.0), targets, LossConfig())
    assert silent['score'] > 10


def test_encoding_is_relative_to_the_anchor():
    truth = np.array(person(100, 60, 120))
    numbers = encode(np.broadcast_to(truth, (len(ANCHORS_PX), 6, 2)))
    np.testing.assert_allclose(numbers[:, 1], np.tile(truth[1] - truth[0], (len(ANCHORS_PX), 1)))
