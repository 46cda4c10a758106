import numpy as np
import pytest

from biopose_ros.detection.landmark_network import LandmarkNetwork, joint_heat, refine
from biopose_ros.keypoints.landmarks import JOINTS, landmark_index
from biopose_ros.records import Crop


def logits_with_spot(column, row, width=1.0):
    rows, columns = np.mgrid[:64, :64]
    distance = (columns - column) ** 2 + (rows - row) ** 2
    heat = np.clip(np.exp(-distance / (2 * width**2)), 1e-6, 1 - 1e-6)
    return np.log(heat / (1 - heat))[None]


def test_a_landmark_moves_to_the_heat_beside_it():
    refined = refine(np.array([[30 / 64, 20 / 64]]), logits_with_spot(31.3, 19.2))
    np.testing.assert_allclose(refined * 64, [[31.3, 19.2]], atol=0.1)


def test_a_landmark_stays_where_there_is_no_heat():
    cold = np.full((1, 64, 64), -9.0)
    for point in ([0.3, 0.4], [-0.2, 1.7]):
        np.testing.assert_array_equal(refine(np.array([point]), cold), [point])


def test_heat_far_away_does_not_pull():
    point = np.array([[10 / 64, 10 / 64]])
    np.testing.assert_array_equal(refine(point, logits_with_spot(40, 40)), point)


def test_joint_heat_needs_joints_in_the_image():
    hot = np.full((39, 64, 64), 5.0)
    points = np.full((39, 2), 0.5)
    inside = np.ones(39, bool)
    assert joint_heat(points, hot, inside) == pytest.approx(0.993, abs=1e-3)
    inside[list(JOINTS[:9])] = False
    assert joint_heat(points, hot, inside) == 0


@pytest.fixture(scope='module')
def network(imported):
    return LandmarkNetwork('full', 'cpu', threads=1)


@pytest.fixture(scope='module')
def person(network, balancing):
    crop = Crop(np.array([218.0, 380.0]), 540.0, 0.0)
    (first,) = network.run(balancing[0], [crop])
    (second,) = network.run(balancing[0], [first.next_crop])
    return second


def test_no_crops_cost_nothing(network, balancing):
    assert network.run(balancing[0], []) == []


def test_a_real_person_is_present_and_upright(person):
    assert person.presence > 0.95
    assert person.confidence.min() >= 0
    y = person.keypoints_px[:, 1]
    names = ('left_shoulder', 'left_hip', 'left_knee', 'left_ankle')
    assert np.all(np.diff([y[landmark_index(name)] for name in names]) > 40)
    # He faces the camera, so that his left is on the right of the picture.
    x = person.keypoints_px[:, 0]
    assert x[landmark_index('left_shoulder')] > x[landmark_index('right_shoulder')] + 30


def test_several_crops_in_one_call_equal_single_calls(network, person, balancing):
    crops = [person.crop, person.next_crop, Crop(np.array([50.0, 50.0]), 90.0, 1.0)]
    for together, crop in zip(network.run(balancing[0], crops), crops, strict=True):
        (alone,) = network.run(balancing[0], [crop])
        np.testing.assert_allclose(together.keypoints_px, alone.keypoints_px, atol=0.05)


def test_landmarks_follow_the_image_when_the_camera_rolls(network, person, balancing):
    turned = np.ascontiguousarray(np.rot90(balancing[0]))  # x' = y, y' = width - 1 - x
    width = balancing[0].shape[1]
    x, y = person.next_crop.center_px
    crop = Crop(
        np.array([y, width - x]), person.next_crop.size_px, person.next_crop.angle_rad - np.pi / 2
    )
    (upright,) = network.run(balancing[0], [person.next_crop])
    (rolled,) = network.run(turned, [crop])
    expected = np.stack([upright.keypoints_px[:, 1], width - upright.keypoints_px[:, 0]], axis=1)
    np.testing.assert_allclose(rolled.keypoints_px, expected, atol=2)
    x, y, z = upright.landmarks_m.T
    np.testing.assert_allclose(rolled.landmarks_m, np.stack([y, -x, z], axis=1), atol=0.02)


def test_an_empty_crop_holds_nobody(network):
    crop = Crop(np.array([50.0, 50.0]), 100.0, 0.0)
    for value in (0, 127, 255):
        (sighting,) = network.run(np.full((100, 100, 3), value, np.uint8), [crop])
        assert sighting.presence < 0.1
        assert np.isfinite(sighting.landmarks_m).all()
