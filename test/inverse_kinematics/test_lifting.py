import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.inverse_kinematics.lifting import lift, turn_to_ray
from biopose_ros.records import Camera

DISTORTIONS = ([], [-0.2, 0.05, 0.001, -0.001, 0.01])


def camera_with(distortion):
    matrix = np.array([[900.0, 0.0, 640.0], [0.0, 905.0, 360.0], [0.0, 0.0, 1.0]])
    return Camera(1280, 720, matrix, np.asarray(distortion, float))


def person(seed):
    """Make 33 points of a person's size around the hips, z away from the camera."""
    return np.random.default_rng(seed).uniform([-0.4, -0.9, -0.3], [0.4, 0.8, 0.3], (33, 3))


def project(points, camera):
    """Project with OpenCV, the independent reference."""
    pixels, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), camera.intrinsics_px, camera.distortion
    )
    return pixels[:, 0]


def seen_along_the_ray(points, position):
    """Express points as a network does that sees only the crop: z along the viewing ray."""
    direction = position / np.linalg.norm(position)
    axis = np.cross([0.0, 0.0, 1.0], direction)
    angle = np.arccos(np.clip(direction[2], -1, 1))
    length = np.linalg.norm(axis)
    turn = Rotation.from_rotvec(axis / length * angle if length > 1e-12 else np.zeros(3))
    return turn.inv().apply(points)


@settings(max_examples=40)
@given(
    x=st.floats(-1.2, 1.2),
    y=st.floats(-0.5, 0.5),
    z=st.floats(2.5, 8.0),
    distortion=st.sampled_from(DISTORTIONS),
    seed=st.integers(0, 99),
)
def test_a_perfect_detection_is_put_where_the_person_stands(x, y, z, distortion, seed):
    camera = camera_with(distortion)
    position = np.array([x, y, z])
    truth = person(seed) + position
    landmarks = seen_along_the_ray(person(seed), np.array([x, y, z]))
    lifted = lift(landmarks, project(truth, camera), np.ones(33), camera)
    # The crop's centre is the mean of the keypoints, not the hips: a few degrees at most.
    assert np.linalg.norm(lifted - truth, axis=1).mean() < 0.05 * z
    np.testing.assert_allclose(project(lifted, camera), project(truth, camera), atol=0.05)


def test_a_person_on_the_axis_is_placed_exactly():
    camera = camera_with([])
    points = person(3)
    points -= (points / (points[:, 2:] + 4.0)).mean(axis=0)  # keypoints centred on the axis
    for _ in range(20):
        points[:, :2] -= (points / (points[:, 2:] + 4.0)).mean(axis=0)[:2] * 4.0
    truth = points + [0.0, 0.0, 4.0]
    lifted = lift(points, project(truth, camera), np.ones(33), camera)
    np.testing.assert_allclose(lifted, truth, atol=2e-3)


def test_one_wrong_landmark_does_not_move_the_person():
    camera = camera_with([])
    truth = person(1) + [0.0, 0.0, 4.0]
    pixels = project(truth, camera)
    right = lift(person(1), pixels, np.ones(33), camera)
    pixels[20] += 400.0
    wrong = lift(person(1), pixels, np.ones(33), camera)
    others = np.arange(33) != 20
    assert np.abs(wrong[others] - right[others]).max() < 0.05


def test_unseen_landmarks_are_left_out_of_the_fit():
    camera = camera_with([])
    truth = person(2) + [0.0, 0.0, 4.0]
    pixels = project(truth, camera)
    confidence = np.ones(33)
    confidence[25:] = 0.0
    pixels[25:] = 5000.0
    lifted = lift(person(2), pixels, confidence, camera)
    assert np.abs(lifted[:25] - truth[:25]).max() < 0.2


def test_a_person_that_cannot_be_placed_is_unknown():
    camera = camera_with([])
    pixels = project(person(0) + [0, 0, 4.0], camera)
    assert np.isnan(lift(person(0), pixels, np.full(33, 0.1), camera)).all()
    mirrored = 2 * np.array([640.0, 360.0]) - pixels  # would need a camera behind the person
    assert np.isnan(lift(person(0), mirrored, np.ones(33), camera)).all()


def test_turning_to_the_optical_axis_changes_nothing():
    points = person(5)
    np.testing.assert_array_equal(turn_to_ray(points, np.array([0.0, 0.0, 2.0])), points)
