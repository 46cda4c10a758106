"""The network's properties that hold for any weights."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from biopose_ros.body import load_body
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.keypoint_encoder import KEYPOINT_MARKERS, View
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, rotation_from_6d
from biopose_ros.skeleton import load_skeleton
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES, MIRRORED_MARKERS
from biopose_ros.virtual_markers.part_axes import PartAxes

SMALL = NeurikConfig(node_size=8, frame_size=24, heads=3, layers=2, feedforward_size=24)
MARKERS = len(MARKER_NAMES)
PLACE_M = torch.tensor([-3.0, 0.2, 0.4])


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
        PLACE_M + spread_m * normal(batch, frames, MARKERS, 3),
        (normal(batch, frames, MARKERS) > -1).float(),
        (torch.arange(frames) / 30).expand(batch, frames),
        PLACE_M + 0.4 * normal(batch, frames, 33, 3),
        (normal(batch, frames, 33) > 0).float(),
        normal(batch, frames, SMALL.feature_size),
        (normal(batch, frames) > 0).float(),
    )


def outputs(estimate):
    return torch.cat([value.flatten(2) for value in vars(estimate).values()], -1)


def test_markers_are_those_of_the_table_and_come_in_pairs():
    table = load_markers(load_body().topology)
    assert set(MARKER_NAMES) <= set(table.names)
    assert MIRRORED_MARKERS.keys() == set(MIRRORED_MARKERS.values()) == set(MARKER_NAMES)
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
    swap = [MARKER_NAMES.index(MIRRORED_MARKERS[name]) for name in MARKER_NAMES]
    mirrored = axes(positions_m[:, :, swap] * flip, ones)
    names = [part.name for part in BODY_PARTS]
    for row, name in enumerate(names):
        other = (
            name[:-2] + {'_r': '_l', '_l': '_r'}[name[-2:]] if name[-2:] in ('_r', '_l') else name
        )
        expected = flip[:, None] * found.rotations[:, :, names.index(other)] * flip
        torch.testing.assert_close(mirrored.rotations[:, :, row], expected, atol=1e-4, rtol=0)


@settings(max_examples=15)
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
def test_what_missing_evidence_says_does_not_matter(model):
    evidence = random_evidence()
    moved = replace(
        evidence,
        positions_m=evidence.positions_m + 5.0 * (evidence.weights == 0)[..., None],
        keypoints_m=evidence.keypoints_m + 5.0 * (evidence.keypoint_weights == 0)[..., None],
        features=evidence.features + 5.0 * (evidence.feature_weights == 0)[..., None],
    )
    torch.testing.assert_close(outputs(model(moved)), outputs(model(evidence)))


@torch.no_grad()
def test_only_differences_of_time_count(model):
    evidence = random_evidence()
    shifted = model(replace(evidence, times_s=evidence.times_s + 40.0))
    torch.testing.assert_close(outputs(shifted), outputs(model(evidence)), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_pelvis_follows_its_markers_and_without_them_the_keypoints_of_the_hips(model):
    evidence, shift_m = random_evidence(), torch.tensor([1.0, -2.0, 3.0])
    keypoint_weights = torch.ones_like(evidence.keypoint_weights)
    for weights in (torch.ones_like(evidence.weights), torch.zeros_like(evidence.weights)):
        seen = replace(evidence, weights=weights, keypoint_weights=keypoint_weights)
        moved = replace(
            seen,
            positions_m=seen.positions_m + shift_m,
            keypoints_m=seen.keypoints_m + shift_m,
        )
        before, after = model(seen), model(moved)
        step_m = after.pelvis_positions_m - before.pelvis_positions_m
        # The pelvis lies within a hand's breadth of where its markers say.
        assert (step_m - shift_m).norm(dim=-1).max() < 0.7


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    distance_m=st.floats(2.5, 20.0),
    aside_deg=st.floats(-40, 40),
    above_deg=st.floats(-40, 40),
)
@example(seed=0, distance_m=3.0, aside_deg=0.0, above_deg=0.00016)
def test_a_view_shows_points_as_a_camera_that_looks_at_them(
    seed, distance_m, aside_deg, above_deg
):
    aside, above = (np.radians(angle) for angle in (aside_deg, above_deg))
    origin_m = distance_m * np.array([-1.0, np.tan(above), np.tan(aside)])
    points_m = origin_m + 0.3 * np.random.default_rng(seed).normal(size=(5, 3))
    seen_m, nearer_m = View.of(torch.from_numpy(origin_m)).project(torch.from_numpy(points_m))

    # An OpenCV camera at zero, its z axis towards the origin, its y axis as far down as can be.
    forward = origin_m / np.linalg.norm(origin_m)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    turn = np.stack([right, np.cross(forward, right), forward])
    focal = float(np.linalg.norm(origin_m))
    # Turned here: a half turn, as this nearly is, loses five digits in OpenCV's rotation vectors.
    pixels, _ = cv2.projectPoints(
        points_m @ turn.T, np.zeros(3), np.zeros(3), np.diag([focal, focal, 1.0]), None
    )
    expected = np.stack([-pixels[:, 0, 1], -pixels[:, 0, 0]], -1)
    np.testing.assert_allclose(seen_m.numpy(), expected, atol=1e-6 * focal)
    depths_m = focal - points_m @ forward
    np.testing.assert_allclose(nearer_m[:, 0].numpy(), depths_m, atol=1e-9)


def test_keypoints_stand_at_markers_of_their_own_side():
    from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, MIRROR_INDEX

    names = [MARKER_NAMES[row] for row in KEYPOINT_MARKERS.tolist()]
    assert names[LANDMARK_NAMES.index('left_knee')] == 'bp_left_knee'
    assert [MIRRORED_MARKERS[names[row]] for row in MIRROR_INDEX] == names


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
    with pytest.raises(ValueError, match='heads must divide frame_size, got 7 and 192'):
        NeurikConfig(heads=7)
    with pytest.raises(ValueError, match='window_frames and window_s must be positive'):
        NeurikConfig(window_frames=0)


@torch.no_grad()
def test_without_bounds_outputs_go_beyond_the_limits_and_back():
    torch.manual_seed(0)
    unbounded = Neurik(NeurikConfig(is_bounded=False), load_skeleton()).eval()
    outputs = torch.linspace(-4, 4, unbounded.num_angles)
    angles = unbounded._angles(outputs)
    assert ((angles < unbounded.lower) | (angles > unbounded.upper)).any()
    torch.testing.assert_close(unbounded._outputs_of(angles), outputs)
    # Near the middle of the range both kinds say the same.
    bounded = Neurik(NeurikConfig(), load_skeleton()).eval()
    torch.testing.assert_close(
        bounded._angles(0.01 * outputs), unbounded._angles(0.01 * outputs), atol=1e-3, rtol=0
    )
