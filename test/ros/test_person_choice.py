import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.records import TrackingState
from biopose_ros.ros.person_choice import PersonChoice, largest, nearest, nearest_to_point


def person(track_id, x, width, depth_m, state=TrackingState.TRACKED):
    return person_pose(
        track_id=track_id,
        state=state,
        box_xyxy_px=np.array([x, 0.0, x + width, 100.0]),
        segment_positions_m=np.array([[0.0, 0.0, depth_m]]),
    )


LEFT, RIGHT = 1, 2
PERSONS = person(LEFT, 0, 50, 2.0), person(RIGHT, 200, 30, 1.0)


def told(choice, *persons):
    return [(p.track_id, p.state.name) for p in choice.keep(persons, 0)]


@pytest.mark.parametrize(
    ('rule', 'chosen'),
    [(largest, LEFT), (nearest, RIGHT), (nearest_to_point(190, 50), RIGHT)],
)
def test_a_rule_chooses_one_and_stays_with_them(rule, chosen):
    choice = PersonChoice(rule)
    assert told(choice, *PERSONS) == [(chosen, 'TRACKED')]
    nearer = person(LEFT, 0, 10, 0.5), person(RIGHT, 200, 90, 3.0)
    assert told(choice, *nearer) == [(chosen, 'TRACKED')]
    other = next(p for p in PERSONS if p.track_id != chosen)
    assert told(choice, other) == [(other.track_id, 'TRACKED'), (chosen, 'LOST')]


def test_who_is_left_out_is_lost_once_and_comes_back():
    choice = PersonChoice()
    assert told(choice, *PERSONS) == [(LEFT, 'TRACKED'), (RIGHT, 'TRACKED')]
    choice.choose(None, LEFT)
    assert told(choice, *PERSONS) == [(LEFT, 'TRACKED'), (RIGHT, 'LOST')]
    assert told(choice, *PERSONS) == [(LEFT, 'TRACKED')]
    gone = person(RIGHT, 0, 1, 1.0, TrackingState.LOST)
    assert told(choice, PERSONS[0], gone) == [(LEFT, 'TRACKED')]
    choice.choose(None)
    assert told(choice, *PERSONS) == [(LEFT, 'TRACKED'), (RIGHT, 'TRACKED')]


def test_persons_out_of_reach_are_left_out():
    assert told(PersonChoice(reach_m=1.5), *PERSONS) == [(RIGHT, 'TRACKED')]
