"""Half a turn from one image to the next is left out; what lasts is believed."""

import numpy as np
import pytest

from biopose_ros.person.plausibility import AGREEING, HOLD_S, PlausibleMotion
from biopose_ros.records import Markers, SkeletonFit
from biopose_ros.skeleton import load_skeleton

STEP_NS = 33_000_000
SKELETON = load_skeleton()


def fit(heading_deg=0.0, depth_m=3.0):
    coordinates = np.zeros(len(SKELETON.coordinate_names))
    coordinates[SKELETON.coordinate_index('pelvis_rotation')] = np.radians(heading_deg)
    coordinates[SKELETON.coordinate_index('pelvis_tx')] = -depth_m
    return SkeletonFit(coordinates, np.ones_like(coordinates), Markers((), np.zeros((0, 3)), []))


@pytest.fixture
def motion():
    return PlausibleMotion(SKELETON)


@pytest.mark.parametrize('wrong', [fit(heading_deg=180), fit(depth_m=6.0), fit(depth_m=1.4)])
def test_what_nobody_does_within_an_image_is_left_out(motion, wrong):
    assert motion.accepts(1, fit(), 0)
    assert not motion.accepts(1, wrong, STEP_NS)
    assert motion.accepts(1, fit(heading_deg=20), 2 * STEP_NS)


def test_a_turn_and_a_walk_are_believed(motion):
    for image in range(40):
        turned = fit(heading_deg=24.0 * image, depth_m=5.0 - 0.1 * image)
        assert motion.accepts(1, turned, image * STEP_NS)


def test_what_lasts_is_believed(motion):
    assert motion.accepts(1, fit(), 0)
    verdicts = [motion.accepts(1, fit(heading_deg=180), n * STEP_NS) for n in range(1, 30)]
    held = round(HOLD_S * 1e9 / STEP_NS)
    assert not any(verdicts[: held - 1])
    assert all(verdicts[held:])


def test_a_facing_is_known_once_enough_estimates_agree(motion):
    known = []
    for image, heading_deg in enumerate([120, 118, 125, *[10] * 7]):
        motion.accepts(1, fit(heading_deg=heading_deg), image * STEP_NS)
        known.append(motion.knows_facing(1))
    assert known == [False] * 7 + [True] * 3


def test_a_slow_turn_leaves_the_facing_known_and_a_jump_does_not(motion):
    for image in range(20):
        motion.accepts(1, fit(heading_deg=10.0 * image), image * STEP_NS)
        assert motion.knows_facing(1) == (image + 1 >= AGREEING)
    motion.accepts(1, fit(heading_deg=20.0), 20 * STEP_NS)  # left out, and yet a doubt
    assert not motion.knows_facing(1)
    assert not motion.knows_facing(2)
    motion.forget(1)
    assert not motion.knows_facing(1)


def test_everybody_has_a_past_of_their_own(motion):
    assert motion.accepts(1, fit(), 0)
    assert motion.accepts(2, fit(heading_deg=180), 0)
    motion.forget(1)
    assert motion.accepts(1, fit(heading_deg=180), STEP_NS)


def test_an_earlier_stamp_starts_afresh(motion):
    assert motion.accepts(1, fit(), 10 * STEP_NS)
    assert motion.accepts(1, fit(heading_deg=180), 0)
