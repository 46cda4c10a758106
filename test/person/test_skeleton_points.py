from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame, project_through_lens
from biopose_ros.keypoints.landmark_points import LANDMARK_POINTS
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, landmark_index
from biopose_ros.person.motion import build_estimator
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.records import Crop, ForeignPoints, PersonCrop, TrackingState
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()
GROUND = GroundFrame.of_camera(0.1, 0.05, 1.3)
CAMERA = replace(guess_camera(1280, 720), distortion=np.array([0.1, -0.05, 0.001, -0.002]))
SCALES = np.full((len(SKELETON.segment_names), 3), 1.05)
POINTS = SkeletonPoints(SKELETON, GROUND)


def walking():
    """Coordinates of a person in mid-step, four metres before the camera."""
    coordinates = SKELETON.default_coordinates.numpy().copy()
    pose = {'pelvis_tx': -4.0, 'pelvis_ty': 0.95, 'hip_flexion_r': 0.6, 'knee_angle_r': 0.8}
    for name, value in {**pose, 'pelvis_rotation': 0.5, 'elbow_flex_l': 0.7}.items():
        coordinates[SKELETON.coordinate_index(name)] = value
    return coordinates


def crop_of(keypoints_px, confidence=1.0, foreign=None):
    return PersonCrop(
        1, TrackingState.TRACKED, np.zeros(4), 1.0, keypoints_px, np.full(33, confidence),
        np.zeros((33, 3)), Crop(np.array([640.0, 360.0]), 700.0, 0.0), foreign=foreign,
    )  # fmt: skip


def seen_from(coordinates):
    """Keypoints of a detector without errors, by OpenCV's lens."""
    nothing = POINTS.seen(crop_of(np.full((33, 2), 300.0)), CAMERA)
    evidence = POINTS.evidence(nothing, SCALES)
    places_m = evidence.markers.positions(torch.from_numpy(coordinates), torch.from_numpy(SCALES))
    px = np.full((33, 2), 300.0)
    rows = [LANDMARK_NAMES.index(name) for name in LANDMARK_POINTS]
    px[rows] = project_through_lens(GROUND.to_camera(places_m.numpy()), CAMERA)[: POINTS.count]
    return px


def test_a_true_pose_leaves_no_residual_through_the_lens():
    coordinates = walking()
    seen = POINTS.seen(crop_of(seen_from(coordinates)), CAMERA)
    view = POINTS.evidence(seen, SCALES).compare(coordinates, np.inf)
    assert np.isfinite(view.residual).all()
    np.testing.assert_allclose(view.residual, 0.0, atol=1e-6)
    undone = cv2.undistortPoints(
        seen_from(coordinates)[:, None], CAMERA.intrinsics_px, CAMERA.distortion
    )[[LANDMARK_NAMES.index(name) for name in LANDMARK_POINTS], 0]
    np.testing.assert_allclose(seen.rays, undone, atol=1e-9)


def test_slopes_are_those_of_finite_differences():
    coordinates, step = walking(), 1e-6
    evidence = POINTS.evidence(POINTS.seen(crop_of(seen_from(coordinates)), CAMERA), SCALES)
    slopes = evidence.compare(coordinates, np.inf).slopes
    for column in range(len(coordinates)):
        moved = coordinates.copy()
        moved[column] += step
        change = (
            evidence.compare(coordinates, np.inf).residual
            - evidence.compare(moved, np.inf).residual
        )
        np.testing.assert_allclose(slopes[:, :, column], change / step, atol=1e-4)


def test_unsure_and_outside_points_are_not_seen_and_less_sure_ones_count_less():
    px = seen_from(walking())
    px[landmark_index('left_knee')] = [1300.0, 100.0]
    rows = {name: row for row, name in enumerate(LANDMARK_POINTS)}
    sure, unsure = (POINTS.seen(crop_of(px, confidence), CAMERA) for confidence in (1.0, 0.75))
    assert np.isnan(sure.rays[rows['left_knee']]).all()
    assert np.isfinite(sure.rays[rows['right_knee']]).all()
    assert unsure.stddev_m[rows['nose']] == pytest.approx(10**0.5 * sure.stddev_m[rows['nose']])
    assert np.isnan(POINTS.seen(crop_of(px, 0.3), CAMERA).rays).all()


def test_another_detectors_point_lies_where_its_annotators_put_it():
    px = seen_from(walking())
    foreign = ForeignPoints(('right_hip', 'neck'), np.full((2, 2), 400.0), np.array([0.8, 0.9]))
    seen = POINTS.seen(crop_of(px, foreign=foreign), CAMERA)
    row = list(LANDMARK_POINTS).index('right_hip')
    assert np.flatnonzero(seen.is_foreign).tolist() == [row]
    offsets_m = POINTS.evidence(seen, SCALES).markers.offsets_m[row]
    own = POINTS.evidence(replace(seen, is_foreign=np.zeros_like(seen.is_foreign)), SCALES)
    shift_m = own.markers.offsets_m[row] - offsets_m
    np.testing.assert_allclose(shift_m, LANDMARK_POINTS['right_hip'].offset_m, atol=1e-9)


def test_keypoints_correct_measured_angles_that_are_wrong():
    """The image shows the leg; the measured knee is 15 degrees off, as uncertain as it says."""
    truth = walking()
    knee = SKELETON.coordinate_index('knee_angle_r')
    measured, stddev = truth.copy(), np.full(len(truth), 0.15)
    stddev[~SKELETON.is_rotation.numpy()] = 0.03
    measured[knee] += 0.26
    evidence = POINTS.evidence(POINTS.seen(crop_of(seen_from(truth)), CAMERA), SCALES)
    with_points, without = (build_estimator(SKELETON, POINTS.count, 0.5) for _ in range(2))
    for image in range(30):
        found = with_points.update(measured, stddev, image / 30, evidence)
        blind = without.update(measured, stddev, image / 30)
    assert (
        abs(found.positions[knee] - truth[knee]) < 0.12 < 0.2 < blind.positions[knee] - truth[knee]
    )
    assert found.stddev[knee] < 0.8 * blind.stddev[knee]


def test_a_keypoint_far_off_does_not_drag_the_pose():
    truth = walking()
    stddev = np.where(SKELETON.is_rotation, 0.1, 0.03)
    px = seen_from(truth)
    px[landmark_index('right_wrist')] += [-150.0, -100.0]
    evidence = POINTS.evidence(POINTS.seen(crop_of(px), CAMERA), SCALES)
    estimator = build_estimator(SKELETON, POINTS.count, 0.5)
    for image in range(10):
        found = estimator.update(truth, stddev, image / 30, evidence)
    assert np.abs(found.positions - truth)[SKELETON.is_rotation].max() < 0.15
