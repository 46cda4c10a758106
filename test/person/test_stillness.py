"""Who never bends may be a picture; who lives is not doubted."""

from dataclasses import replace

import numpy as np
import pytest
from person_poses import person_pose
from scipy.spatial.transform import Rotation

from biopose_ros.person.stillness import DOUBT, RIGID, Stillness, bend
from biopose_ros.records import TrackingState

CHANCE = np.random.default_rng(7)
TILT = np.array([0.1, 0.3, 0.05])
BODY_PX = CHANCE.uniform([300.0, 100.0], [420.0, 460.0], (33, 2))
SURE = np.ones(33)
HZ, STILL_S = 10, 4.0


def pose(keypoints_px, image, **values):
    known = {'keypoints_px': keypoints_px, 'keypoint_confidence': SURE, 'confidence': 0.6}
    person = person_pose(np.zeros(37), 20, **{**known, **values})
    return replace(person, stamp_ns=round(1e9 * image / HZ))


def confidences(places, **values):
    stillness = Stillness(STILL_S)
    return [
        stillness.judge([pose(px, image, **values)])[0].confidence
        for image, px in enumerate(places)
    ]


def as_a_picture(images):
    """A poster that sways before a camera that comes nearer, with a noise of the keypoints."""
    for image in range(images):
        turn = Rotation.from_euler('xyz', np.sin(0.2 * image) * TILT).as_matrix()
        flat = np.column_stack([(BODY_PX - [360, 280]) / 360, np.zeros(33)])
        placed = flat @ turn.T + [0.1 * np.sin(0.1 * image), 0.0, 4.0 - 0.01 * image]
        px = 1440 * placed[:, :2] / placed[:, 2:] + [360, 280]
        yield px + CHANCE.normal(0.0, 0.5, px.shape)


def alive(images):
    """Somebody who waves: a quarter of the points, 8 cm to and fro."""
    for image in range(images):
        px = BODY_PX.copy()
        px[:8, 0] += 17.0 * np.sin(2 * np.pi * image / HZ / 3.0)
        yield px + CHANCE.normal(0.0, 0.5, px.shape)


def test_a_picture_is_doubted_after_the_time_set():
    found = confidences(as_a_picture(60))
    assert found[: int(STILL_S * HZ)] == [0.6] * int(STILL_S * HZ)
    assert found[int(STILL_S * HZ) + 1 :] == pytest.approx([0.6 * DOUBT] * 19)


def test_who_moves_a_limb_is_believed():
    assert set(confidences(alive(120))) == {0.6}


def test_a_mannequin_that_moves_after_all_is_believed_again():
    still = [BODY_PX] * 50
    found = confidences([*still, *alive(30)])
    assert found[45] == pytest.approx(0.6 * DOUBT)
    assert found[-1] == 0.6


def test_out_of_sight_the_last_verdict_counts():
    stillness = Stillness(STILL_S)
    for image in range(50):
        stillness.judge([pose(BODY_PX, image)])
    hidden = stillness.judge([pose(BODY_PX, 50, state=TrackingState.OCCLUDED)])
    assert hidden[0].confidence == pytest.approx(0.6 * DOUBT)
    assert stillness.motionless == {hidden[0].track_id}
    stillness.judge([])
    assert stillness.motionless == frozenset()


def test_a_pause_starts_afresh():
    stillness = Stillness(STILL_S)
    for image in (0, 10, 20, 60, 70):
        last = stillness.judge([pose(BODY_PX, image)])
    assert last[0].confidence == 0.6


def test_zero_seconds_doubt_nobody():
    stillness = Stillness(0.0)
    found = [stillness.judge([pose(BODY_PX, image)])[0].confidence for image in range(99)]
    assert set(found) == {0.6}


def test_an_affine_map_bends_nothing_and_unseen_points_tell_nothing():
    moved = BODY_PX @ np.array([[1.1, 0.2], [-0.1, 0.8]]) + 30.0
    assert bend(BODY_PX, moved, SURE) < 1e-9
    moved[:8] += 30.0
    assert bend(BODY_PX, moved, SURE) > RIGID
    assert bend(BODY_PX, BODY_PX, np.full(33, 0.1)) == np.inf
