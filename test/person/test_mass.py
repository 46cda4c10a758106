from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.body import load_body
from biopose_ros.body.volume import mass_kg
from biopose_ros.person.mass import PersonMass
from biopose_ros.records import (
    BodySize,
    Markers,
    PersonEstimate,
    PlacedBody,
    RecoveredBody,
    SkeletonFit,
)

NOBODY = Markers((), np.zeros((0, 3)), np.zeros(0))


def estimate(betas=None, stature_m=1.8, stature_stddev_m=0.0):
    size = BodySize(np.ones((21, 3)), np.ones(21), stature_m, stature_stddev_m)
    body = None
    if betas is not None:
        nothing = np.zeros(0)
        recovered = RecoveredBody(1, nothing, betas, *[nothing] * 7)
        body = PlacedBody(recovered, NOBODY, 3.0, 1.0, stature_m, stature_stddev_m)
    return PersonEstimate(SkeletonFit(np.zeros(40), np.ones(40), NOBODY), size, body)


def test_a_given_mass_stays():
    mass = PersonMass(64.0)
    mass.observe(estimate())
    assert (mass.mass_kg, mass.stddev_kg) == (64.0, 0.0)


def test_without_a_shape_it_is_that_of_an_average_adult_of_the_height():
    mass = PersonMass(None)
    assert np.isnan(mass.mass_kg)
    mass.observe(estimate(stature_m=1.7, stature_stddev_m=0.09))
    assert mass.mass_kg == pytest.approx(26.6 * 1.7**2)
    assert mass.stddev_kg == pytest.approx(mass.mass_kg * np.hypot(0.148, 2.57 * 0.09 / 1.7))


def test_a_heavy_shape_weighs_more_and_the_mean_over_images_counts():
    body = load_body()
    single = np.eye(body.num_components) * 2.0
    heaviest = max(range(len(single)), key=lambda row: abs(mass_kg(body, single[row], 1.8) - 78))
    shapes = sorted((single[heaviest], -single[heaviest]), key=lambda b: mass_kg(body, b, 1.8))
    slight, heavy = PersonMass(None), PersonMass(None)
    noise = np.random.default_rng(0).normal(0, 0.3, (16, body.num_components))
    for row in noise:
        slight.observe(estimate(shapes[0] + row))
        heavy.observe(estimate(shapes[1] + row))
    assert heavy.mass_kg > 1.1 * slight.mass_kg
    mean_kg = mass_kg(body, shapes[1] + noise.mean(axis=0), 1.8)
    assert heavy.mass_kg == pytest.approx(mean_kg, rel=1e-6)
    assert 0 < heavy.stddev_kg < 0.25 * heavy.mass_kg


def test_an_image_without_a_mesh_changes_nothing_about_the_shape():
    mass = PersonMass(None)
    mass.observe(estimate(np.ones(16)))
    before = mass.mass_kg
    mass.observe(replace(estimate(np.ones(16)), body=None))
    assert mass.mass_kg == pytest.approx(before)
