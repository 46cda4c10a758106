from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.training.appearance import Figures, draw_figures, fit_appearance
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator


@pytest.fixture
def drawn():
    """Figures of which the first feature tells, by known odds; the others are noise."""
    random = np.random.default_rng(0)

    def figures(count):
        features = random.normal(size=(count, 5)) * [1.0, 1.0, 20.0, 1.0, 0.0]
        return Figures(features, random.random(count) < expit(3.0 * features[:, 0]))

    return SimpleNamespace(train=figures(2000), held_out=figures(1000))


def test_the_feature_that_tells_is_found_and_few_persons_are_lost(drawn):
    learnt = fit_appearance(drawn.train, np.zeros((0, 5)), drawn.held_out)
    spread = np.abs(learnt.weights) * drawn.train.features.std(axis=0)
    assert spread[0] > 5 * spread[1:].max()
    log_odds = drawn.held_out.features @ learnt.weights + learnt.bias
    is_person = drawn.held_out.is_person
    assert np.mean(log_odds[is_person] < 0) == pytest.approx(0.05, abs=0.005)
    assert np.mean(log_odds[~is_person] < 0) > 0.5


def test_real_persons_move_the_border(drawn):
    """Filmed persons on the other side of the border are persons all the same."""
    filmed = np.zeros((50, 5)) + [-1.0, 2.0, 0.0, 0.0, 0.0]
    with_real = fit_appearance(drawn.train, filmed, drawn.held_out)
    without = fit_appearance(drawn.train, filmed[:0], drawn.held_out)
    assert filmed[0] @ with_real.weights > filmed[0] @ without.weights + 0.1


def test_drawings_without_persons_are_refused(drawn):
    nobody = Figures(drawn.train.features, np.zeros(2000, np.bool_))
    with pytest.raises(ValueError, match='draw more scenes'):
        fit_appearance(drawn.train, np.zeros((0, 5)), nobody)


def test_the_seed_fixes_the_drawings(imported):
    network = LandmarkNetwork('full', 'cpu', 1, with_maps=True)
    config = SynthesisConfig('validation', 3, synthetic_clips=40)
    shown = []
    first = draw_figures(build_generator(config), network, 2, lambda: shown.append(1))
    again = draw_figures(build_generator(config), network, 2)
    assert len(shown) == 2
    np.testing.assert_array_equal(first.features, again.features)
    assert first.features.shape[1] == 2 * 7 * (48 + 48)
