import pytest
import torch

from biopose_ros.skeleton import ScalePrior, fit_scales, scale_groups

LOOSE = ScalePrior(1.0, 0.2, 0.2)


@pytest.fixture(scope='module')
def person(skeleton):
    """A tall person with long thighs, in 30 postures."""
    groups = scale_groups(skeleton)
    factors = torch.full((len(groups.names),), 1.05, dtype=torch.float64)
    factors[groups.names.index('femur')] = 1.15
    factors[groups.names.index('pelvis_width')] = 0.95
    generator = torch.Generator().manual_seed(0)
    span = (skeleton.upper_limits - skeleton.lower_limits).clamp(max=6.0)
    middle = (skeleton.upper_limits + skeleton.lower_limits) / 2
    share = torch.rand(30, len(span), generator=generator).double() - 0.5
    poses = middle + span * share * 0.5
    return groups, factors, poses


@pytest.mark.parametrize('prefix', ['bp_', ''])
def test_sizes_and_poses_are_found_together(skeleton, person, prefix):
    groups, factors, poses = person
    names = [name for name in skeleton.marker_names if name.startswith(prefix)]
    scales = groups.expand(factors)
    markers_m = skeleton.marker_positions(poses, scales, names)
    fit = fit_scales(
        skeleton, names, markers_m, initial=skeleton.clamp(poses + 0.1), scale_prior=LOOSE
    )
    assert fit.residual_rms_m < 1e-4
    torch.testing.assert_close(fit.scales, scales, atol=2e-3, rtol=0)
    again_m = skeleton.marker_positions(fit.coordinates, fit.scales, names)
    torch.testing.assert_close(again_m, markers_m, atol=1e-3, rtol=0)


def test_sizes_are_found_without_a_start_and_with_gaps(skeleton, person):
    groups, factors, poses = person
    scales = groups.expand(factors)
    markers_m = skeleton.marker_positions(poses[:8], scales)
    markers_m[0, :5], markers_m[3, 20] = torch.nan, torch.inf
    fit = fit_scales(skeleton, skeleton.marker_names, markers_m, scale_prior=LOOSE)
    torch.testing.assert_close(fit.scales, scales, atol=5e-3, rtol=0)


def test_deviations_cover_the_errors(skeleton, person):
    groups, factors, poses = person
    scales = groups.expand(factors)
    generator = torch.Generator().manual_seed(1)
    markers_m = skeleton.marker_positions(poses, scales)
    markers_m = markers_m + 0.01 * torch.randn(markers_m.shape, generator=generator).double()
    fit = fit_scales(skeleton, skeleton.marker_names, markers_m, initial=poses, scale_prior=LOOSE)
    assert ((fit.scales - scales).abs() / fit.stddev).max() < 4
    assert fit.stddev.max() < 0.05
    assert fit.residual_rms_m == pytest.approx(0.01 * 3**0.5, rel=0.1)


def test_both_sides_share_a_size(skeleton):
    together = scale_groups(skeleton)
    assert 'femur' in together.names
    rows = together.members[[skeleton.segment_index(f'calcn_{side}') for side in 'rl']]
    assert torch.equal(rows[0], rows[1])
    assert (together.members.sum(-1) == 1).all()


def test_unseen_segments_keep_the_expected_size(skeleton, person):
    _, _, poses = person
    names = ['R_HJC', 'r_knee', 'r_mknee', 'r_ankle', 'r.ASIS', 'L.ASIS', 'r.PSIS', 'L.PSIS']
    markers_m = skeleton.marker_positions(poses, None, names) * 1.1
    prior = ScalePrior(1.1, 0.01, 0.03)
    fit = fit_scales(skeleton, names, markers_m, initial=poses, scale_prior=prior)
    head = skeleton.segment_index('head')
    assert fit.scales[head].tolist() == pytest.approx([1.1] * 3, abs=0.01)
    assert fit.stddev[head].tolist() == pytest.approx([0.03] * 3, abs=0.01)


def test_one_frame_alone_is_not_a_window(skeleton):
    with pytest.raises(ValueError, match=r'expected \[frames, markers, 3\], got \[1, 3\]'):
        fit_scales(skeleton, ['C7'], torch.zeros(1, 3))
