"""The network's properties that hold for any weights."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biopose_ros.body import load_body
from biopose_ros.inverse_kinematics.body_parts import BODY_PARTS, MARKER_NAMES, mirrored_marker
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.marker_encoder import PartAxes
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, rotation_from_6d
from biopose_ros.skeleton import load_skeleton
from biopose_ros.virtual_markers import load_markers

SMALL = NeurikConfig(node_size=8, frame_size=24, heads=3, layers=2, feedforward_size=24)
MARKERS = len(MARKER_NAMES)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    network = Neurik(SMALL, load_skeleton()).eval()
    with torch.no_grad():  # as after training: no part is silent
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return network


def random_evidence(batch=2, frames=6, seed=0, spread_m=0.4):
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(size, generator=generator)

    return Evidence(
        spread_m * normal(batch, frames, MARKERS, 3),
        (normal(batch, frames, MARKERS) > -1).float(),
        (torch.arange(frames) / 30).expand(batch, frames),
        0.4 * normal(batch, frames, 33, 3),
        (normal(batch, frames, 33) > 0).float(),
    )


def outputs(estimate):
    return torch.cat([value.flatten(2) for value in vars(estimate).values()], -1)


def test_markers_are_those_of_the_table_and_come_in_pairs():
    table = load_markers(load_body().topology)
    assert set(MARKER_NAMES) <= set(table.names)
    assert all(mirrored_marker(mirrored_marker(name)) == name for name in MARKER_NAMES)
    assert {mirrored_marker(name) for name in MARKER_NAMES} == set(MARKER_NAMES)
    assert len(set(MARKER_NAMES)) == MARKERS


def test_part_axes_are_rotations_and_mirror_with_the_body():
    axes = PartAxes()
    positions_m = random_evidence().positions_m
    ones = torch.ones_like(positions_m[..., 0])
    found = axes(positions_m, ones)
    eye = torch.eye(3).expand_as(found.rotations)
    torch.testing.assert_close(found.rotations.mT @ found.rotations, eye, atol=1e-4, rtol=0)
    assert (torch.linalg.det(found.rotations) > 0).all()

    flip = torch.tensor([1.0, 1.0, -1.0])
    swap = [MARKER_NAMES.index(mirrored_marker(name)) for name in MARKER_NAMES]
    mirrored = axes(positions_m[:, :, swap] * flip, ones)
    names = [part.name for part in BODY_PARTS]
    for row, name in enumerate(names):
        other = (
            name[:-2] + {'_r': '_l', '_l': '_r'}[name[-2:]] if name[-2:] in ('_r', '_l') else name
        )
        expected = flip[:, None] * found.rotations[:, :, names.index(other)] * flip
        torch.testing.assert_close(mirrored.rotations[:, :, row], expected, atol=1e-4, rtol=0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), spread_m=st.floats(0.0, 100.0))
def test_output_is_within_limits_for_any_markers(model, seed, spread_m):
    with torch.no_grad():
        estimate = model(random_evidence(seed=seed, spread_m=spread_m))
    assert outputs(estimate).isfinite().all()
    assert (estimate.angles_rad >= model.lower).all()
    assert (estimate.angles_rad <= model.upper).all()
    assert ((estimate.factors - 1).abs() <= SMALL.scale_amplitude).all()
    rotations = estimate.pelvis_rotations
    eye = torch.eye(3).expand_as(rotations)
    torch.testing.assert_close(rotations.mT @ rotations, eye, atol=1e-3, rtol=0)


@torch.no_grad()
def test_the_future_does_not_change_the_past(model):
    evidence = random_evidence()
    later = evidence.positions_m.clone()
    later[:, 4:] += 1.0
    before, after = model(evidence), model(replace(evidence, positions_m=later))
    torch.testing.assert_close(outputs(before)[:, :4], outputs(after)[:, :4])
    assert not torch.allclose(outputs(before)[:, 4:], outputs(after)[:, 4:])


@torch.no_grad()
def test_where_a_missing_marker_is_does_not_matter(model):
    evidence = random_evidence()
    moved = evidence.positions_m + 5.0 * (evidence.weights == 0)[..., None]
    expected = outputs(model(evidence))
    torch.testing.assert_close(outputs(model(replace(evidence, positions_m=moved))), expected)


@torch.no_grad()
def test_only_differences_of_time_count(model):
    evidence = random_evidence()
    shifted = model(replace(evidence, times_s=evidence.times_s + 40.0))
    torch.testing.assert_close(outputs(shifted), outputs(model(evidence)), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_moving_the_person_moves_the_pelvis_alone(model):
    evidence, shift_m = random_evidence(), torch.tensor([1.0, -2.0, 3.0])
    moved = replace(
        evidence,
        positions_m=evidence.positions_m + shift_m,
        keypoints_m=evidence.keypoints_m + shift_m,
    )
    before, after = model(evidence), model(moved)
    torch.testing.assert_close(after.angles_rad, before.angles_rad, atol=1e-3, rtol=0)
    known = model.encoder.axes(evidence.positions_m, evidence.weights).is_known[..., 3] > 0
    assert known.any()
    torch.testing.assert_close(
        after.pelvis_positions_m[known],
        before.pelvis_positions_m[known] + shift_m,
        atol=1e-3,
        rtol=0,
    )


@torch.no_grad()
def test_batch_equals_single(model):
    evidence = random_evidence(batch=3)
    together = outputs(model(evidence))
    for row in range(3):
        alone = Evidence(**{name: value[row : row + 1] for name, value in vars(evidence).items()})
        torch.testing.assert_close(outputs(model(alone))[0], together[row], atol=1e-4, rtol=1e-4)


def test_gradients_are_finite_where_the_pelvis_is_missing(model):
    evidence = random_evidence()
    weights = evidence.weights.clone()
    weights[:, :3] = 0
    outputs(model(replace(evidence, weights=weights))).square().mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    model.zero_grad()


def test_zero_is_no_turn():
    torch.testing.assert_close(rotation_from_6d(torch.zeros(2, 6)), torch.eye(3).repeat(2, 1, 1))


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match='heads must divide frame_size, got 5 and 192'):
        NeurikConfig(heads=5)
    with pytest.raises(ValueError, match='window_frames and window_s must be positive'):
        NeurikConfig(window_frames=0)
