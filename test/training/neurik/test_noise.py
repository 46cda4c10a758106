from dataclasses import replace

import torch

from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.neurik.noise import MeshNoise, NoiseLevels
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler
from biopose_ros.virtual_markers.body_parts import HIP_ROWS, MARKER_NAMES

CENTRES = [row for row, name in enumerate(MARKER_NAMES) if name.startswith('bp_')]


def clean_clips(motion, count=32):
    sampler = WindowSampler(motion, load_skeleton(), WindowConfig(frames=12), seed=0)
    evidence, _ = sampler.draw(count, NoiseLevels.uniform(count, 0.0, 0.0, 0.0))
    return evidence.positions_m, evidence.times_s


def disturbed(positions_m, times_s, *levels):
    noise = MeshNoise(torch.Generator().manual_seed(5))
    return noise(positions_m, times_s, NoiseLevels.uniform(len(positions_m), *levels))


def test_no_noise_changes_nothing(motion):
    positions_m, times_s = clean_clips(motion)
    noisy_m, weights = disturbed(positions_m, times_s, 0.0, 0.0, 0.0)
    torch.testing.assert_close(noisy_m, positions_m, atol=1e-5, rtol=0)
    assert (weights == 1).all()


def test_level_one_is_as_wrong_as_published_networks(motion):
    positions_m, times_s = clean_clips(motion)
    noisy_m, _ = disturbed(positions_m, times_s, 1.0, 0.0, 0.0)
    away_m = noisy_m - positions_m
    away_m = away_m - away_m[:, :, HIP_ROWS].mean(2, keepdim=True)
    assert 0.03 < away_m[:, :, CENTRES].norm(dim=-1).mean() < 0.06
    across, depth = away_m[..., 1:].abs().mean(), away_m[..., 0].abs().mean()
    assert depth > 1.2 * across


def test_most_of_the_noise_lasts(motion):
    positions_m, times_s = clean_clips(motion)
    noisy_m, _ = disturbed(positions_m, times_s, 1.0, 0.0, 0.0)
    away_m = noisy_m - positions_m
    assert away_m.diff(dim=1).square().mean() < 0.7 * away_m.square().mean()


def test_missing_markers_have_no_weight_and_swaps_exchange_sides(motion):
    positions_m, times_s = clean_clips(motion)
    _, weights = disturbed(positions_m, times_s, 1.0, 0.5, 0.0)
    assert 0.02 < (weights == 0).float().mean() < 0.6
    swapped_m, _ = disturbed(positions_m, times_s, 0.0, 0.0, 1.0)
    knees = [MARKER_NAMES.index(name) for name in ('r_knee', 'L_knee')]
    moved = (swapped_m - positions_m)[:, :, knees].norm(dim=-1) > 0.02
    assert moved.any()
    assert torch.equal(moved[..., 0], moved[..., 1])


def test_view_share_turns_limbs_about_the_line_of_sight(motion):
    positions_m, times_s = clean_clips(motion)
    levels = NoiseLevels.uniform(len(positions_m), 2.0, 0.0, 0.0)

    def across_m(share):
        shares = torch.full_like(levels.view_share, share)
        noise = MeshNoise(torch.Generator().manual_seed(5))
        noisy_m, _ = noise(positions_m, times_s, replace(levels, view_share=shares))
        return float((noisy_m - positions_m)[..., 1:].abs().mean())

    assert across_m(1.0) > 1.1 * across_m(0.5)


def test_training_sees_noise_of_all_strengths(motion):
    sampler = WindowSampler(motion, load_skeleton(), WindowConfig(frames=2), seed=0)
    levels = sampler._levels(4000, torch.zeros(4000, dtype=torch.bool))
    assert 0.1 < (levels.strength == 0).float().mean() < 0.2
    assert levels.strength.quantile(0.95) > 4
    assert levels.view_share.min() >= 0.5
    assert levels.view_share.max() <= 1
