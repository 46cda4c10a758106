from dataclasses import replace

import pytest
import torch

from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.neurik.rendered_windows import (
    RenderedConfig,
    RenderedSampler,
    side_by_side,
)
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

PLAIN = RenderedConfig.plain(12)


def windows(rendered, config, count=40, seed=0):
    return RenderedSampler(rendered, load_skeleton(), config, seed).draw(count)


def test_plain_windows_are_what_was_rendered(rendered):
    evidence, truth = windows(rendered, PLAIN)
    # The motion stands for its own markers, 3 m before the camera.
    places_m = rendered.markers_m.flatten(1)
    seen_m = (evidence.positions_m - torch.tensor([-3.0, 0.0, 0.0])).flatten(2)
    for window in range(3):
        away_m = torch.cdist(seen_m[window].double(), places_m.double())
        rows = away_m.argmin(1)
        assert away_m[torch.arange(12), rows].max() < 1e-4
        assert rows.diff().abs().max() <= 1
        torch.testing.assert_close(truth.angles_rad[window], rendered.angles_rad[rows])
    assert (evidence.weights == 1).all()
    assert (evidence.feature_weights == 1).all()
    rates_hz = 1 / evidence.times_s[:, 1]
    assert torch.isin(rates_hz.round(), rendered.rates_hz.float().round()).all()


def test_rates_vary(rendered):
    evidence, _ = windows(rendered, replace(PLAIN, slowest=3))
    fastest = float(rendered.rates_hz.max())
    steps = (evidence.times_s[:, 1] * fastest).round().unique()
    assert {1.0, 2.0, 3.0} <= set(steps.tolist())
    assert (evidence.times_s.diff(dim=1) > 0).all()


def test_a_sequence_of_one_image_stands_still(rendered):
    fields = ('starts', 'rates_hz', 'factors')
    first = {name: getattr(rendered, name)[:1] for name in fields}
    evidence, _ = windows(replace(rendered, **first, lengths=torch.tensor([1])), PLAIN)
    assert (evidence.positions_m.diff(dim=1) == 0).all()


def test_mirrored_windows_exchange_left_and_right_and_have_no_features(rendered):
    plain, truth = windows(rendered, PLAIN)
    mirrored, other = windows(rendered, replace(PLAIN, mirrored=1.0))
    left, right = (MARKER_NAMES.index(f'bp_{side}_knee') for side in ('left', 'right'))
    flip = torch.tensor([1.0, 1.0, -1.0])
    torch.testing.assert_close(
        mirrored.positions_m[:, :, left], plain.positions_m[:, :, right] * flip
    )
    left, right = (landmark_index(f'{side}_wrist') for side in ('left', 'right'))
    torch.testing.assert_close(
        mirrored.keypoints_m[:, :, left], plain.keypoints_m[:, :, right] * flip
    )
    assert (mirrored.feature_weights == 0).all()
    names = load_skeleton().coordinate_names[6:]
    knees = [names.index(f'knee_angle_{side}') for side in 'lr']
    torch.testing.assert_close(other.angles_rad[..., knees], truth.angles_rad[..., knees[::-1]])


@pytest.mark.parametrize(
    ('field', 'weight'),
    [
        ('without_keypoints', 'keypoint_weights'),
        ('without_markers', 'weights'),
        ('without_features', 'feature_weights'),
    ],
)
def test_evidence_is_left_out_by_windows(rendered, field, weight):
    evidence, _ = windows(rendered, replace(PLAIN, **{field: 0.5}))
    is_there = (getattr(evidence, weight).flatten(1) > 0).float().mean(1)
    assert set(is_there.tolist()) == {0.0, 1.0}
    others = {'keypoint_weights', 'weights', 'feature_weights'} - {weight}
    assert all((getattr(evidence, other) > 0).all() for other in others)


def test_lost_frames_have_no_evidence_at_all(rendered):
    evidence, _ = windows(rendered, replace(PLAIN, lost_frames=0.3))
    lost = evidence.feature_weights == 0
    assert 0.15 < lost.float().mean() < 0.45
    assert (evidence.weights[lost] == 0).all()
    assert (evidence.keypoint_weights[lost] == 0).all()


def test_noise_moves_some_windows_only(rendered):
    plain, _ = windows(rendered, PLAIN)
    noisy, _ = windows(rendered, replace(PLAIN, noisy=0.5, strength=0.6, feature_noise=0.05))
    moved_m = (noisy.positions_m - plain.positions_m).norm(dim=-1).flatten(1).mean(1)
    assert 0.2 < (moved_m > 1e-3).float().mean() < 0.8
    assert moved_m.max() < 0.1
    added = noisy.features - plain.features
    assert 0.045 < added.std() < 0.055


def test_batches_are_joined(rendered):
    first, second = windows(rendered, PLAIN, 3), windows(rendered, PLAIN, 5, seed=1)
    evidence, truth = side_by_side(first, second)
    assert len(evidence.times_s) == len(truth.angles_rad) == 8
    torch.testing.assert_close(evidence.positions_m[3:], second[0].positions_m)
