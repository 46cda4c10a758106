"""Confidence falls with what speaks against a pose, certainty with what is unseen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from person_poses import person_pose

from biopose_ros.files.camera import guess_camera
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.person.certainty import FEATURES, Certainty, CertaintyModel, Spread
from biopose_ros.person.evidence import (
    ORIGINS,
    folded_up,
    seen_coordinates,
    seen_parts,
    turned_over,
    uprightness,
)
from biopose_ros.records import (
    ImageEvidence,
    Markers,
    SeenKeypoints,
    SkeletonFit,
    TrackingState,
)
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()
NAMES = SKELETON.coordinate_names
CAMERA = guess_camera(640, 480)
KNEE = NAMES.index('knee_angle_r')


def standing_pose():
    """A person whose keypoints lie where the skeleton's joints are seen, 3 m away."""
    rest = SKELETON.forward_kinematics(SKELETON.default_coordinates[None])
    positions_m = rest.positions_m[0].numpy() * [1, -1, -1] + [0.0, 0.1, 3.0]
    seen_px = positions_m[:, :2] / positions_m[:, 2:] * CAMERA.intrinsics_px[0, 0] + [320, 240]
    keypoints_px = np.tile(seen_px[SKELETON.segment_index('torso')], (33, 1))
    for segment, joint in ORIGINS.items():
        for side, name in (('r', 'right'), ('l', 'left')):
            row = SKELETON.segment_index(f'{segment}_{side}')
            keypoints_px[landmark_index(f'{name}_{joint}')] = seen_px[row]
    count, segments = len(NAMES), len(SKELETON.segment_names)
    return person_pose(
        np.zeros(count),
        segments,
        stddev=np.full(count, np.radians(5.0)),
        segment_positions_m=positions_m,
        stature_stddev_m=0.09,
        box_xyxy_px=np.array([200.0, 50, 440, 460]),
        keypoints_px=keypoints_px,
        keypoint_confidence=np.ones(33),
        evidence=ImageEvidence(
            SkeletonFit(
                np.zeros(count), np.ones(count), Markers((), np.zeros((0, 3)), np.zeros(0))
            ),
            SeenKeypoints(np.zeros((0, 2)), np.zeros(0), np.zeros(0, bool)),
        ),
    )


@pytest.fixture(scope='module')
def certainty():
    return Certainty(SKELETON, CertaintyModel.load())


def test_a_well_seen_person_is_sure_and_a_hidden_one_is_not(certainty):
    pose = standing_pose()
    sure = certainty.judge(pose, CAMERA).confidence
    assert sure > 0.6  # the shipped model gives nobody more than 0.8
    away = replace(pose, keypoint_confidence=np.full(33, 0.1))
    beside = replace(pose, keypoints_px=pose.keypoints_px + 60.0)
    vague = replace(pose, stddev=4 * pose.stddev)
    upside_down = replace(pose, keypoints_px=480.0 - pose.keypoints_px)
    waiting = replace(pose, evidence=None)  # tracked, while others have their turn
    for doubtful in (away, beside, vague, upside_down, waiting):
        assert certainty.judge(doubtful, CAMERA).confidence < sure


def test_what_the_image_cuts_is_less_known(certainty):
    pose = standing_pose()
    whole = certainty.judge(pose, CAMERA)
    knees_px = pose.keypoints_px[landmark_index('right_knee'), 1]
    cut = certainty.judge(pose, replace(CAMERA, height_px=int(knees_px) - 20))
    assert cut.stddev[KNEE] > whole.stddev[KNEE]
    elbow = NAMES.index('elbow_flex_r')
    assert cut.stddev[elbow] == pytest.approx(whole.stddev[elbow])


def test_the_distance_of_a_doubtful_body_is_doubtful(certainty):
    pose = standing_pose()
    hidden = replace(pose, keypoint_confidence=np.full(33, 0.1))
    place = [NAMES.index(f'pelvis_t{axis}') for axis in 'xyz']
    sure, unsure = (certainty.judge(one, CAMERA) for one in (pose, hidden))
    away_m = np.linalg.norm(pose.segment_positions_m[0])
    assert sure.confidence > 0.6
    assert np.linalg.norm(sure.stddev[place]) < 0.1 * away_m
    assert unsure.confidence < 0.1
    assert np.linalg.norm(unsure.stddev[place]) > 0.2 * away_m
    smoothed = certainty.deviations(replace(hidden, confidence=unsure.confidence), CAMERA)
    np.testing.assert_allclose(smoothed.stddev, unsure.stddev)


def test_nothing_is_known_of_a_doubtful_person_on_the_head(certainty):
    pose = standing_pose()
    over = replace(pose, keypoints_px=480.0 - pose.keypoints_px)
    legs_on_the_arms = replace(pose, keypoints_px=pose.keypoints_px.copy())
    ankles = [landmark_index(f'{side}_ankle') for side in ('left', 'right')]
    legs_on_the_arms.keypoints_px[ankles] = [320.0, 10.0]
    width = float(SKELETON.upper_limits[KNEE] - SKELETON.lower_limits[KNEE])
    assert certainty.judge(legs_on_the_arms, CAMERA).confidence < 0.1  # though all is seen
    for wrong in (over, legs_on_the_arms):
        hidden = replace(wrong, keypoint_confidence=np.full(33, 0.1))
        judged = certainty.judge(hidden, CAMERA)
        assert judged.confidence < 0.1
        assert judged.stddev[KNEE] > 0.85 * width / np.sqrt(12)
        smoothed = certainty.deviations(replace(hidden, confidence=judged.confidence), CAMERA)
        np.testing.assert_allclose(smoothed.stddev, judged.stddev)


def test_without_a_model_poses_stay_as_they_are():
    pose = standing_pose()
    assert Certainty(SKELETON, None).judge(pose, CAMERA) is pose


def test_a_lost_person_is_not_judged(certainty):
    lost = replace(standing_pose(), state=TrackingState.LOST, confidence=0.0)
    assert certainty.judge(lost, CAMERA) is lost


@given(st.floats(0.001, 2.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.booleans())
def test_standard_deviations_grow_with_what_is_unseen(stated, seen, more, is_place):
    spread = Spread(gain=0.8, floor=0.05, hidden=0.4)
    low, high = sorted((seen, more))
    wide, narrow = (
        float(spread.apply(np.array(stated), np.array(share), is_place)) for share in (low, high)
    )
    assert wide >= narrow >= 0.8 * stated * (1 - 1e-9)


def test_a_coordinate_is_never_wider_than_its_limits(certainty):
    pose = replace(standing_pose(), stddev=np.full(len(NAMES), 50.0))
    judged = certainty.judge(pose, CAMERA)
    width = SKELETON.upper_limits[KNEE] - SKELETON.lower_limits[KNEE]
    assert judged.stddev[KNEE] <= float(width) / np.sqrt(12) + 1e-9


def test_a_model_of_another_release_is_refused(tmp_path):
    path = tmp_path / 'certainty.json'
    model = CertaintyModel.load()
    model.save(path, 'a test')
    loaded = CertaintyModel.load(path)
    assert loaded.weights == model.weights
    path.write_text(path.read_text().replace(FEATURES[0], 'taste'))
    with pytest.raises(ValueError, match='another release'):
        CertaintyModel.load(path)


def test_parts_are_seen_only_inside_the_image():
    pose = standing_pose()
    size = np.array([640.0, 480.0])
    parts = seen_parts(pose.keypoints_px, pose.keypoint_confidence, size)
    assert parts['leg_r'] == 1.0
    shifted = pose.keypoints_px + [0.0, 480.0 - pose.keypoints_px[landmark_index('right_knee'), 1]]
    cut = seen_parts(shifted, pose.keypoint_confidence, size)
    assert cut['leg_r'] == pytest.approx(1 / 3)  # the hip alone
    assert cut['arm_r'] == 1.0
    assert seen_coordinates(NAMES, cut)[KNEE] == pytest.approx(1 / 3)


def test_upright_is_one_and_upside_down_minus_one():
    pose = standing_pose()
    assert uprightness(pose.keypoints_px) == pytest.approx(1.0, abs=0.01)
    assert uprightness(-pose.keypoints_px) == pytest.approx(-1.0, abs=0.01)
    assert turned_over(pose.keypoints_px) == 0.0
    assert turned_over(-pose.keypoints_px) == pytest.approx(1.0, abs=0.01)
    assert turned_over(pose.keypoints_px[:, ::-1]) < 0.5  # lying
    for upright in (pose.keypoints_px, -pose.keypoints_px, pose.keypoints_px[:, ::-1]):
        assert folded_up(upright) < 0.1
