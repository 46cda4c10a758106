"""Moments in a recording, and curves laid over each other between them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from biopose_ros.records import FloatArray

HEEL_STRIKE, TOE_OFF = 'heel_strike', 'toe_off'
REPETITION_START, REPETITION_EXTREME, REPETITION_END = (
    'repetition_start',
    'repetition_extreme',
    'repetition_end',
)
# Percent of a cycle at which curves are sampled.
CYCLE_PERCENT: FloatArray = np.linspace(0.0, 100.0, 101)
# What is kept for finding events: movements of whole limbs are slower (Winter 2009, chapter 3).
_CUTOFF_HZ = 6.0
LONGEST_GAP_S = 0.25  # of sight that is bridged
_ORDER = 2


@dataclass(frozen=True, order=True)
class Event:
    """
    One moment.

    :param time_s: on the clock of the recording.
    :param kind: for example ``heel_strike``.
    :param side: ``left``, ``right``, or empty for the whole body.
    """

    time_s: float
    kind: str
    side: str = ''


def write_events(path: Path, events: Iterable[Event]) -> None:
    """
    Write events as a table: ``time`` in seconds, ``event``, ``side``.

    :param path: CSV file.
    :param events: in any order.
    """
    with path.open('w', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['time', 'event', 'side'])
        writer.writerows([f'{e.time_s:.4f}', e.kind, e.side] for e in sorted(events))


def seen_stretches(times_s: FloatArray, is_seen: np.ndarray) -> list[slice]:
    """
    Cut a recording where the person was out of sight for longer than :data:`LONGEST_GAP_S`.

    :param times_s: [images].
    :param is_seen: [images].
    :returns: stretches of images that begin and end with a sighting.
    """
    seen = np.flatnonzero(is_seen)
    if not len(seen):
        return []
    cuts = np.flatnonzero(np.diff(times_s[seen]) > LONGEST_GAP_S) + 1
    return [slice(int(part[0]), int(part[-1]) + 1) for part in np.split(seen, cuts)]


def calm(times_s: FloatArray, values: FloatArray) -> FloatArray:
    """
    Take off what is faster than limbs move, without lag (Butterworth 6 Hz, both ways).

    :param times_s: [images], nearly even.
    :param values: [images, ...].
    :returns: the same shape; unchanged where the recording is too slow or too short to filter.
    """
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else np.inf
    if len(times_s) < 12 or 0.5 / step_s <= 1.2 * _CUTOFF_HZ:
        return values
    sections = butter(_ORDER, _CUTOFF_HZ, fs=1.0 / step_s, output='sos')
    return np.asarray(sosfiltfilt(sections, values, axis=0))


def laid_over(
    times_s: FloatArray, values: FloatArray, spans_s: Sequence[tuple[float, float]]
) -> FloatArray:
    """
    Lay the pieces of a curve over each other.

    :param times_s: [images], increasing.
    :param values: [images].
    :param spans_s: start and end of each piece.
    :returns: [pieces, 101], values over 0 to 100 % of each piece.
    """
    pieces = [
        np.interp(start + (end - start) * CYCLE_PERCENT / 100.0, times_s, values)
        for start, end in spans_s
    ]
    return np.stack(pieces) if pieces else np.empty((0, len(CYCLE_PERCENT)))


def vertex(values: FloatArray, index: int) -> float:
    """
    Tell where a parabola through a peak and its neighbours is highest.

    :param values: [samples].
    :param index: of the highest sample.
    :returns: samples from there, between -0.5 and 0.5; 0 at the ends.
    """
    if not 0 < index < len(values) - 1:
        return 0.0
    left, middle, right = values[index - 1 : index + 2]
    bend = left - 2.0 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def peak_time_s(times_s: FloatArray, values: FloatArray, index: int) -> float:
    """
    Refine the time of a peak by a parabola through its neighbours.

    :param times_s: [images].
    :param values: [images].
    :param index: of the highest sample.
    """
    place = index + vertex(values, index)
    return float(np.interp(place, np.arange(len(times_s)), times_s))
