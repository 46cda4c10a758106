"""
Movements that are done again and again: squats, rising from a chair, raising an arm.

A repetition is one excursion of an angle away from where the recording begins, and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.reports.events import (
    REPETITION_END,
    REPETITION_EXTREME,
    REPETITION_START,
    Event,
    calm,
    seen_stretches,
)
from biopose_ros.reports.results import PersonRecording

# Angles that people exercise; of a pair both sides together where they move together.
CANDIDATES = ('knee_angle', 'hip_flexion', 'arm_flex', 'arm_add', 'elbow_flex', 'lumbar_extension')
# Both knees bending together is a squat or a chair, even when done once.
_KNEES = 'knee_angle'
_LEAST_RANGE_DEG = {_KNEES: 40.0}
_OTHER_RANGE_DEG = 30.0
_LEAST_TIMES = {_KNEES: 1}
_OTHER_TIMES = 3
_TOGETHER = 0.8
# An excursion begins above the upper share of the range, and ends below the lower one.
_LEAVES, _RETURNS = 0.6, 0.4
_AT_REST = 0.15
_SHORTEST_S = 0.4
# Durations of the same exercise differ by less than this factor from their median.
_EVEN = 2.5


@dataclass(frozen=True)
class Repetition:
    """
    One excursion.

    :param start_s: when the angle leaves its rest.
    :param extreme_s: when it is furthest from it.
    :param end_s: when it is back.
    :param range_deg: from rest to the extreme.
    :param is_complete: False where the recording begins or ends within.
    """

    start_s: float
    extreme_s: float
    end_s: float
    range_deg: float
    is_complete: bool


@dataclass(frozen=True, eq=False)
class Repetitions:
    """
    All repetitions of one movement.

    :param coordinate: that was counted; without a side where both sides moved together.
    :param repetitions: in the order of time.
    """

    coordinate: str
    repetitions: tuple[Repetition, ...]

    @property
    def complete(self) -> tuple[Repetition, ...]:
        """Those seen from start to end."""
        return tuple(one for one in self.repetitions if one.is_complete)

    @property
    def events(self) -> list[Event]:
        """Start, extreme and end of each, as far as they were seen."""
        events = []
        for one in self.repetitions:
            events.append(Event(one.extreme_s, REPETITION_EXTREME))
            if one.is_complete:
                events += [
                    Event(one.start_s, REPETITION_START),
                    Event(one.end_s, REPETITION_END),
                ]
        return sorted(events)


def find_repetitions(person: PersonRecording) -> Repetitions | None:
    """
    Find what a person repeats most widely.

    :param person: of a results folder, who does not walk.
    :returns: None where nothing is repeated.
    """
    stretches = seen_stretches(person.times_s, person.is_seen)
    found = []
    for kind in CANDIDATES:
        for name, angle_deg in _angles(person, kind):
            times = _LEAST_TIMES.get(kind, _OTHER_TIMES)
            least_deg = _LEAST_RANGE_DEG.get(kind, _OTHER_RANGE_DEG)
            low, high = np.percentile(angle_deg[person.is_seen], [2, 98])
            if high - low < least_deg:
                continue
            repetitions = [
                one
                for stretch in stretches
                for one in _excursions(person.times_s[stretch], angle_deg[stretch], low, high)
            ]
            if len(repetitions) >= times and (kind == _KNEES or _are_even(repetitions)):
                found.append((kind == _KNEES, high - low, Repetitions(name, tuple(repetitions))))
    return max(found, key=lambda one: one[:2])[2] if found else None


def _angles(person: PersonRecording, kind: str) -> Iterator[tuple[str, FloatArray]]:
    """Give an angle of the middle, of both sides together, or of each side, degrees."""
    names = [name for name in (kind, f'{kind}_r', f'{kind}_l') if name in person.values]
    curves = {name: _filled(person, name) for name in names}
    if len(names) == 2:
        first, second = (curves[name] for name in names)
        is_moving = min(first.std(), second.std()) > 1e-6
        if is_moving and np.corrcoef(first, second)[0, 1] > _TOGETHER:
            yield kind, (first + second) / 2.0
            return
        if kind == _KNEES:
            return  # one leg alone is a step or a stand on the other
    yield from curves.items()


def _filled(person: PersonRecording, name: str) -> FloatArray:
    values = np.degrees(person.values[name])
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values))
    filled: FloatArray = np.interp(person.times_s, person.times_s[known], values[known])
    for stretch in seen_stretches(person.times_s, person.is_seen):
        filled[stretch] = calm(person.times_s[stretch], filled[stretch])
    return filled


def _excursions(
    times_s: FloatArray, angle_deg: FloatArray, low: float, high: float
) -> list[Repetition]:
    """Count by two thresholds, so that trembling at one does not count."""
    share = (angle_deg - low) / (high - low)
    if share[: max(1, len(share) // 20)].mean() > 0.5:
        share = 1.0 - share  # rests bent: sitting
    repetitions = []
    begin = 0 if share[0] > _LEAVES else None
    for index, value in enumerate(share):
        if begin is None and value > _LEAVES:
            begin = index
        elif begin is not None and (value < _RETURNS or index == len(share) - 1):
            one = _repetition(times_s, share, high - low, begin, index)
            if times_s[index] - times_s[begin] >= _SHORTEST_S or not one.is_complete:
                repetitions.append(one)
            begin = None
    return repetitions


def _repetition(
    times_s: FloatArray, share: FloatArray, width_deg: float, begin: int, end: int
) -> Repetition:
    extreme = begin + int(np.argmax(share[begin : end + 1]))
    before = np.flatnonzero(share[:begin] < _AT_REST)
    after = np.flatnonzero(share[end:] < _AT_REST)
    left_rest = share[:begin].min(initial=1.0) < _RETURNS
    start = int(before[-1]) if len(before) else 0
    stop = end + int(after[0]) if len(after) else len(share) - 1
    # Another excursion may begin before the angle has come fully to rest.
    again = np.flatnonzero(share[end : stop + 1] > _LEAVES)
    if len(again):
        stop = end + int(np.argmin(share[end : end + again[0] + 1]))
    earlier = np.flatnonzero(share[start:begin] > _LEAVES)
    if len(earlier):
        start += int(earlier[-1]) + int(np.argmin(share[start + earlier[-1] : begin]))
    return Repetition(
        start_s=float(times_s[start]),
        extreme_s=float(times_s[extreme]),
        end_s=float(times_s[stop]),
        range_deg=float(share[extreme] * width_deg),
        is_complete=bool(left_rest and share[end] < _RETURNS),
    )


def _are_even(repetitions: Sequence[Repetition]) -> bool:
    durations = [one.end_s - one.start_s for one in repetitions if one.is_complete]
    if len(durations) < _OTHER_TIMES:
        return False
    middle = float(np.median(durations))
    return all(middle / _EVEN <= duration <= middle * _EVEN for duration in durations)
