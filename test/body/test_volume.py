import numpy as np
import pytest
import torch

from biopose_ros.body.volume import mass_kg


def test_the_mean_body_weighs_what_people_weigh(body):
    """ANSUR II: women 67 kg at 1.63 m, men 85 kg at 1.76 m in the middle."""
    nothing = np.zeros(body.num_components)
    stature_m = float(body.statures_m(torch.zeros(1)))
    assert mass_kg(body, nothing, stature_m) == pytest.approx(76, abs=4)


def test_mass_grows_with_the_cube_of_the_height(body):
    betas = np.random.default_rng(0).normal(size=body.num_components)
    one, two = (mass_kg(body, betas, height_m) for height_m in (0.9, 1.8))
    assert two == pytest.approx(8 * one)
