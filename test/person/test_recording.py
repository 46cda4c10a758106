from dataclasses import replace

import numpy as np
import pytest
import torch
from person_poses import NO_MARKERS, person_pose

from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame
from biopose_ros.person import recording as recordings
from biopose_ros.person.recording import RecordedImage, RecordingSmoother
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.records import ImageEvidence, SeenKeypoints, SkeletonFit, TrackingState

CAMERA = guess_camera(1280, 720)
# As if nobody knew that it is level: these persons keep no balance.
GROUND = replace(GroundFrame.of_camera(0.2, 0.0, 1.5), is_level=False)
FRAMES, FRAME_S = 90, 1 / 30
STDDEV, DISTANCE_SHARE = np.radians(2.0), 0.09 / 1.7


def smooth_recording(images, skeleton, grounds=None):
    smoother = RecordingSmoother(skeleton, CAMERA, 0.5)
    given = zip(images, grounds or [GROUND] * len(images), strict=True)
    return [done for one in given for done in smoother.add(*one)] + smoother.finish()


def evidence_of(skeleton, coordinates):
    """Measured coordinates, and no keypoints."""
    count = SkeletonPoints(skeleton, GROUND).count
    stddev = np.where(skeleton.is_rotation, STDDEV, 0.02)
    fit = SkeletonFit(coordinates, stddev, NO_MARKERS)
    unseen = SeenKeypoints(
        np.full((count, 2), np.nan), np.full(count, 0.02), np.zeros(count, dtype=bool)
    )
    return ImageEvidence(fit, unseen)


def pose_of(skeleton, track_id, coordinates, state=TrackingState.TRACKED):
    stddev = np.full(len(coordinates), STDDEV)
    stddev[3:6] = 0.3  # mostly the unknown size
    is_seen = state is not TrackingState.OCCLUDED
    return person_pose(
        coordinates,
        len(skeleton.segment_names),
        track_id=track_id,
        state=state,
        stddev=stddev,
        stature_stddev_m=0.09,
        evidence=evidence_of(skeleton, coordinates) if is_seen else None,
    )


@pytest.fixture(scope='module')
def recording(skeleton):
    """One person bends the knee; another, who stands, is there for the middle third."""
    random = np.random.default_rng(0)
    times_s = np.arange(FRAMES) * FRAME_S
    truth = np.tile(skeleton.default_coordinates.numpy(), (FRAMES, 1))
    truth[:, 3] = -4.0
    truth[:, skeleton.coordinate_index('knee_angle_r')] = 1 - 0.8 * np.cos(2 * np.pi * times_s)
    noisy = truth + 0.3 * STDDEV * random.normal(size=truth.shape)
    images = []
    for row, time_s in enumerate(times_s):
        hidden = 40 <= row < 46
        state = TrackingState.OCCLUDED if hidden else TrackingState.TRACKED
        poses = [pose_of(skeleton, 1, truth[0] if hidden else noisy[row], state)]
        if 30 <= row < 60:
            poses.append(pose_of(skeleton, 2, truth[0].copy()))
        images.append(RecordedImage(time_s, poses))
    return truth, images


@pytest.fixture(scope='module')
def smoothed(recording, skeleton):
    return smooth_recording(recording[1], skeleton)


def knees(skeleton, images):
    knee = skeleton.coordinate_index('knee_angle_r')
    return np.array([image.poses[0].coordinates[knee] for image in images])


def test_noise_is_smoothed_and_hidden_images_are_bridged(recording, smoothed, skeleton):
    truth, images = recording
    true_knee = truth[:, skeleton.coordinate_index('knee_angle_r')]
    seen = np.r_[0:40, 46:FRAMES]
    before = knees(skeleton, images) - true_knee
    after = knees(skeleton, smoothed) - true_knee
    assert after[seen].std() < 0.8 * before[seen].std()
    assert np.abs(after[40:46]).max() < 0.1 < np.abs(before[40:46]).max()


def test_predicted_images_go_on_with_the_same_turns(skeleton):
    """The live estimate has counted a turn that the smoothed one has not seen."""
    turned = skeleton.default_coordinates.numpy().copy()
    rotation = skeleton.coordinate_index('pelvis_rotation')
    turned[rotation] = 0.3
    images = [RecordedImage(row * FRAME_S, [pose_of(skeleton, 1, turned)]) for row in range(10)]
    predicted = turned.copy()
    predicted[rotation] += 2.0 * np.pi + 0.1
    last = pose_of(skeleton, 1, predicted, TrackingState.OCCLUDED)
    images.append(RecordedImage(10 * FRAME_S, [last]))
    found = smooth_recording(images, skeleton)[-1].poses[0]
    np.testing.assert_allclose(found.coordinates[rotation], 0.4, atol=1e-6)
    np.testing.assert_allclose(found.coordinates[6:], predicted[6:])


def test_gravity_counts_until_the_camera_is_seen_to_move(skeleton):
    leaning = skeleton.default_coordinates.numpy().copy()
    leaning[3] = -4.0
    tilt = skeleton.coordinate_index('pelvis_tilt')
    leaning[tilt] = 0.2
    images = [RecordedImage(row * FRAME_S, [pose_of(skeleton, 1, leaning)]) for row in range(60)]
    level = replace(GROUND, is_level=True)
    upright, moved, never = (
        smooth_recording(images, skeleton, grounds)[-1].poses[0].coordinates[tilt]
        for grounds in ([level] * 60, [level] * 2 + [GROUND] * 58, [GROUND] * 60)
    )
    assert upright < 0.19
    assert never == pytest.approx(0.2, abs=1e-4)
    assert abs(never - moved) < 0.2 * (never - upright)


def test_images_persons_and_states_stay(recording, smoothed):
    for old, new in zip(recording[1], smoothed, strict=True):
        assert new.time_s == old.time_s
        assert [(p.track_id, p.state) for p in new.poses] == [
            (p.track_id, p.state) for p in old.poses
        ]


def test_persons_do_not_mix(recording, smoothed, skeleton):
    for old, new in zip(recording[1][30:60], smoothed[30:60], strict=True):
        np.testing.assert_allclose(new.poses[1].coordinates, old.poses[1].coordinates, atol=1e-6)
        np.testing.assert_allclose(new.poses[1].velocities, 0.0, atol=1e-5)


def test_segments_follow_the_coordinates(smoothed, skeleton):
    pose = smoothed[20].poses[0]
    frames = skeleton.forward_kinematics(torch.from_numpy(pose.coordinates))
    np.testing.assert_allclose(
        pose.segment_positions_m, GROUND.to_camera(frames.positions_m.numpy())
    )
    np.testing.assert_allclose(
        pose.segment_rotations, GROUND.camera_from_ground @ frames.rotations.numpy()
    )


def test_the_unknown_distance_is_not_smoothed_away(recording, smoothed, skeleton):
    """All images share it, so that averaging them does not help."""
    pose = smoothed[20].poses[0]
    distance_m = np.linalg.norm(GROUND.to_camera(pose.coordinates[3:6]))
    size_error_m = distance_m * DISTANCE_SHARE
    assert np.linalg.norm(pose.stddev[3:6]) > size_error_m
    assert (pose.stddev[6:] <= STDDEV * 1.3).all()


def test_velocities_are_those_of_the_movement(recording, smoothed, skeleton):
    knee = skeleton.coordinate_index('knee_angle_r')
    found = np.array([image.poses[0].velocities[knee] for image in smoothed])
    expected = np.gradient(recording[0][:, knee], FRAME_S)
    assert np.corrcoef(found[5:-5], expected[5:-5])[0, 1] > 0.98


def test_a_track_that_ends_hidden_keeps_its_predictions(recording, skeleton):
    images = list(recording[1][:40])
    last = images[-1].poses[0]
    hidden = replace(last, state=TrackingState.OCCLUDED, evidence=None)
    images[-1] = replace(images[-1], poses=[hidden])
    assert smooth_recording(images, skeleton)[-1].poses[0] is hidden


def test_block_by_block_is_the_whole_recording(recording, smoothed, skeleton, monkeypatch):
    monkeypatch.setattr(recordings, '_BLOCK_IMAGES', 7)
    monkeypatch.setattr(recordings, '_AHEAD_IMAGES', 30)
    for one, other in zip(smooth_recording(recording[1], skeleton), smoothed, strict=True):
        assert one.time_s == other.time_s
        for pose, expected in zip(one.poses, other.poses, strict=True):
            np.testing.assert_allclose(pose.coordinates, expected.coordinates, atol=2e-3)


def test_an_empty_recording_stays_empty(skeleton):
    images = [RecordedImage(0.1, []), RecordedImage(0.2, [])]
    assert smooth_recording(images, skeleton) == images


def test_time_must_go_on(recording, skeleton):
    images = [recording[1][1], recording[1][0]]
    with pytest.raises(ValueError, match='times must increase'):
        smooth_recording(images, skeleton)
