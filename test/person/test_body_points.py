"""Points, velocities and covariances against the skeleton's own kinematics and random draws."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from person_poses import person_pose

from biopose_ros.frames import CAMERA_FROM_GROUND, ground_to_camera
from biopose_ros.person.body_points import body_points
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()


def pose_at(coordinates, scales, **changes):
    frames = SKELETON.forward_kinematics(torch.from_numpy(coordinates), torch.from_numpy(scales))
    values = {
        'scales': scales,
        'segment_rotations': CAMERA_FROM_GROUND @ frames.rotations.numpy(),
        'segment_positions_m': ground_to_camera(frames.positions_m.numpy()),
    }
    return person_pose(coordinates, len(scales), **(values | changes))


@pytest.fixture
def standing():
    rng = np.random.default_rng(1)
    coordinates = SKELETON.default_coordinates.numpy() + rng.normal(0, 0.2, 40)
    coordinates[SKELETON.coordinate_index('pelvis_tx')] = -3.0
    return pose_at(coordinates, rng.uniform(0.95, 1.05, (21, 3)))


def test_points_lie_on_their_segments_and_sides_mirror(standing):
    points = body_points(standing, SKELETON)
    at = dict(zip(points.names, points.positions_m, strict=True))
    for name, segment in (('left_elbow', 'ulna_l'), ('right_knee', 'tibia_r')):
        joint_m = standing.segment_positions_m[SKELETON.segment_index(segment)]
        assert np.linalg.norm(at[name] - joint_m) < 0.03
    neutral = pose_at(SKELETON.default_coordinates.numpy(), np.ones((21, 3)))
    at = dict(zip(points.names, body_points(neutral, SKELETON).positions_m, strict=True))
    for name in ('hand', 'wrist', 'elbow', 'shoulder', 'hip', 'knee', 'ankle', 'foot'):
        np.testing.assert_allclose(at[f'right_{name}'] * [-1, 1, 1], at[f'left_{name}'], atol=1e-9)


def test_velocity_is_the_slope_of_the_position(standing):
    rates = np.random.default_rng(2).normal(0, 1, 40)
    moving = replace(standing, velocities=rates)
    later = pose_at(standing.coordinates + 1e-6 * rates, standing.scales)
    step_m = body_points(later, SKELETON).positions_m - body_points(moving, SKELETON).positions_m
    np.testing.assert_allclose(
        body_points(moving, SKELETON).velocities_m_s, step_m / 1e-6, atol=1e-3
    )


def test_covariance_is_that_of_random_draws(standing):
    rng = np.random.default_rng(3)
    stddev = rng.uniform(0.005, 0.02, 40)
    draws = standing.coordinates + rng.normal(size=(4000, 40)) * stddev
    wrist = body_points(standing, SKELETON).names.index('right_wrist')
    marker = SKELETON.marker_positions(
        torch.from_numpy(draws), torch.from_numpy(standing.scales), ['bp_right_wrist']
    )[:, 0].numpy()
    expected = np.cov(ground_to_camera(marker).T)
    certain = body_points(standing, SKELETON).covariances_m2[wrist]
    found = body_points(replace(standing, stddev=stddev), SKELETON).covariances_m2[wrist]
    ratio = np.linalg.eigvals(np.linalg.solve(expected, found - certain)).real
    np.testing.assert_allclose(ratio, 1.0, rtol=0.15)


def test_what_hangs_on_an_unknown_coordinate_is_unknown(standing):
    coordinates = standing.coordinates.copy()
    coordinates[SKELETON.coordinate_index('elbow_flex_r')] = np.nan
    points = body_points(replace(standing, coordinates=coordinates), SKELETON)
    unknown = {
        name for name, at in zip(points.names, points.positions_m, strict=True) if np.isnan(at[0])
    }
    assert unknown == {'right_wrist', 'right_hand'}


def test_another_frame_turns_all_of_it(standing):
    points = body_points(replace(standing, velocities=np.ones(40)), SKELETON)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    other = points.turned(turn, np.array([1.0, 2, 3]))
    np.testing.assert_allclose(other.positions_m[:, 0], 1 - points.positions_m[:, 1])
    np.testing.assert_allclose(other.covariances_m2[:, 0, 0], points.covariances_m2[:, 1, 1])
