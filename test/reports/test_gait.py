"""Steps of synthesised walks, whose contacts are known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from biopose_ros.reports.events import HEEL_STRIKE, TOE_OFF
from biopose_ros.reports.gait import find_gait
from biopose_ros.training.motion.activities import squatting, walking

SPEEDS = (0.8, 1.3)


def known_moments(draft, side):
    """Contacts and toe-offs of one foot, seconds."""
    moves = draft.feet[('left', 'right').index(side)].place.moves
    return [move.end_s for move in moves], [move.start_s for move in moves]


def found_moments(gait, kind, side):
    return [e.time_s for e in gait.events if (e.kind, e.side) == (kind, side)]


@pytest.fixture(params=SPEEDS)
def walk(request, subject):
    return walking.walk_at(np.random.default_rng(4), subject[2], request.param, 20.0)


@pytest.mark.parametrize('noise_deg', [0.0, 3.0])
def test_every_contact_is_found_at_its_time(walk, recorded, noise_deg):
    gait = find_gait(recorded(walk, noise_deg, shift_m=0.02 * bool(noise_deg)))
    for side in ('left', 'right'):
        contacts_s, offs_s = known_moments(walk, side)
        for kind, known_s in ((HEEL_STRIKE, contacts_s), (TOE_OFF, offs_s)):
            found_s = np.array(found_moments(gait, kind, side))
            inner = [t for t in known_s if 0.3 < t < walk.duration_s - 0.3]
            assert len(inner) >= 2
            errors = [np.abs(found_s - t).min() for t in inner]
            assert max(errors) < 0.1
            known = np.array(known_s)
            assert all(np.abs(known - t).min() < 0.1 for t in found_s)


def test_the_walk_is_described(walk, recorded):
    gait = find_gait(recorded(walk))
    contacts_s, _ = known_moments(walk, 'left')
    stride_s = np.diff(contacts_s).mean()
    assert gait.stride_s == pytest.approx((stride_s, stride_s), rel=0.03)
    assert gait.cadence == pytest.approx(120 / stride_s, rel=0.03)
    moves = walk.feet[0].place.moves
    stance = np.mean([(b.start_s - a.end_s) / (b.end_s - a.end_s)
                      for a, b in pairwise(moves[1:-1])])  # fmt: skip
    # Toes turn back a little later than they leave the floor.
    assert gait.stance == pytest.approx((stance, stance), abs=0.07)
    places = np.array([move.value for move in moves[2:-2]])
    length_m = np.linalg.norm(np.diff(places, axis=0), axis=1).mean() / 2
    assert np.mean(gait.step_length_m) == pytest.approx(length_m, rel=0.15)


def test_cycles_begin_and_end_with_strikes_of_one_foot(walk, recorded):
    gait = find_gait(recorded(walk))
    strikes_s = found_moments(gait, HEEL_STRIKE, 'left')
    assert gait.strides_s('left') == list(pairwise(strikes_s))


def test_a_squat_is_no_walk(recorded, subject):
    assert find_gait(recorded(squatting.squat(np.random.default_rng(1), subject[2]))) is None


def test_no_step_is_made_up_where_the_person_was_out_of_sight(subject, recorded):
    draft = walking.walk_at(np.random.default_rng(4), subject[2], 1.3, 0.0)
    person = recorded(draft)
    hidden = (person.times_s > 1.5) & (person.times_s < 3.0)
    gait = find_gait(replace(person, is_seen=~hidden))
    times_s = np.array([event.time_s for event in gait.events]) if gait else np.array([])
    assert not ((times_s > 1.55) & (times_s < 2.95)).any()
