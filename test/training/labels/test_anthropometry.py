import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.evaluation.body.labels import NEUTRAL_COORDINATES
from biopose_ros.skeleton.sides import left_of
from biopose_ros.training.synthesis.sources import subject_betas


def degrees(anthropometry, subject, name):
    return np.degrees(float(subject.neutral[anthropometry.skeleton.coordinate_index(name)]))


@pytest.mark.parametrize('name', NEUTRAL_COORDINATES)
def test_who_stands_straight_reads_zero(anthropometry, people, name):
    for subject in people:
        assert abs(degrees(anthropometry, subject, name)) < 1.5


def test_hanging_arms_and_upright_trunks_read_what_they_are(anthropometry, people):
    for subject in people:
        assert degrees(anthropometry, subject, 'arm_add_r') == pytest.approx(-15, abs=3)
        assert degrees(anthropometry, subject, 'elbow_flex_r') == pytest.approx(0, abs=4)
        assert degrees(anthropometry, subject, 'pro_sup_r') == pytest.approx(95, abs=12)
        assert degrees(anthropometry, subject, 'lumbar_bending') == pytest.approx(0, abs=0.5)
        assert -20 < degrees(anthropometry, subject, 'lumbar_extension') < 0


def test_joint_centres_lie_at_the_body_s(anthropometry, people):
    skeleton = anthropometry.skeleton
    for subject in people:
        markers_m = anthropometry.standing_markers_m(subject.betas[None])[0]
        own = skeleton.marker_positions(subject.neutral, subject.scales)
        for name in ('hip', 'knee', 'ankle', 'shoulder', 'elbow', 'wrist'):
            row = skeleton.marker_names.index(f'bp_right_{name}')
            gap = own[row] - anthropometry.at(markers_m, f'bp_right_{name}')
            assert gap.norm() < 0.015, name


def test_both_sides_are_alike(anthropometry, people):
    table, mirror = anthropometry.table, torch.tensor([1.0, 1.0, -1.0])
    right = [name for name in table.names if left_of(name) != name]
    rows, partners = ([table.index(n) for n in names] for names in (right, map(left_of, right)))
    for subject in people:
        offsets = subject.marker_offsets_m
        torch.testing.assert_close(offsets[partners] * mirror, offsets[rows], atol=2e-3, rtol=0)


def test_the_subject_s_skeleton_has_its_markers_where_the_body_has(anthropometry, people):
    for subject in people:
        own = subject.skeleton.marker_positions(subject.neutral, subject.scales)
        markers_m = anthropometry.standing_markers_m(subject.betas[None])[0]
        torch.testing.assert_close(own, markers_m, atol=1e-6, rtol=0)


@settings(max_examples=10)
@given(number=st.integers(0, 40_000))
def test_any_adult_gets_plausible_sizes(anthropometry, number):
    """Whoever is drawn; shapes twice as far from the mean as people are have no sizes."""
    body = anthropometry.body
    betas = subject_betas(number, body.data.population, body.num_components)
    subject = anthropometry.subject(torch.from_numpy(betas))
    assert float(subject.scales.min()) > 0.4
    assert float(subject.scales.max()) < 1.9
    for name in ('hip_flexion_r', 'knee_angle_l', 'ankle_angle_r'):
        assert abs(degrees(anthropometry, subject, name)) < 4
