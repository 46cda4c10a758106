"""The person whom a rule means, in a recording of three."""

import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.person.choosing import ALL, check_rule, chosen_person
from biopose_ros.person.recording import RecordedImage
from biopose_ros.records import TrackingState

LEFT, LARGE, LIVELY = 1, 2, 3


def seen(track_id, box, speed, state=TrackingState.TRACKED):
    box_px, velocities = np.array(box, float), np.full(10, speed)
    return person_pose(track_id=track_id, state=state, box_xyxy_px=box_px, velocities=velocities)


def recording():
    left = seen(LEFT, [0, 100, 50, 200], 0.2)
    large = seen(LARGE, [300, 0, 500, 400], 0.1)
    lively = seen(LIVELY, [200, 100, 260, 220], 3.0)
    unknown = seen(LIVELY, [200, 100, 260, 220], np.nan)
    hidden = seen(LARGE, [0, 0, 9, 9], 9.0, TrackingState.OCCLUDED)
    people = [[], [left, large, unknown], [left, hidden, lively], [left, lively]]
    return [RecordedImage(time / 10, poses) for time, poses in enumerate(people)]


@pytest.mark.parametrize(
    ('rule', 'person'),
    [
        ('largest', LARGE),
        ('longest', LEFT),
        ('leftmost', LEFT),
        ('most-moving', LIVELY),
        ('210,150', LIVELY),
        ('480, 390', LARGE),
        (ALL, None),
    ],
)
def test_a_rule_finds_its_person(rule, person):
    assert chosen_person(recording(), rule, {LEFT, LARGE, LIVELY}) == person


@pytest.mark.parametrize('rule', ['largest', '480, 390'])
def test_who_is_no_candidate_is_not_chosen(rule):
    assert chosen_person(recording(), rule, {LEFT}) == LEFT


@pytest.mark.parametrize('rule', ['largest', '3,4'])
def test_where_nobody_is_nobody_is_chosen(rule):
    assert chosen_person([RecordedImage(0.0, [])], rule, {LEFT}) is None


@pytest.mark.parametrize('rule', ['biggest', '3', '1,2,3', ''])
def test_an_unknown_rule_is_refused_with_the_known_ones(rule):
    with pytest.raises(ValueError, match='largest, longest, leftmost, most-moving, or X,Y'):
        check_rule(rule)
