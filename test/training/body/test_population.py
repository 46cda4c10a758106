import numpy as np
import pytest

from biopose_ros.body import load_body
from biopose_ros.training.body.measures import Measures
from biopose_ros.training.body.population import Bodies, choose_people, fit_to_survey
from biopose_ros.virtual_markers import load_markers


@pytest.fixture(scope='module')
def data():
    return load_body().data


def bodies_of(data, betas):
    vertices = data.template_m + np.einsum('vkc,bc->bvk', data.shape_directions_m, betas)
    return Bodies(vertices, np.stack([data.joint_regressor @ body for body in vertices]))


def test_bodies_come_to_measure_like_people(data):
    random = np.random.default_rng(0)
    components = data.shape_directions_m.shape[-1]
    measures = Measures(data.template_m, data.faces, load_markers())
    people = bodies_of(data, random.normal(size=(8, components)))
    wanted = measures(people.vertices_m, people.joints_m)
    wide = bodies_of(data, 1.5 * random.normal(size=(60, components)))
    pool = bodies_of(data, 0.5 * random.normal(size=(12, components)))
    fitted = fit_to_survey(wide, pool, wanted, measures, lambda steps: None)
    reached = measures(fitted.vertices_m, fitted.joints_m)
    for name in ('stature_mm', 'weight_kg', 'footlength_mm', 'radialestylionlength_mm'):
        np.testing.assert_allclose(reached[name], wanted[name], rtol=0.01)


def test_people_are_chosen_evenly():
    random = np.random.default_rng(0)
    stature = random.normal(1700, 80, 2000)
    weight = 0.1 * stature - 100 + random.normal(0, 10, 2000)
    survey = {'stature_mm': stature, 'weight_kg': weight}
    chosen = choose_people(survey, 200, random)
    for name in survey:
        assert len(np.unique(chosen[name])) == 200
        percentiles = [5, 50, 95]
        np.testing.assert_allclose(
            np.percentile(chosen[name], percentiles),
            np.percentile(survey[name], percentiles),
            rtol=0.02,
        )
