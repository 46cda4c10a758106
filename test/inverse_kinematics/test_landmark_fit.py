"""The landmark fit against OpenSim: its markers, photographed by OpenCV, give the angles back."""

import cv2
import numpy as np
import pytest

from biopose_ros.frames import CAMERA_FROM_GROUND
from biopose_ros.inverse_kinematics.landmark_fit import LandmarkFit
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import Camera, Crop, PersonCrop, TrackingState
from biopose_ros.resources import resource_path
from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.stature import standing_height

CAMERA = Camera(
    1280, 720, np.array([[950.0, 0.0, 640.0], [0.0, 950.0, 360.0], [0.0, 0.0, 1.0]]), np.zeros(0)
)
STANDING_M = {'pelvis_tx': -4.0, 'pelvis_ty': 0.1, 'pelvis_tz': 0.0}
POSTURES_DEG = {
    'walking': {
        'hip_flexion_r': 25,
        'knee_angle_r': 15,
        'hip_flexion_l': -12,
        'knee_angle_l': 35,
        'ankle_angle_l': -10,
        'arm_flex_r': -20,
        'arm_flex_l': 20,
        'elbow_flex_r': 30,
        'elbow_flex_l': 40,
    },
    'squatting': {
        'pelvis_tilt': -15,
        'hip_flexion_r': 75,
        'hip_flexion_l': 75,
        'knee_angle_r': 85,
        'knee_angle_l': 85,
        'ankle_angle_r': 20,
        'ankle_angle_l': 20,
        'arm_flex_r': 60,
        'arm_flex_l': 60,
        'elbow_flex_r': 20,
        'elbow_flex_l': 20,
    },
    'turned': {'pelvis_rotation': 70, 'knee_angle_r': 40, 'hip_flexion_r': 30, 'elbow_flex_l': 50},
}


@pytest.fixture(scope='module')
def opensim_markers():
    """Give a function that places the default model's BlazePose markers with OpenSim, metres."""
    opensim = pytest.importorskip('opensim', reason='needs the opensim wheel')
    opensim.Logger.setLevelString('error')
    model = opensim.Model(str(resource_path('config/skeleton/biopose.osim')))

    def place(values, scale=1.0):
        state = model.initSystem()
        for name, value in values.items():
            model.getCoordinateSet().get(name).setValue(state, value)
        model.realizePosition(state)
        markers = model.getMarkerSet()
        points = [markers.get(f'bp_{n}').getLocationInGround(state) for n in LANDMARK_NAMES]
        centre = np.array([values.get(f'pelvis_t{axis}', 0.0) for axis in 'xyz'])
        return (np.array([[p.get(i) for i in range(3)] for p in points]) - centre) * scale + centre

    return place


def posture(name):
    return {**STANDING_M, **{k: np.radians(v) for k, v in POSTURES_DEG[name].items()}}


def photograph(ground_m, noise_m=0.0, seed=0):
    """Make the detector's record of points in the ground frame."""
    camera_m = ground_m @ CAMERA_FROM_GROUND.T
    pixels, _ = cv2.projectPoints(camera_m, np.zeros(3), np.zeros(3), CAMERA.intrinsics_px, None)
    hips = [LANDMARK_NAMES.index(f'{side}_hip') for side in ('left', 'right')]
    landmarks = camera_m - camera_m[hips].mean(axis=0)
    landmarks = landmarks + np.random.default_rng(seed).normal(0.0, noise_m, landmarks.shape)
    box = np.concatenate([pixels[:, 0].min(axis=0), pixels[:, 0].max(axis=0)])
    crop = Crop(pixels[:, 0].mean(axis=0), 800.0, 0.0)
    return PersonCrop(
        1, TrackingState.TRACKED, box, 1.0, pixels[:, 0], np.full(33, 0.95), landmarks, crop
    )


@pytest.mark.parametrize('name', POSTURES_DEG)
def test_angles_of_a_perfect_detection_are_those_set_in_opensim(name, opensim_markers):
    skeleton = load_skeleton()
    fit = LandmarkFit(skeleton, None)
    crop = photograph(opensim_markers(posture(name)))
    for _ in range(6):
        solution = fit.update(crop, CAMERA)
    for coordinate, value in POSTURES_DEG[name].items():
        found = np.degrees(solution.coordinates[skeleton.coordinate_index(coordinate)])
        # The prior and the size estimate cost a few degrees where landmarks leave a choice.
        assert abs(found - value) < 6.0, f'{coordinate}: {found:.1f}, not {value}'


def test_the_person_stands_where_opensim_put_it(opensim_markers):
    skeleton = load_skeleton()
    solution = LandmarkFit(skeleton, None).update(
        photograph(opensim_markers(posture('walking'))), CAMERA
    )
    found = [solution.coordinates[skeleton.coordinate_index(n)] for n in STANDING_M]
    np.testing.assert_allclose(found, list(STANDING_M.values()), atol=0.06)


@pytest.mark.parametrize('scale', [0.9, 1.1])
def test_the_body_size_is_estimated(scale, opensim_markers):
    fit = LandmarkFit(load_skeleton(), None)
    for _ in range(5):
        fit.update(photograph(opensim_markers(posture('walking'), scale)), CAMERA)
    assert abs(fit.size.stature_m / (1.70 * scale) - 1) < 0.04
    femur = load_skeleton().segment_index('femur_r')
    np.testing.assert_allclose(fit.size.scales[femur], scale, rtol=0.04)


def test_a_given_height_sets_the_distance(opensim_markers):
    skeleton = load_skeleton()
    depths = {}
    for height in (1.5, 1.9):
        fit = LandmarkFit(skeleton, height)
        for _ in range(6):
            solution = fit.update(photograph(opensim_markers(posture('walking'))), CAMERA)
        assert fit.size.stature_m == height
        assert fit.size.stature_stddev_m == 0.0
        depths[height] = -solution.coordinates[skeleton.coordinate_index('pelvis_tx')]
    np.testing.assert_allclose(depths[1.9] / depths[1.5], 1.9 / 1.5, rtol=0.03)


def test_noisy_landmarks_give_wider_uncertainty_and_keep_the_limits(opensim_markers):
    skeleton = load_skeleton()
    points = opensim_markers(posture('squatting'))
    clean = LandmarkFit(skeleton, None).update(photograph(points), CAMERA)
    noisy = LandmarkFit(skeleton, None).update(photograph(points, noise_m=0.15), CAMERA)
    knee = skeleton.coordinate_index('knee_angle_r')
    assert noisy.stddev[knee] > 1.2 * clean.stddev[knee]
    assert (noisy.coordinates >= skeleton.lower_limits.numpy()).all()
    assert (noisy.coordinates <= skeleton.upper_limits.numpy()).all()


def test_too_few_landmarks_give_no_pose(opensim_markers):
    crop = photograph(opensim_markers(posture('walking')))
    crop.keypoint_confidence[5:] = 0.05
    assert LandmarkFit(load_skeleton(), None).update(crop, CAMERA) is None


def test_standing_height_follows_the_scales():
    skeleton = load_skeleton()
    scales = np.ones((len(skeleton.segment_names), 3))
    assert standing_height(skeleton, scales) == pytest.approx(1.70)
    assert standing_height(skeleton, 1.1 * scales) == pytest.approx(1.87)
