"""Given the true keypoints, our skeleton must tell the true angles: same axes, zeros and signs."""

from pathlib import Path

import numpy as np
import pytest

from biopose_ros.evaluation.angles.multi_view import (
    find_views,
    load_truth,
    pelvis_coordinates,
    projected_keypoints,
)
from biopose_ros.evaluation.angles.video import LANDMARK_OF_KEYPOINT
from biopose_ros.evaluation.metrics import angle_errors_deg, group_errors, without_bias
from biopose_ros.frames import GroundFrame
from biopose_ros.inverse_kinematics.landmark_fit import LandmarkFit
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, landmark_index
from biopose_ros.records import Crop, PersonCrop, TrackingState
from biopose_ros.skeleton import load_skeleton

CLIP = Path(__file__).resolve().parents[4] / 'shared' / 'data' / 'real' / 'pose2sim_blender'
LANDMARKS = LANDMARK_OF_KEYPOINT | {'RBigToe': 'right_foot_index', 'LBigToe': 'left_foot_index'}
STEP = 4  # every fourth row tells as much, four times as fast


@pytest.fixture(scope='module')
def errors_deg():
    if not CLIP.exists():
        pytest.skip(f'needs the clip {CLIP.name}')
    truth, view = load_truth(CLIP), find_views(CLIP)[0]
    camera = view.camera(1080, 1920)
    keypoints_px = projected_keypoints(truth, view, camera)
    rotation, _ = view.camera_from_trc()
    indices = [landmark_index(LANDMARKS[name]) for name in LANDMARKS]
    skeleton = load_skeleton()
    fit = LandmarkFit(skeleton, None)
    estimates = []
    rows = range(0, len(truth.times_s), STEP)
    for row in rows:
        crop = perfect_crop(truth, keypoints_px, rotation, row, indices)
        estimates.append(fit.update(crop, camera).coordinates)
    true = {**truth.coordinates, **pelvis_coordinates(truth, view, GroundFrame())}
    return {
        name: angle_errors_deg(np.array(estimates)[:, index], true[name][::STEP])
        for index, name in enumerate(skeleton.coordinate_names)
        if name in true
    }


def perfect_crop(truth, keypoints_px, rotation, row, indices):
    """What a detector without error would see; landmarks that the truth lacks are not trusted."""
    count = len(LANDMARK_NAMES)
    landmarks_m, pixels, confidence = np.zeros((count, 3)), np.zeros((count, 2)), np.zeros(count)
    hips = (truth.keypoints_m['RHip'][row] + truth.keypoints_m['LHip'][row]) / 2
    for index, name in zip(indices, LANDMARKS, strict=True):
        landmarks_m[index] = rotation @ (truth.keypoints_m[name][row] - hips)
        pixels[index] = keypoints_px[name][row]
        confidence[index] = 1.0
    return PersonCrop(
        track_id=1,
        state=TrackingState.TRACKED,
        box_xyxy_px=np.array([0.0, 0, 1080, 1920]),
        confidence=1.0,
        keypoints_px=pixels,
        keypoint_confidence=confidence,
        landmarks_m=landmarks_m,
        crop=Crop(np.array([540.0, 960.0]), 1920.0, 0.0),
    )


def test_legs_mean_the_same(errors_deg):
    means = group_errors(errors_deg)
    assert means['knee'] < 5
    assert means['hip_flexion'] < 7
    assert means['ankle'] < 8
    assert means['pelvis'] < 8


def test_movement_is_the_same(errors_deg):
    means = group_errors({name: without_bias(errors) for name, errors in errors_deg.items()})
    assert means['legs_and_trunk'] < 6
    assert means['mean'] < 7
