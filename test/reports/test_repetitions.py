"""Exercises of known number, and what must not be taken for one."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.reports.events import CYCLE_PERCENT, laid_over, write_events
from biopose_ros.reports.person_section import describe_person
from biopose_ros.reports.repetitions import find_repetitions
from biopose_ros.reports.results import RunFolder
from biopose_ros.training.motion.activities import chair, hands, squatting, standing


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('activity', [squatting.squat, squatting.deep_squat])
def test_squats_are_counted(activity, seed, subject, recorded):
    draft = activity(np.random.default_rng(seed), subject[2])
    found = find_repetitions(recorded(draft, noise_deg=2.0))
    downs, ups = draft.knee.moves[0::2], draft.knee.moves[1::2]
    assert found.coordinate == 'knee_angle'
    assert len(found.complete) == len(found.repetitions) == len(downs)
    for one, down, up in zip(found.complete, downs, ups, strict=True):
        assert down.end_s - 0.15 <= one.extreme_s <= up.start_s + 0.15
        assert down.start_s - 0.1 <= one.start_s <= down.end_s
        assert up.start_s <= one.end_s <= up.end_s + 0.1
        assert one.range_deg == pytest.approx(np.degrees(down.value - draft.knee.start), abs=12)


@pytest.mark.parametrize('seed', range(2))
def test_rising_from_a_chair_is_counted_from_sitting(seed, subject, recorded):
    draft = chair.chair_stands(np.random.default_rng(seed), subject[2])
    found = find_repetitions(recorded(draft, noise_deg=2.0))
    heights = draft.clip('test/0').translation_m[:, 1]
    middle = (heights.min() + heights.max()) / 2
    rises = np.count_nonzero(np.diff(heights > middle) & (heights[1:] > middle))
    assert len(found.complete) == rises >= 2


def test_a_recording_that_ends_within_a_repetition_says_so(subject, recorded):
    draft = squatting.squat(np.random.default_rng(1), subject[2])
    draft.duration_s = draft.knee.moves[-1].start_s  # at the bottom of the last
    found = find_repetitions(recorded(draft))
    assert len(found.repetitions) == len(found.complete) + 1
    assert not found.repetitions[-1].is_complete
    kinds = [event.kind for event in found.events]
    assert kinds.count('repetition_extreme') == kinds.count('repetition_end') + 1


@pytest.mark.parametrize('activity', [standing.stand_still, standing.stand_idle, hands.reach])
def test_everyday_movement_is_no_exercise(activity, subject, recorded):
    assert find_repetitions(recorded(activity(np.random.default_rng(0), subject[2]))) is None


def test_repetitions_are_laid_over_each_other(subject, recorded):
    draft = squatting.squat(np.random.default_rng(0), subject[2])
    person = recorded(draft)
    spans = [(one.start_s, one.end_s) for one in find_repetitions(person).complete]
    curves = laid_over(person.times_s, np.degrees(person.values['knee_angle_r']), spans)
    assert curves.shape == (len(spans), len(CYCLE_PERCENT))
    peaks = CYCLE_PERCENT[curves.argmax(axis=1)]
    assert ((peaks > 20) & (peaks < 80)).all()


def test_events_are_a_table_in_the_order_of_time(subject, recorded, tmp_path):
    draft = squatting.squat(np.random.default_rng(0), subject[2])
    found = find_repetitions(recorded(draft))
    write_events(tmp_path / 'events.csv', reversed(found.events))
    with (tmp_path / 'events.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['event'] for row in rows[:3]] == [
        'repetition_start',
        'repetition_extreme',
        'repetition_end',
    ]
    times_s = [float(row['time']) for row in rows]
    assert times_s == sorted(times_s)


def test_each_angle_of_an_exercise_is_drawn_once(subject, recorded, tmp_path):
    draft = standing.stand_still(np.random.default_rng(0), subject[2])
    draft.duration_s = 8.0
    person = recorded(draft)
    bend = 0.8 - 0.7 * np.cos(np.pi * person.times_s)
    values = {**person.values, 'elbow_flex_r': bend, 'elbow_flex_l': bend}
    camera = {
        'width_px': 640, 'height_px': 480, 'intrinsics_px': np.diag([600.0, 600.0, 1.0]),
        'distortion': [], 'is_calibrated': True, 'focal_stddev': 0.0,
        'pitch_rad': 0.0, 'roll_rad': 0.0, 'height_m': 0.0,
    }  # fmt: skip
    section = describe_person(
        RunFolder(tmp_path, {'camera': camera}, ()), replace(person, values=values)
    )
    assert section.repetitions.coordinate == 'elbow_flex'
    titles = [panel.title for panel in section.cycle_panels]
    assert titles == ['Elbow flexion', 'Trunk extension']
