from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from standing import CAMERA, PLACES, bent, posed, seen, seen_by_another

from biopose_ros.frames import project
from biopose_ros.keypoints import FORMATS
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.records import ForeignPoints
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.settings import RefinementConfig

FIVE_STEPS = RefinementConfig(iterations=5)
SECOND_NS = 1_000_000_000


def off_px(body, truth):
    return np.linalg.norm(project(body.joints_m, CAMERA) - truth.joints_px, axis=1).mean()


def off_m(body, truth):
    away_m = (body.joints_m - body.joints_m[0]) - (truth.joints_m - truth.joints_m[0])
    return np.linalg.norm(away_m, axis=1).mean()


def wrong(truth, seed, degrees=5):
    """The truth as a network might miss it: rotations off, but joints seen where they are."""
    rng = np.random.default_rng(seed)
    body = posed(bent(np.random.default_rng(7), 15) + bent(rng, degrees), (0.13, 0.02, 4.1))
    return replace(body, joints_px=truth.joints_px)


@pytest.fixture(scope='module')
def truth():
    return posed(bent(np.random.default_rng(7), 15))


@pytest.mark.parametrize('seed', range(5))
def test_bodies_come_nearer_to_the_truth_in_the_image_and_in_space(truth, seed):
    body = wrong(truth, seed)
    refiner = Refiner(FIVE_STEPS)
    [refined] = refiner.refine([body], [seen(truth)], CAMERA, 0)
    assert off_px(refined, truth) < 0.5 * off_px(body, truth)
    assert off_m(refined, truth) < off_m(body, truth)
    assert refiner.outcomes == {'refined': 1}


@pytest.mark.parametrize('seed', range(5))
def test_a_tenth_of_the_keypoints_far_off_changes_little(truth, seed):
    body, crop = wrong(truth, seed), seen(truth)
    [clean] = Refiner(FIVE_STEPS).refine([body], [crop], CAMERA, 0)
    keypoints_px = crop.keypoints_px.copy()
    thrown = np.random.default_rng(seed).choice(PLACES.landmarks, 2, replace=False)
    keypoints_px[thrown] += [150.0, -120.0]
    [refined] = Refiner(FIVE_STEPS).refine(
        [body], [replace(crop, keypoints_px=keypoints_px)], CAMERA, 0
    )
    assert np.abs(refined.joints_m - clean.joints_m).max() < 0.02
    assert off_px(refined, truth) < off_px(body, truth)


def test_the_right_body_stays(truth):
    [refined] = Refiner(FIVE_STEPS).refine([truth], [seen(truth)], CAMERA, 0)
    np.testing.assert_allclose(refined.joints_m, truth.joints_m, atol=1e-4)
    np.testing.assert_allclose(refined.markers_m, truth.markers_m, atol=1e-4)


def test_result_is_a_body_of_the_same_shape_and_of_proper_rotations(truth):
    body = wrong(truth, 0)
    [refined] = Refiner(FIVE_STEPS).refine([body], [seen(truth)], CAMERA, 0)
    np.testing.assert_allclose(
        refined.pose @ refined.pose.swapaxes(-1, -2), np.tile(np.eye(3), (24, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(refined.pose), 1.0)
    np.testing.assert_array_equal(refined.betas, body.betas)
    np.testing.assert_array_equal(refined.summary, body.summary)


def test_uncertain_keypoints_leave_the_body_and_are_counted(truth):
    body, refiner = wrong(truth, 0), Refiner(FIVE_STEPS)
    assert refiner.refine([body], [seen(truth, confidence=0.3)], CAMERA, 0) == [body]
    assert refiner.outcomes == {'uncertain': 1}


def test_keypoints_beyond_the_edge_are_no_evidence(truth):
    crop, refiner = seen(truth), Refiner(FIVE_STEPS)
    away = replace(crop, keypoints_px=crop.keypoints_px + [1300.0, 0.0])
    body = wrong(truth, 0)
    assert refiner.refine([body], [away], CAMERA, 0) == [body]
    assert refiner.outcomes == {'uncertain': 1}


def test_without_time_or_steps_bodies_stay(truth):
    body, crop = wrong(truth, 0), seen(truth)
    late = Refiner(RefinementConfig(3, 0.001))
    assert late.refine([body, body], [crop, crop], CAMERA, 0) == [body, body]
    assert late.outcomes == {'no time': 2}
    none = Refiner(RefinementConfig(0))
    assert none.refine([body], [crop], CAMERA, 0) == [body]
    assert not none.outcomes


def test_without_a_limit_a_slow_machine_refines_as_a_fast_one(truth, monkeypatch):
    body, crop = wrong(truth, 0), seen(truth)
    [fast] = Refiner().refine([body], [crop], CAMERA, 0)
    hours = count(step=3600.0)
    monkeypatch.setattr('biopose_ros.refinement.refiner.time.monotonic', lambda: next(hours))
    slow = Refiner()
    [refined] = slow.refine([body], [crop], CAMERA, 0)
    np.testing.assert_array_equal(refined.pose, fast.pose)
    assert slow.outcomes == {'refined': 1}


def test_the_last_image_holds_the_body_until_it_is_too_old_or_forgotten(truth):
    crop = seen(truth)
    first, second = wrong(truth, 1), wrong(truth, 2)

    def after(gap_ns, forget=False):
        refiner = Refiner(FIVE_STEPS)
        [last] = refiner.refine([first], [crop], CAMERA, SECOND_NS)
        if forget:
            refiner.forget(1)
        [now] = refiner.refine([second], [crop], CAMERA, SECOND_NS + gap_ns)
        return last, now

    def apart(last, now):
        return np.abs(now.pose - last.pose).mean()

    [alone] = Refiner(FIVE_STEPS).refine([second], [crop], CAMERA, 0)
    last, now = after(10_000_000)
    assert apart(last, now) < apart(last, alone)
    for held in (after(SECOND_NS), after(-10_000_000), after(10_000_000, forget=True)):
        np.testing.assert_allclose(held[1].pose, alone.pose)


@pytest.mark.parametrize('format_name', sorted(FORMATS))
@pytest.mark.parametrize('seed', range(3))
def test_points_of_other_detectors_are_sought_where_those_see_them(truth, format_name, seed):
    body, crop = wrong(truth, seed), seen_by_another(truth, format_name)
    [refined] = Refiner(FIVE_STEPS).refine([body], [crop], CAMERA, 0)
    assert off_px(refined, truth) < 0.6 * off_px(body, truth)
    # As landmarks of our own detector the same places would pull the right body away.
    [stays] = Refiner(FIVE_STEPS).refine([truth], [crop], CAMERA, 0)
    [pulled] = Refiner(FIVE_STEPS).refine([truth], [replace(crop, foreign=None)], CAMERA, 0)
    assert off_m(stays, truth) < 1e-4
    assert off_m(pulled, truth) > 1e-3


@pytest.mark.parametrize(('format_name', 'counts'), [('COCO-17', True), ('BODY_25', False)])
def test_our_landmarks_count_where_the_other_detector_knows_no_feet(truth, format_name, counts):
    crop = seen_by_another(truth, format_name)
    keypoints_px = crop.keypoints_px.copy()
    keypoints_px[LANDMARK_NAMES.index('left_foot_index')] += [10.0, 0.0]
    [refined] = Refiner(FIVE_STEPS).refine(
        [truth], [replace(crop, keypoints_px=keypoints_px)], CAMERA, 0
    )
    [stays] = Refiner(FIVE_STEPS).refine([truth], [crop], CAMERA, 0)
    assert (np.abs(refined.pose - stays.pose).max() > 1e-3) == counts


def test_unknown_points_of_other_detectors_are_no_evidence(truth):
    crop = seen_by_another(truth, 'BODY_25')
    assert crop.foreign is not None
    nobody = ForeignPoints(
        crop.foreign.names, np.full_like(crop.foreign.px, np.nan), 0 * crop.foreign.confidence
    )
    body = wrong(truth, 0)
    [ours] = Refiner(FIVE_STEPS).refine([body], [seen(truth)], CAMERA, 0)
    [same] = Refiner(FIVE_STEPS).refine([body], [replace(seen(truth), foreign=nobody)], CAMERA, 0)
    np.testing.assert_array_equal(same.pose, ours.pose)
