from dataclasses import replace

import numpy as np
import torch

from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame
from biopose_ros.person.motion import PersonMotion
from biopose_ros.records import (
    BodySize,
    Crop,
    Markers,
    PersonCrop,
    PersonEstimate,
    SkeletonFit,
    TrackingState,
)
from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.limits import widest_stddev

SKELETON = load_skeleton()
CAMERA = guess_camera(1280, 720)
CROP = PersonCrop(
    1, TrackingState.TRACKED, np.array([600.0, 100, 700, 600]), 1.0, np.full((33, 2), 300.0),
    np.ones(33), np.zeros((33, 3)), Crop(np.array([650.0, 350.0]), 600.0, 0.0),
)  # fmt: skip


def standing(stddev_rad):
    count = len(SKELETON.coordinate_names)
    coordinates = np.zeros(count)
    coordinates[SKELETON.coordinate_index('pelvis_tx')] = -4.0
    markers = Markers(('C7',), np.zeros((1, 3)), np.ones(1))
    solution = SkeletonFit(coordinates, np.full(count, stddev_rad), markers)
    segments = len(SKELETON.segment_names)
    size = BodySize(np.ones((segments, 3)), np.full(segments, 0.05), 1.7, 0.09)
    return PersonEstimate(solution, size)


def test_widest_is_the_spread_of_a_uniform_distribution_over_the_limits():
    knee = SKELETON.coordinate_index('knee_angle_r')
    low, high = SKELETON.lower_limits[knee].item(), SKELETON.upper_limits[knee].item()
    draws = torch.rand(200_000, generator=torch.Generator().manual_seed(0)) * (high - low)
    np.testing.assert_allclose(widest_stddev(SKELETON)[knee], draws.std().item(), rtol=0.01)
    assert np.isinf(widest_stddev(SKELETON)[SKELETON.coordinate_index('pelvis_tx')])
    turn = widest_stddev(SKELETON)[SKELETON.coordinate_index('pelvis_rotation')]
    np.testing.assert_allclose(turn, np.pi / np.sqrt(3))


def test_whoever_is_out_of_sight_is_uncertain_within_the_limits_of_the_joints():
    motion = PersonMotion(SKELETON, 0.5, GroundFrame.of_camera(0.0, 0.0, 0.0))
    for frame in range(10):
        seen = motion.update(CROP, standing(0.1), CAMERA, frame * 33_000_000)
    hidden = motion.update(CROP, None, CAMERA, 297_000_000 + 900_000_000)
    assert seen is not None
    assert hidden is not None
    assert (hidden.stddev >= seen.stddev).all()
    assert (hidden.stddev <= widest_stddev(SKELETON) + 1e-12).all()
    knee = SKELETON.coordinate_index('knee_angle_r')
    assert hidden.stddev[knee] > 2 * seen.stddev[knee]


def test_whose_turn_it_is_not_stays_tracked_and_is_predicted():
    motion = PersonMotion(SKELETON, 0.5, GroundFrame.of_camera(0.0, 0.0, 0.0))
    for frame in range(10):
        seen = motion.update(CROP, standing(0.1), CAMERA, frame * 33_000_000)
    waiting = replace(CROP, is_looked_at=False)
    carried = motion.update(waiting, None, CAMERA, 330_000_000)
    assert seen is not None
    assert carried is not None
    assert carried.state == TrackingState.TRACKED
    assert carried.evidence is None
    np.testing.assert_allclose(carried.coordinates[6:], seen.coordinates[6:], atol=0.02)
    assert (carried.stddev >= 0.98 * seen.stddev).all()


def test_a_distance_that_wavers_by_a_twentieth_does_not_jump():
    motion = PersonMotion(SKELETON, 0.5, GroundFrame.of_camera(0.0, 0.0, 0.0))
    column = SKELETON.coordinate_index('pelvis_tx')
    unread = replace(CROP, keypoint_confidence=np.zeros(33))
    found = []
    for frame in range(60):
        estimate = standing(0.02)
        # Half a second nearer: what one image tells of the distance is off by that.
        estimate.solution.coordinates[column] *= 0.95 if 20 <= frame < 35 else 1.0
        pose = motion.update(unread, estimate, CAMERA, frame * 33_000_000)
        assert pose is not None
        found.append(pose.coordinates[column])
    steps_m = np.abs(np.diff(found))
    assert steps_m.max() < 0.1
    assert 0.02 < np.ptp(found) < 0.2
