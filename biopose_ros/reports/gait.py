"""
Steps of a walking person: heel strikes, toe-offs, and the figures of the gait.

A heel strikes where it is furthest before the pelvis, a foot leaves the ground where its toes are
furthest behind it (Zeni et al. 2008, Gait & Posture 27:710): both compare places within one image,
so that the uncertain distance of a person seen by one camera does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from biopose_ros.person.foot_contact import FEET
from biopose_ros.records import FloatArray
from biopose_ros.reports.events import (
    HEEL_STRIKE,
    TOE_OFF,
    Event,
    calm,
    peak_time_s,
    seen_stretches,
)
from biopose_ros.reports.results import PersonRecording

# Shares of the leg's length that a foot moves to and fro at least: less is shuffling on the spot.
_LEAST_SWING = 0.3
# Between two contacts of one foot, and of the two feet in turn, seconds: from a fast run to a
# frail person's walk.
_SHORTEST_STRIDE_S = 0.5
_STEP_S = (0.25, 1.5)


@dataclass(frozen=True)
class Gait:
    """
    A walk, as numbers. NaN where too few steps were seen to tell.

    :param events: heel strikes and toe-offs.
    :param steps: heel strikes.
    :param cadence: steps a minute.
    :param stride_s: mean time between two strikes of one foot, for left and right.
    :param stance: share of the stride during which the foot stands, for left and right.
    :param step_length_m: between the heels at each foot's strike, along the pelvis's heading.
    :param speed: metres a second: of steps and cadence, not of the path.
    """

    events: tuple[Event, ...]
    steps: int
    cadence: float
    stride_s: tuple[float, float]
    stance: tuple[float, float]
    step_length_m: tuple[float, float]
    speed: float

    @property
    def swing(self) -> tuple[float, float]:
        """Share of the stride that the foot is in the air, for left and right."""
        return 1.0 - self.stance[0], 1.0 - self.stance[1]

    def strides_s(self, side: str) -> list[tuple[float, float]]:
        """
        Give the gait cycles of one foot, from strike to strike.

        :param side: ``left`` or ``right``.
        """
        return _strides(_times(self.events, HEEL_STRIKE, side))


def find_gait(person: PersonRecording) -> Gait | None:
    """
    Find the steps of a person.

    :param person: of a results folder.
    :returns: None where the person does not walk: fewer than two strides in a row.
    """
    feet = _fore_aft_m(person)
    events: list[Event] = []
    for stretch in seen_stretches(person.times_s, person.is_seen):
        times_s = person.times_s[stretch]
        events += _walking(_events(times_s, calm(times_s, feet[stretch]), _leg_m(person)))
    strides = [_strides(_times(events, HEEL_STRIKE, side)) for side in FEET]
    if sum(map(len, strides)) < 2:
        return None
    return _describe(person, tuple(sorted(events)), feet)


def _fore_aft_m(person: PersonRecording) -> FloatArray:
    """How far feet are before the pelvis, [images, heel and toes, left and right], metres."""
    points_m = person.heels_and_toes_m
    pelvis_m = person.segments[1][:, person.skeleton.segment_index('pelvis')]
    heading = person.values['pelvis_rotation']
    # OpenSim's ground: x forward, y up; a turn to the left turns x towards -z.
    forward = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=-1)
    before_m = ((points_m - pelvis_m[:, None]) * forward[:, None]).sum(axis=-1)
    return np.nan_to_num(before_m.reshape(-1, 2, 2))


def _leg_m(person: PersonRecording) -> float:
    """Length of thigh and shank."""
    origins_m = person.segments[1][0]
    hip, knee, ankle = (
        origins_m[person.skeleton.segment_index(name)]
        for name in ('femur_r', 'tibia_r', 'talus_r')
    )
    return float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle))


def _events(times_s: FloatArray, feet_m: FloatArray, leg_m: float) -> list[Event]:
    if len(times_s) < 5:
        return []
    distance = max(1, round(_SHORTEST_STRIDE_S / float(np.median(np.diff(times_s)))))
    events = []
    for column, side in enumerate(FEET):
        for kind, curve in ((HEEL_STRIKE, feet_m[:, 0, column]), (TOE_OFF, -feet_m[:, 1, column])):
            peaks, _ = find_peaks(curve, prominence=_LEAST_SWING * leg_m, distance=distance)
            events += [Event(peak_time_s(times_s, curve, i), kind, side) for i in peaks]
    return sorted(events)


def _walking(events: Sequence[Event]) -> list[Event]:
    """Keep strikes that alternate between the feet, and the toe-offs between them."""
    strikes = [event for event in events if event.kind == HEEL_STRIKE]
    kept = {
        strike
        for strike in strikes
        if any(
            other.side != strike.side
            and _STEP_S[0] <= abs(other.time_s - strike.time_s) <= _STEP_S[1]
            for other in strikes
        )
    }
    if not kept:
        return []
    first, last = min(kept).time_s, max(kept).time_s
    return [
        event
        for event in events
        if event in kept
        or (event.kind == TOE_OFF and first - _STEP_S[1] <= event.time_s <= last + _STEP_S[1])
    ]


def _times(events: Sequence[Event], kind: str, side: str) -> list[float]:
    return [e.time_s for e in events if (e.kind, e.side) == (kind, side)]


def _strides(strikes_s: Sequence[float]) -> list[tuple[float, float]]:
    """Pair successive strikes of one foot, where none between them was missed."""
    return [
        (a, b) for a, b in pairwise(strikes_s) if _SHORTEST_STRIDE_S <= b - a <= 2 * _STEP_S[1]
    ]


def _describe(person: PersonRecording, events: tuple[Event, ...], feet_m: FloatArray) -> Gait:
    stride_s, stance, length_m = [], [], []
    for column, side in enumerate(FEET):
        strikes_s, offs_s = _times(events, HEEL_STRIKE, side), _times(events, TOE_OFF, side)
        strides = _strides(strikes_s)
        stride_s.append(known_mean([end - start for start, end in strides]))
        stance.append(
            known_mean(
                [
                    (off - start) / (end - start)
                    for start, end in strides
                    for off in offs_s
                    if start < off < end
                ]
            )
        )
        apart_m = feet_m[:, 0, column] - feet_m[:, 0, 1 - column]
        length_m.append(known_mean(list(np.interp(strikes_s, person.times_s, apart_m))))
    cadence = 120.0 / known_mean(stride_s)
    return Gait(
        events=events,
        steps=sum(event.kind == HEEL_STRIKE for event in events),
        cadence=cadence,
        stride_s=(stride_s[0], stride_s[1]),
        stance=(stance[0], stance[1]),
        step_length_m=(length_m[0], length_m[1]),
        speed=known_mean(length_m) * cadence / 60.0,
    )


def known_mean(values: Sequence[float]) -> float:
    """Average what is known; NaN where nothing is."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float('nan')
