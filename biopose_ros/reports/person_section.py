"""One person's part of the page, as the template takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from biopose_ros.records import FloatArray
from biopose_ros.reports.charts import Axes, Curve, draw_chart
from biopose_ros.reports.events import CYCLE_PERCENT, Event, laid_over
from biopose_ros.reports.gait import Gait, find_gait
from biopose_ros.reports.normal_gait import load_normal_gait
from biopose_ros.reports.quality import Flag, flags_of
from biopose_ros.reports.ranges import RangeRow, ranges_of
from biopose_ros.reports.repetitions import Repetitions, find_repetitions
from biopose_ros.reports.results import PersonRecording, RunFolder
from biopose_ros.reports.vocabulary import GROUPS, MEANINGS, kind_and_side, title

SIDES = (('right', '_r'), ('left', '_l'), ('middle', ''))
GAIT_KINDS = ('pelvis_tilt', 'hip_flexion', 'hip_adduction', 'knee_angle', 'ankle_angle')
STILLS = 4


@dataclass(frozen=True)
class Panel:
    """
    A drawing under a heading.

    :param title: in plain words.
    :param hint: what up and down mean.
    :param chart: an ``<svg>``.
    """

    title: str
    hint: str
    chart: Markup


@dataclass(frozen=True)
class Moment:
    """
    An image worth looking at.

    :param index: of the image.
    :param caption: why.
    """

    index: int
    caption: str


@dataclass(frozen=True)
class PersonSection:
    """
    What the page says of one person.

    :param person: whose.
    :param gait: None where the person does not walk.
    :param repetitions: None where nothing is repeated.
    :param moments: images to show.
    :param groups: panels of angles over time, per group.
    :param cycle_panels: of angles over the gait cycle or over repetitions.
    :param ranges: the table.
    :param flags: remarks.
    """

    person: PersonRecording
    gait: Gait | None
    repetitions: Repetitions | None
    moments: tuple[Moment, ...]
    groups: dict[str, list[Panel]]
    cycle_panels: list[Panel]
    ranges: list[RangeRow]
    flags: list[Flag]

    @property
    def events(self) -> list[Event]:
        """Steps, or repetitions."""
        if self.gait is not None:
            return list(self.gait.events)
        return self.repetitions.events if self.repetitions else []

    @property
    def counted(self) -> str:
        """Name the angle that was counted, for the page's template."""
        return title(self.repetitions.coordinate) if self.repetitions else ''


def describe_person(run: RunFolder, person: PersonRecording) -> PersonSection:
    """
    Find everything that the page says of a person.

    :param run: of the person.
    :param person: whose.
    """
    gait = find_gait(person)
    repetitions = None if gait else find_repetitions(person)
    events = list(gait.events) if gait else repetitions.events if repetitions else []
    return PersonSection(
        person=person,
        gait=gait,
        repetitions=repetitions,
        moments=tuple(_moments(person, gait, repetitions)),
        groups={
            group: panels
            for group, kinds in GROUPS.items()
            if (panels := [p for kind in kinds if (p := _time_panel(person, kind, events))])
        },
        cycle_panels=_gait_panels(person, gait) if gait else _rep_panels(person, repetitions),
        ranges=ranges_of(person),
        flags=flags_of(run, person),
    )


def _moments(
    person: PersonRecording, gait: Gait | None, repetitions: Repetitions | None
) -> list[Moment]:
    """Choose the pictures: through one stride, through one repetition, or evenly."""
    if gait is not None:
        side = 'left' if gait.strides_s('left') else 'right'
        strides = gait.strides_s(side)
        start, end = strides[len(strides) // 2]
        times = [start + share * (end - start) for share in (0.0, 0.25, 0.5, 0.75)]
        names = [f'{side} heel strike', '25 % of the cycle', '50 %', '75 %']
    elif repetitions is not None and repetitions.complete:
        one = repetitions.complete[len(repetitions.complete) // 2]
        times = [one.start_s, (one.start_s + one.extreme_s) / 2, one.extreme_s, one.end_s]
        names = ['start', 'on the way', 'furthest', 'end']
    else:
        seen_s = person.times_s[person.is_seen]
        shares = (np.arange(STILLS) + 0.5) / STILLS
        times = [float(np.quantile(seen_s, share)) for share in shares]
        names = [''] * STILLS
    seen = np.flatnonzero(person.is_seen)
    indices = [int(seen[np.argmin(np.abs(person.times_s[seen] - time))]) for time in times]
    return [
        Moment(index, ' · '.join(filter(None, (f'{person.times_s[index]:.2f} s', name))))
        for index, name in zip(indices, names, strict=True)
    ]


def unseen_spans(person: PersonRecording) -> list[tuple[float, float]]:
    """
    Give the spans of time in which the person was not seen.

    :param person: whose.
    """
    spans = []
    start: float | None = None
    for time_s, is_seen in zip(person.times_s, person.is_seen, strict=True):
        if not is_seen and start is None:
            start = float(time_s)
        elif is_seen and start is not None:
            spans.append((start, float(time_s)))
            start = None
    if start is not None:
        spans.append((start, float(person.times_s[-1])))
    return spans


def _time_panel(person: PersonRecording, kind: str, events: Sequence[Event]) -> Panel | None:
    curves = []
    for side, suffix in SIDES:
        name = kind + suffix
        if name in person.values and np.isfinite(person.values[name]).any():
            angle_deg = np.where(person.is_seen, person.angle_deg(name), np.nan)
            curves.append(Curve(person.times_s, angle_deg, np.degrees(person.stddev[name]), side))
    if not curves:
        return None
    axes = Axes(
        (float(person.times_s[0]), float(person.times_s[-1])),
        shaded=unseen_spans(person),
        marks=[(event.time_s, event.side or 'middle') for event in events],
        label=f'{MEANINGS[kind].title} over time, degrees',
    )
    return Panel(MEANINGS[kind].title, _hint(kind), draw_chart(curves, axes))


def _hint(kind: str) -> str:
    return f'↑ {MEANINGS[kind].positive} · ↓ {MEANINGS[kind].negative}'


def _gait_panels(person: PersonRecording, gait: Gait) -> list[Panel]:
    panels = []
    for kind in GAIT_KINDS:
        curves = []
        for side, suffix in SIDES[:2]:
            name = kind + suffix if kind + suffix in person.values else kind
            pieces = _pieces(person, name, gait.strides_s(side))
            if len(pieces):
                curves.append(_mean_curve(pieces, side))
        if curves:
            normal = load_normal_gait().curve(kind)
            panels.append(
                _cycle_panel(kind, [normal, *curves] if normal else curves, 'gait cycle')
            )
    return panels


def _rep_panels(person: PersonRecording, repetitions: Repetitions | None) -> list[Panel]:
    if repetitions is None or not repetitions.complete:
        return []
    spans = [(one.start_s, one.end_s) for one in repetitions.complete]
    counted = kind_and_side(repetitions.coordinate)[0]
    beside = ('hip_flexion', 'ankle_angle') if counted == 'knee_angle' else ('elbow_flex',)
    panels = []
    for kind in dict.fromkeys((counted, *beside, 'lumbar_extension')):
        curves = []
        for side, suffix in SIDES:
            if kind + suffix in person.values:
                pieces = _pieces(person, kind + suffix, spans)
                curves += [Curve(CYCLE_PERCENT, piece, kind=f'thin {side}') for piece in pieces]
                curves.append(Curve(CYCLE_PERCENT, pieces.mean(axis=0), kind=side))
        if curves:
            panels.append(_cycle_panel(kind, curves, 'repetition'))
    return panels


def _pieces(
    person: PersonRecording, name: str, spans_s: Sequence[tuple[float, float]]
) -> FloatArray:
    return laid_over(person.times_s, person.angle_deg(name), spans_s)


def _mean_curve(pieces: FloatArray, kind: str) -> Curve:
    half = pieces.std(axis=0) if len(pieces) > 1 else None
    return Curve(CYCLE_PERCENT, pieces.mean(axis=0), half, kind)


def _cycle_panel(kind: str, curves: list[Curve], cycle: str) -> Panel:
    heading = MEANINGS[kind].title
    axes = Axes((0.0, 100.0), '%', label=f'{heading} over the {cycle}, degrees')
    return Panel(heading, _hint(kind), draw_chart(curves, axes))
