"""The table of normal gait: pooled as the persons would be, and like another laboratory's."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.training.sources.normal_gait import DOI, convert_normal_gait, pool

ANGLES = ('hip_flex', 'knee_flex', 'ankle_flex')


def groups(persons):
    """Publish groups, [groups, persons, samples]."""
    return {
        f'group {i}': {'mean': list(group.mean(axis=0)), 'sd': list(group.std(axis=0))}
        for i, group in enumerate(persons)
    }


@pytest.fixture
def persons():
    random = np.random.default_rng(3)
    course = 30 * np.sin(np.linspace(0, 2 * np.pi, 100))
    of_groups = random.normal(size=(4, 1, 1)) * 5
    return course + of_groups + random.normal(size=(4, 200, 1)) * 6


@pytest.fixture
def published(tmp_path, persons):
    path = tmp_path / 'gait_normative.json'
    speeds = {f'group {i}': [1.0 + i / 10, 0.1] for i in range(4)}
    comfortable = {
        'spatiotemporal': {'Walking.Speed [m/s]': speeds},
        'curves': dict.fromkeys(ANGLES, groups(persons)),
    }
    values = {'doi': DOI, 'n_subjects': 800, 'age_range_years': [18, 91],
              'speeds': {'comf': comfortable}}  # fmt: skip
    path.write_text(json.dumps(values))
    return path


def test_groups_are_pooled_as_their_persons(persons):
    mean, stddev = pool(groups(persons))
    everybody = persons.reshape(-1, 100)
    np.testing.assert_allclose(mean, everybody.mean(axis=0))
    np.testing.assert_allclose(stddev, everybody.std(axis=0))


def test_a_group_that_was_published_twice_counts_once(persons):
    twice = groups(persons)
    twice['again'] = twice['group 1']
    np.testing.assert_allclose(pool(twice), pool(groups(persons)))


def test_the_command_writes_the_table(published, persons, tmp_path):
    out = tmp_path / 'table.json'
    outcome = CliRunner().invoke(
        app, ['build', 'normal-gait', '--from', str(published), '--out', str(out)]
    )
    assert outcome.exit_code == 0, outcome.output
    table = json.loads(out.read_text())
    assert table['persons'] == 800
    assert table['speed_m_s'] == pytest.approx(1.15)
    assert table['percent'] == list(range(0, 101, 2))
    assert set(table['angles_deg']) == {'hip_flexion', 'knee_angle', 'ankle_angle'}
    knee = table['angles_deg']['knee_angle']['mean']
    # The first sample is one heel strike, the last the next.
    assert knee[0] == pytest.approx(persons[..., 0].mean(), abs=0.01)
    assert knee[-1] == pytest.approx(persons[..., -1].mean(), abs=0.01)


@pytest.mark.parametrize(
    ('change', 'told'), [({'doi': 'another'}, 'another, not 10.17605'), ({'speeds': {}}, 'comf')]
)
def test_another_file_is_refused(published, tmp_path, change, told):
    published.write_text(json.dumps(json.loads(published.read_text()) | change))
    with pytest.raises(ValueError, match=told):
        convert_normal_gait(published, tmp_path / 'table.json')
