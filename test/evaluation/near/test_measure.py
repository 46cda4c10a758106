"""What is counted as a ghost, a flip, and as wrong and sure."""

from types import SimpleNamespace

import numpy as np
import pytest

from biopose_ros.evaluation.near.measure import LastSeen, Rows, by_version, figures


def rows(**changes):
    """Four images of a person who is right within the stated deviations, and sure."""
    values = {
        'images': 5,
        'ghosts': 0,
        'tracked': np.ones(4, bool),
        'confidence': np.full(4, 0.95),
        'facing_deg': np.full(4, 10.0),
        'depth_error_m': np.full(4, 0.1),
        'depth_stddev_m': np.full(4, 0.2),
        'errors_deg': np.full((4, 6), 5.0),
        'stddev_deg': np.full((4, 6), 5.0),
    }
    return Rows(**{**values, **changes})


def test_a_good_person_has_no_faults():
    found = figures([rows()])
    assert (found['ghosts'], found['front_back_flips'], found['wrong_and_sure']) == (0, 0, 0.0)
    assert found['found'] == found['tracked'] == pytest.approx(0.8)
    assert found['distance_within_2_sigma'] == found['sure'] == 1.0


def test_a_flip_counts_while_tracked_alone():
    facing = np.array([10.0, 170.0, 170.0, 110.0])
    tracked = np.array([True, True, False, True])
    assert figures([rows(facing_deg=facing, tracked=tracked)])['front_back_flips'] == 1


def test_wrong_counts_where_it_is_sure():
    errors = np.full((4, 6), 5.0)
    errors[0, 0] = errors[1, :] = -50.0
    confidence = np.array([0.95, 0.5, 0.95, 0.95])
    found = figures([rows(errors_deg=errors, confidence=confidence)])
    assert found['wrong_and_sure'] == pytest.approx(1 / 18)
    assert found['sure'] == pytest.approx(0.75)


def test_nobody_sure_is_nobody_wrong_and_sure():
    wrong = np.full((4, 6), 90.0)
    assert figures([rows(errors_deg=wrong, confidence=np.zeros(4))])['wrong_and_sure'] == 0.0


def test_versions_are_pooled_over_clips_and_all_together():
    far = np.full(4, 1.0)
    found = by_version({('a', 'whole'): rows(ghosts=2), ('b', 'whole'): rows(),
                        ('a', 'legs'): rows(depth_error_m=far)})  # fmt: skip
    assert list(found) == ['whole', 'legs', 'all']
    assert found['whole']['ghosts'] == 2
    assert found['legs']['distance_within_2_sigma'] == 0.0
    assert found['all']['images'] == 15


def test_who_is_out_of_sight_is_where_they_were_last_seen():
    """The zoom goes on meanwhile."""
    places = LastSeen(lambda points_px, index: points_px / index)
    there = SimpleNamespace(track_id=1, keypoints_px=np.full((33, 2), 600.0))
    nearer = SimpleNamespace(track_id=1, keypoints_px=np.full((33, 2), 640.0))
    other = SimpleNamespace(track_id=2, keypoints_px=np.full((33, 2), 600.0))
    assert np.all(places.original_px(there, 2) == 300.0)
    assert np.all(places.original_px(there, 3) == 300.0)
    assert np.all(places.original_px(other, 3) == 200.0)
    assert np.all(places.original_px(nearer, 4) == 160.0)
