import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.skeleton import (
    PosePrior,
    SolverConfig,
    initial_pose,
    load_skeleton,
    solve_pose,
)
from biopose_ros.skeleton.initial_pose import align
from biopose_ros.skeleton.limits import range_width, wrap


@pytest.fixture(scope='module')
def blazepose(skeleton):
    return [name for name in skeleton.marker_names if name.startswith('bp_')]


def within_limits(skeleton, coordinates):
    return bool(
        ((coordinates >= skeleton.lower_limits) & (coordinates <= skeleton.upper_limits)).all()
    )


def test_it_finds_poses_from_markers_alone(skeleton, draw_poses):
    poses = draw_poses(skeleton, 8, share=0.6)
    markers_m = skeleton.marker_positions(poses)
    found = solve_pose(skeleton, skeleton.marker_names, markers_m)
    assert found.residual_rms_m.max() < 1e-6
    assert within_limits(skeleton, found.coordinates)
    torch.testing.assert_close(
        skeleton.marker_positions(found.coordinates), markers_m, atol=1e-5, rtol=0
    )


@settings(max_examples=15)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.floats(0, 3.14))
def test_any_attitude_of_the_body_is_a_good_start(axis, angle):
    skeleton = load_skeleton()
    axis = np.array(axis) + [1e-3, 0, 0]
    rotation = Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle).as_matrix()
    rest_m = skeleton.marker_positions(skeleton.default_coordinates)
    turned_m = rest_m @ torch.from_numpy(rotation).mT + torch.tensor([3.0, -1.0, 5.0]).double()
    start = initial_pose(skeleton, skeleton.marker_names, turned_m)
    torch.testing.assert_close(skeleton.marker_positions(start), turned_m, atol=1e-6, rtol=0)


def test_the_root_of_the_reference_is_placed_too(reference_skeleton, draw_poses):
    pose = reference_skeleton.default_coordinates.clone()
    pose[:6] = draw_poses(reference_skeleton, 1)[0, :6]
    markers_m = reference_skeleton.marker_positions(pose)
    start = initial_pose(reference_skeleton, reference_skeleton.marker_names, markers_m)
    torch.testing.assert_close(reference_skeleton.marker_positions(start), markers_m)


def test_warm_starts_need_few_iterations(skeleton, blazepose, draw_poses):
    poses = draw_poses(skeleton, 16, share=0.6)
    near = skeleton.clamp(poses + 0.1)
    markers_m = skeleton.marker_positions(poses, names=blazepose)
    config = SolverConfig(max_iterations=5)
    found = solve_pose(skeleton, blazepose, markers_m, initial=near, config=config)
    assert found.iterations <= 5
    assert found.residual_rms_m.max() < 2e-3


def test_limits_are_kept_exactly_when_markers_ask_for_more(skeleton, draw_poses):
    poses = draw_poses(skeleton, 20, share=1.6)  # far outside
    markers_m = skeleton.marker_positions(poses)
    found = solve_pose(skeleton, skeleton.marker_names, markers_m)
    assert within_limits(skeleton, found.coordinates)
    at_limit = (found.coordinates == skeleton.lower_limits) | (
        found.coordinates == skeleton.upper_limits
    )
    assert at_limit.any()


def test_a_knee_bent_backward_stays_straight(skeleton):
    pose = skeleton.default_coordinates.clone()
    knee = skeleton.coordinate_index('knee_angle_r')
    pose[knee] = -0.3
    markers_m = skeleton.marker_positions(pose)
    start = skeleton.default_coordinates
    found = solve_pose(skeleton, skeleton.marker_names, markers_m, initial=start)
    assert found.coordinates[knee] == 0


def test_missing_markers_are_ignored(skeleton, blazepose, draw_poses):
    poses = draw_poses(skeleton, 5, share=0.5)
    markers_m = skeleton.marker_positions(poses, names=blazepose)
    holes_m, weights = markers_m.clone(), torch.ones(len(blazepose))
    holes_m[0, 3], holes_m[1, 20, 1], holes_m[2, 7, 0] = torch.nan, torch.inf, torch.nan
    holes_m[:, 12], weights[12] = 77.0, 0.0
    found = solve_pose(skeleton, blazepose, holes_m, weights=weights, initial=poses + 0.05)
    assert found.residual_rms_m.max() < 1e-3
    again_m = skeleton.marker_positions(found.coordinates, names=blazepose)
    assert (again_m - markers_m)[:, :12].norm(dim=-1).max() < 0.02


def test_nothing_seen_keeps_the_start_and_knows_nothing(skeleton, blazepose):
    markers_m = torch.full((len(blazepose), 3), torch.nan)
    start = skeleton.default_coordinates + 0.01
    found = solve_pose(skeleton, blazepose, markers_m, initial=start)
    torch.testing.assert_close(found.coordinates, skeleton.clamp(start).float())
    assert found.residual_rms_m.isnan()
    span = range_width(skeleton).float()
    torch.testing.assert_close(found.stddev, span / 12**0.5, rtol=1e-3, atol=0)
    assert initial_pose(skeleton, blazepose, markers_m).isfinite().all()


def test_a_prior_decides_what_markers_cannot_see(skeleton, draw_poses):
    names = ['bp_right_hip', 'bp_left_hip', 'bp_right_shoulder', 'bp_left_shoulder']
    pose = draw_poses(skeleton, 1, share=0.3)[0]
    markers_m = skeleton.marker_positions(pose, names=names)
    elbow = skeleton.coordinate_index('elbow_flex_r')
    mean, stddev = skeleton.default_coordinates.clone(), torch.full((40,), 0.5).double()
    mean[elbow] = 1.0
    stddev[:6] = torch.inf
    prior = PosePrior(mean, stddev)
    found = solve_pose(skeleton, names, markers_m, prior=prior)
    assert found.coordinates[elbow] == pytest.approx(1.0, abs=1e-3)
    assert 0.4 < found.stddev[elbow] < 0.5  # the range counts as knowledge too


def test_standard_deviations_match_the_scatter(skeleton, draw_poses):
    pose = draw_poses(skeleton, 1, share=0.3)[0]
    generator = torch.Generator().manual_seed(0)
    markers_m = skeleton.marker_positions(pose).expand(200, -1, -1)
    markers_m = markers_m + 0.005 * torch.randn(markers_m.shape, generator=generator).double()
    found = solve_pose(
        skeleton,
        skeleton.marker_names,
        markers_m,
        initial=pose,
        config=SolverConfig(marker_stddev_m=0.005),
    )
    ratio = found.coordinates.std(0) / found.stddev.mean(0)
    assert 0.8 < ratio.median() < 1.2


def test_batches_equal_single_frames(skeleton, blazepose, draw_poses):
    poses = draw_poses(skeleton, 3, share=0.4)
    markers_m = skeleton.marker_positions(poses, names=blazepose) + 0.005
    scales = torch.full((3, len(skeleton.segment_names), 3), 1.02).double()
    together = solve_pose(skeleton, blazepose, markers_m, scales=scales, initial=poses)
    for i in range(3):
        alone = solve_pose(
            skeleton, blazepose, markers_m[i], scales=scales[i], initial=poses[i]
        ).coordinates
        again_m = skeleton.marker_positions(alone, scales[i], blazepose)
        expected_m = skeleton.marker_positions(together.coordinates[i], scales[i], blazepose)
        torch.testing.assert_close(again_m, expected_m, atol=1e-5, rtol=0)


def test_full_turns_wrap_around(skeleton):
    index = skeleton.coordinate_index('pelvis_rotation')
    pose = skeleton.default_coordinates.clone()
    pose[index] = 3.2  # just past half a turn
    markers_m = skeleton.marker_positions(pose)
    start = pose.clone()
    start[index] = 3.0
    found = solve_pose(skeleton, skeleton.marker_names, markers_m, initial=start).coordinates
    assert found[index] == pytest.approx(3.2 - 2 * np.pi, abs=1e-5)
    assert within_limits(skeleton, wrap(skeleton, pose * 50))


@pytest.mark.parametrize('noise_m', [0.0, 0.02])
def test_no_worse_than_opensims_solver(skeleton, noise_m, draw_poses):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel, marker_table

    names, coordinates = skeleton.marker_names, skeleton.coordinate_names
    poses = draw_poses(skeleton, 5, share=0.5)
    generator = torch.Generator().manual_seed(0)
    markers_m = skeleton.marker_positions(poses)
    markers_m = markers_m + noise_m * torch.randn(markers_m.shape, generator=generator).double()
    for pose, target_m in zip(poses, markers_m, strict=True):
        found = solve_pose(skeleton, names, target_m, initial=pose)
        reference = OpenSimModel(skeleton.source)
        table = marker_table(names, target_m[None].numpy())
        solved, _ = reference.track(table, [1.0] * len(names), coordinates, pose.numpy())
        reference.set_pose(coordinates, solved[0])
        reference_m = reference.marker_positions(names)
        reference_rms_m = ((reference_m - target_m.numpy()) ** 2).sum(-1).mean() ** 0.5
        assert found.residual_rms_m <= reference_rms_m + 1e-5


def test_alignment_equals_scipys():
    random = np.random.default_rng(0)
    source, target, weights = random.normal(size=(9, 3)), random.normal(size=(9, 3)), np.ones(9)
    weights[2:5] = 0.3
    rotation, shift = align(*map(torch.from_numpy, (source, target, weights)))
    centre = [np.average(points, axis=0, weights=weights) for points in (source, target)]
    expected, _ = Rotation.align_vectors(target - centre[1], source - centre[0], weights)
    np.testing.assert_allclose(rotation, expected.as_matrix(), atol=1e-9)
    np.testing.assert_allclose(shift, centre[1] - expected.apply(centre[0]), atol=1e-9)


@pytest.mark.parametrize(
    ('shape', 'weights', 'message'),
    [
        ((2, 5, 3), None, r'positions \[..., 33, 3\] for 33 names, got torch.float32 \[2, 5, 3\]'),
        ((33, 3), torch.ones(5), r'expected weights \[..., 33\], got \[5\]'),
    ],
)
def test_wrong_shapes_are_refused(skeleton, blazepose, shape, weights, message):
    with pytest.raises(ValueError, match=message):
        solve_pose(skeleton, blazepose, torch.zeros(shape), weights=weights)


def test_senseless_settings_are_refused():
    with pytest.raises(ValueError, match=r'must be positive, got 0 and 0\.01'):
        SolverConfig(max_iterations=0)
