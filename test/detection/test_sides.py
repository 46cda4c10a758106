import numpy as np
import pytest

from biopose_ros.detection.landmark_network import CropReading, Sighting
from biopose_ros.detection.sides import SideVote, mirrored
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import Crop


def sighting(turn_rad=0.0):
    """A person who faces the camera, turned about the vertical."""
    rng = np.random.default_rng(3)
    points = rng.uniform(100, 300, (33, 2))
    for joint, half_px in (('shoulder', 24), ('hip', 14)):
        for side, sign in (('left', 1), ('right', -1)):
            x = 200 + sign * half_px * np.cos(turn_rad)
            points[landmark_index(f'{side}_{joint}')] = [x, 150 if joint == 'shoulder' else 200]
    crop = Crop(np.array([200.0, 200.0]), 250.0, 0.0)
    reading = CropReading(np.array(1.0), points, np.ones(33), np.zeros((33, 3)), points[:2])
    return Sighting(
        crop, reading, 1.0, points, rng.uniform(0, 1, 33), rng.normal(0, 0.3, (33, 3)), crop
    )


def run(readings, step_s=1 / 30):
    vote = SideVote()
    return [vote.settle(reading, step_s) for reading in readings]


def test_mirror_image_swaps_sides_reverses_depth_and_undoes_itself():
    person = sighting()
    other = mirrored(person)
    left, right = landmark_index('left_knee'), landmark_index('right_knee')
    np.testing.assert_array_equal(other.keypoints_px[left], person.keypoints_px[right])
    np.testing.assert_array_equal(other.landmarks_m[left], person.landmarks_m[right] * [1, 1, -1])
    np.testing.assert_array_equal(mirrored(other).landmarks_m, person.landmarks_m)


def test_a_steady_person_is_left_alone():
    readings = [sighting()] * 20
    assert run(readings) == readings


@pytest.mark.parametrize('turn_s', [0.5, 1.0, 3.0])
@pytest.mark.parametrize('fps', [10, 15, 30, 60])
def test_a_person_who_turns_is_left_alone(turn_s, fps):
    angles = np.clip(np.arange(4 * fps) / fps / turn_s, 0, 1) * np.pi
    readings = [sighting(angle) for angle in angles]
    chosen = run(readings, 1 / fps)
    assert all(ours is theirs for ours, theirs in zip(chosen, readings, strict=True))


def test_a_sudden_swap_is_undone_until_the_network_recovers():
    truth = sighting()
    readings = [truth] * 20 + [mirrored(truth)] * 15 + [truth] * 25
    for chosen in run(readings):
        np.testing.assert_array_equal(chosen.keypoints_px, truth.keypoints_px)


def test_a_swap_by_way_of_a_mixed_reading_is_undone():
    truth, mixed = sighting(), sighting(np.pi / 2)
    chosen = run([truth] * 15 + [mixed] * 2 + [mirrored(truth)] * 3 + [truth] * 5)
    for reading in chosen[17:]:
        np.testing.assert_array_equal(reading.keypoints_px, truth.keypoints_px)


def test_a_wrong_start_is_corrected_by_the_majority():
    truth = sighting()
    readings = [mirrored(truth)] * 10 + [truth] * 25
    np.testing.assert_array_equal(run(readings)[-1].keypoints_px, truth.keypoints_px)


def test_after_a_gap_the_person_may_have_turned():
    vote, person = SideVote(), sighting()
    vote.settle(mirrored(person), 0.0)
    assert vote.settle(person, 0.6) is person
