from types import SimpleNamespace

import numpy as np
import pytest

from biopose_ros.records import TrackingState
from biopose_ros.ros import person_choice
from biopose_ros.ros.person_choice import PersonChoice, largest, nearest, nearest_to_point


@pytest.fixture(autouse=True)
def plain_ends(monkeypatch):
    def lost(person, stamp_ns):
        return SimpleNamespace(**{**vars(person), 'state': TrackingState.LOST})

    monkeypatch.setattr(person_choice, 'lost_person', lost)


def person(name, x, width, depth_m, state=TrackingState.TRACKED):
    return SimpleNamespace(
        person_id=name,
        state=state,
        box_xyxy_px=np.array([x, 0.0, x + width, 100.0]),
        segment_positions_m=np.array([[0.0, 0.0, depth_m]]),
    )


LEFT, RIGHT = person('left', 0, 50, 2.0), person('right', 200, 30, 1.0)


def told(choice, *persons):
    return [(p.person_id, p.state.name) for p in choice.keep(persons, 0)]


@pytest.mark.parametrize(
    ('rule', 'chosen'),
    [(largest, 'left'), (nearest, 'right'), (nearest_to_point(190, 50), 'right')],
)
def test_a_rule_chooses_one_and_stays_with_them(rule, chosen):
    choice = PersonChoice(rule)
    assert told(choice, LEFT, RIGHT) == [(chosen, 'TRACKED')]
    nearer = person('left', 0, 10, 0.5), person('right', 200, 90, 3.0)
    assert told(choice, *nearer) == [(chosen, 'TRACKED')]
    other = next(p for p in (LEFT, RIGHT) if p.person_id != chosen)
    assert told(choice, other) == [(other.person_id, 'TRACKED'), (chosen, 'LOST')]


def test_who_is_left_out_is_lost_once_and_comes_back():
    choice = PersonChoice()
    assert told(choice, LEFT, RIGHT) == [('left', 'TRACKED'), ('right', 'TRACKED')]
    choice.choose(None, 'left')
    assert told(choice, LEFT, RIGHT) == [('left', 'TRACKED'), ('right', 'LOST')]
    assert told(choice, LEFT, RIGHT) == [('left', 'TRACKED')]
    gone = person('right', 0, 1, 1.0, TrackingState.LOST)
    assert told(choice, LEFT, gone) == [('left', 'TRACKED')]
    choice.choose(None)
    assert told(choice, LEFT, RIGHT) == [('left', 'TRACKED'), ('right', 'TRACKED')]


def test_persons_out_of_reach_are_left_out():
    assert told(PersonChoice(reach_m=1.5), LEFT, RIGHT) == [('right', 'TRACKED')]
