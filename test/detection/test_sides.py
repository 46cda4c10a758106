import numpy as np
import pytest

from biopose_ros.detection.crops import Crop
from biopose_ros.detection.landmark_network import Sighting
from biopose_ros.detection.landmarks import landmark_index
from biopose_ros.detection.sides import SideVote, mirrored


def sighting(shift_px=0.0):
    rng = np.random.default_rng(3)
    points = rng.uniform(100, 300, (33, 2)) + shift_px
    crop = Crop(np.array([200.0, 200.0]), 250.0, 0.0)
    return Sighting(crop, 1.0, points, rng.uniform(0, 1, 33), rng.normal(0, 0.3, (33, 3)), crop)


def run(readings, step_s=1 / 30):
    vote, last, chosen = SideVote(), readings[0], []
    for reading in readings:
        last = vote.settle(last, reading, step_s)
        chosen.append(last)
    return chosen


def test_mirror_image_swaps_sides_reverses_depth_and_undoes_itself():
    person = sighting()
    other = mirrored(person)
    left, right = landmark_index('left_knee'), landmark_index('right_knee')
    np.testing.assert_array_equal(other.keypoints_px[left], person.keypoints_px[right])
    np.testing.assert_array_equal(other.landmarks_m[left], person.landmarks_m[right] * [1, 1, -1])
    np.testing.assert_array_equal(mirrored(other).landmarks_m, person.landmarks_m)


def test_a_steady_person_is_left_alone():
    readings = [sighting(shift) for shift in range(20)]
    assert run(readings) == readings


def test_a_sudden_swap_is_undone_until_the_network_recovers():
    truth = [sighting(shift) for shift in range(60)]
    readings = truth[:20] + [mirrored(one) for one in truth[20:35]] + truth[35:]
    for chosen, expected in zip(run(readings), truth, strict=True):
        np.testing.assert_array_equal(chosen.keypoints_px, expected.keypoints_px)


def test_a_wrong_start_is_corrected_by_the_majority():
    truth = [sighting(shift) for shift in range(60)]
    readings = [mirrored(one) for one in truth[:10]] + truth[10:]
    np.testing.assert_array_equal(run(readings)[-1].keypoints_px, truth[-1].keypoints_px)


@pytest.mark.parametrize('gap_s', [0.6, 5.0])
def test_after_a_gap_the_person_may_have_turned(gap_s):
    person = sighting()
    assert SideVote().settle(mirrored(person), person, gap_s) is person
