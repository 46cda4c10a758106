import numpy as np
import pytest
import yaml

from biopose_ros.body import load_body
from biopose_ros.resources import resource_path
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.labels.marker_sites import marker_sites
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.on_skeleton import SITES, with_virtual_markers


def test_the_shipped_places_are_those_of_the_shipped_body():
    shipped = yaml.safe_load(resource_path(SITES).read_text())['markers']
    made = yaml.safe_load(marker_sites(load_body()))['markers']
    assert list(shipped) == list(made)
    for name, site in made.items():
        assert shipped[name]['segment'] == site['segment']
        np.testing.assert_allclose(shipped[name]['offset_m'], site['offset_m'], atol=5e-4)


def test_markers_sit_where_the_skeleton_has_its_joints():
    marked = with_virtual_markers(load_skeleton())
    assert set(marked.marker_names) == set(load_markers().names)
    rest = marked.default_coordinates
    frames = marked.forward_kinematics(rest)
    hip = marked.marker_positions(rest, None, ['R_HJC'])[0]
    femur = frames.positions_m[marked.segment_index('femur_r')]
    assert (hip - femur).norm() < 0.01
    right, left = marked.marker_positions(rest, None, ['r_knee', 'L_knee'])
    np.testing.assert_allclose(right[:2], left[:2], atol=2e-3)
    np.testing.assert_allclose(right[2], -left[2], atol=2e-3)


@pytest.mark.parametrize('text', ['', 'markers: 3', 'markers: {a: {segment: pelvis}}', '{'])
def test_a_broken_table_is_named_with_the_remedy(tmp_path, text):
    path = tmp_path / 'places.yaml'
    path.write_text(text)
    with pytest.raises(
        ValueError, match=r'(?s)places\.yaml: not a table .*biopose build marker-sites'
    ):
        with_virtual_markers(load_skeleton(), path)
