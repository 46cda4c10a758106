import numpy as np
import pytest

from biopose_ros.body import load_body
from biopose_ros.body.body_data import Population
from biopose_ros.body.volume import volume_m3
from biopose_ros.training.body.measures import Measures, read_survey, tape
from biopose_ros.virtual_markers import load_markers


@pytest.fixture
def cylinder():
    """A closed tube, radius 0.1 m, from y = 0 to 1; vertices and faces."""
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.stack([0.1 * np.cos(turns), 0 * turns, 0.1 * np.sin(turns)], axis=1)
    vertices = np.concatenate([ring, ring + [0, 1, 0], [[0, 0, 0], [0, 1, 0]]])
    a, b = np.arange(60), (np.arange(60) + 1) % 60
    faces = np.concatenate(
        [
            np.stack([a, a + 60, b], axis=1),
            np.stack([b, a + 60, b + 60], axis=1),
            np.stack([a, b, 0 * a + 120], axis=1),
            np.stack([b + 60, a + 60, 0 * a + 121], axis=1),
        ]
    )
    return vertices, faces


def test_a_tape_around_a_tube(cylinder):
    vertices, faces = cylinder
    girth = tape(vertices, faces, 1, 0.4, np.full(len(vertices), True))
    lengths = girth.lengths_m(np.stack([vertices, 1.5 * vertices]))
    np.testing.assert_allclose(lengths, [0.2 * np.pi, 0.3 * np.pi], rtol=2e-3)


def test_the_volume_of_a_tube(cylinder):
    vertices, faces = cylinder
    np.testing.assert_allclose(volume_m3(vertices[None], faces), np.pi * 0.01, rtol=5e-3)


def test_measures_grow_with_the_body():
    data = load_body().data
    assert isinstance(data.population, Population)
    measures = Measures(data.template_m, data.faces, load_markers())
    joints = data.joint_regressor @ data.template_m
    small = measures(data.template_m[None], joints[None])
    large = measures(1.1 * data.template_m[None], 1.1 * joints[None])
    for name, value in small.items():
        # The head of the radius lies a fixed distance below the epicondyle.
        rate = 1.1**3 if name == 'weight_kg' else 1.1
        np.testing.assert_allclose(large[name], rate * value, rtol=5e-3)
    assert 1600 < small['stature_mm'][0] < 1780
    assert 60 < small['weight_kg'][0] < 90


def test_a_survey_is_read_by_sex(tmp_path):
    path = tmp_path / 'survey.csv'
    path.write_text('sex,age,weight_kg,stature_mm\nM,30,80,1750\nF,30,60,1650\nM,30,90,1850\n')
    men = read_survey(path, 'M')
    assert men['stature_mm'].tolist() == [1750, 1850]
    assert set(men) == {'weight_kg', 'stature_mm'}
    with pytest.raises(ValueError, match=r"survey\.csv: no rows of sex 'X'"):
        read_survey(path, 'X')
