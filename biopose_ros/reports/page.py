"""The report: one page of HTML that needs nothing but itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from biopose_ros.files.frames import ImageArray
from biopose_ros.reports.angle_figures import angle_figures
from biopose_ros.reports.events import write_events
from biopose_ros.reports.gait import known_mean
from biopose_ros.reports.normal_gait import load_normal_gait
from biopose_ros.reports.person_section import PersonSection, describe_person
from biopose_ros.reports.ranges import RangeRow
from biopose_ros.reports.results import OVERLAY, PersonRecording, RunFolder, read_run
from biopose_ros.reports.stills import Still, find_source, read_pictures, scene, still
from biopose_ros.resources import resource_path

REPORT, EVENTS = 'report.html', 'events.csv'
# Persons seen in fewer images have no section of the page.
LEAST_IMAGES = 10
_SPAN_WIDTH, _SPAN_HEIGHT = 190, 22


def write_report(folder: Path, video: Path | None = None) -> Path:
    """
    Write ``report.html`` into a results folder, and ``events.csv`` beside each person's files.

    :param folder: of ``biopose run``.
    :param video: the pictures, where they lie no more where the run found them.
    :returns: the page.
    :raises ValueError: when the folder holds no run, or the video cannot be read.
    """
    run = read_run(folder)
    known = [p for p in run.persons if np.count_nonzero(p.is_seen) >= LEAST_IMAGES]
    # Persons who walk or exercise come first, then those seen longest.
    sections = sorted((describe_person(run, person) for person in known), key=_interest)
    for section in sections:
        write_events(section.person.folder / EVENTS, section.events)
    source = find_source(run, video)
    whole, pictures = _pictures(run, sections, source)
    page = (
        _environment()
        .get_template('page.html')
        .render(
            name=Path(str(run.summary['input'])).name,
            summary=run.summary,
            sections=sections,
            brief=[p.person_id for p in run.persons if p not in known],
            scene=whole,
            pictures=pictures,
            no_pictures=_no_pictures(run, source),
            presence=[_presence(run, section.person) for section in sections],
            clock=_clock(run),
            settings=_settings(run),
            explained=angle_figures(),
            normal_gait=load_normal_gait().source,
        )
    )
    path = folder / REPORT
    path.write_text(page, encoding='utf-8')
    return path


def _environment() -> Environment:
    folder = resource_path('config/report')
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        number=_number,
        mean=known_mean,
        span=_span,
        style=Markup((folder / 'style.css').read_text()),
    )
    return environment


def _interest(section: PersonSection) -> tuple[bool, bool, int]:
    repeats = section.repetitions is not None
    return section.gait is None, not repeats, -int(np.count_nonzero(section.person.is_seen))


def _pictures(
    run: RunFolder, sections: Sequence[PersonSection], source: Path | None
) -> tuple[Still | None, dict[str, list[Still]]]:
    """Take the page's pictures out of the recording, in one pass."""
    if source is None or not sections:
        return None, {}
    everybody_s = _best_time_s([section.person for section in sections])
    times_s = [everybody_s] + [
        float(section.person.times_s[moment.index])
        for section in sections
        for moment in section.moments
    ]
    found = read_pictures(run, source, times_s)
    is_drawn = source.name == OVERLAY
    stills: dict[str, list[Still]] = {}
    for section in sections:
        for moment in section.moments:
            picture = found.get(float(section.person.times_s[moment.index]))
            if picture is not None and _fits(run, picture):
                one = still(
                    run, section.person, picture, moment.index, moment.caption, is_drawn=is_drawn
                )
                stills.setdefault(section.person.person_id, []).append(one)
    whole = found.get(everybody_s)
    if whole is None or not _fits(run, whole):
        return None, stills
    return scene(run, whole, everybody_s, is_drawn=is_drawn), stills


def _fits(run: RunFolder, picture: ImageArray) -> bool:
    """Whether a picture has the size that the angles were computed from (an odd side is cut)."""
    height, width = picture.shape[:2]
    return abs(width - run.camera.width_px) <= 1 and abs(height - run.camera.height_px) <= 1


def _best_time_s(persons: Sequence[PersonRecording]) -> float:
    """When most persons are seen, at the middle of such images."""
    times_s = np.unique(np.concatenate([person.times_s for person in persons]))
    seen = sum(np.isin(times_s, person.times_s[person.is_seen]).astype(int) for person in persons)
    best = np.flatnonzero(seen == np.max(seen))
    return float(times_s[best[len(best) // 2]])


def _no_pictures(run: RunFolder, source: Path | None) -> str:
    if source is None:
        return f'{run.summary["input"]} is not there any more; --video FILE brings the pictures.'
    return f'{source} shows none of these moments in this size; --video FILE names another.'


def _clock(run: RunFolder) -> tuple[float, float]:
    ends = [(p.times_s[0], p.times_s[-1]) for p in run.persons if len(p.times_s)]
    start_s = min((start for start, _ in ends), default=0.0)
    end_s = max((end for _, end in ends), default=0.0)
    # The recording may begin before the first person is seen.
    start_s = 0.0 if 0.0 < start_s < float(run.summary['duration_s'] or 0.0) else start_s
    return float(start_s), float(max(end_s, start_s + float(run.summary['duration_s'] or 0.0)))


def _presence(run: RunFolder, person: PersonRecording) -> list[tuple[float, float]]:
    """Spans in which somebody was seen: start and width, percent of the recording."""
    start_s, end_s = _clock(run)
    step_s = float(np.median(np.diff(person.times_s)))
    span_s = max(end_s - start_s, step_s)
    seen_s = person.times_s[person.is_seen]
    pieces = np.split(seen_s, np.flatnonzero(np.diff(seen_s) > 1.5 * step_s) + 1)
    return [
        (100.0 * (piece[0] - start_s) / span_s, 100.0 * (piece[-1] - piece[0] + step_s) / span_s)
        for piece in pieces
    ]


def _settings(run: RunFolder) -> list[tuple[str, str]]:
    summary, camera = run.summary, run.summary['camera']
    focal_px = camera['intrinsics_px'][0][0]
    kind = 'calibrated' if camera['is_calibrated'] else 'a guess, ±10 %'
    smoothing = f'{summary["smoothing"]:g}' + (
        ', with what came before and after' if summary['looks_ahead'] else ', causal'
    )
    is_level = camera.get('is_level', True)  # runs of older releases say nothing
    tilt = (
        f'pitch {math.degrees(camera["pitch_rad"]):.1f}°, '
        f'roll {math.degrees(camera["roll_rad"]):.1f}°, '
    )
    mounted = (tilt if is_level else 'tilt not known, the ground leans with the camera, ') + (
        f'height {camera["height_m"]:.2f} m' if camera['height_m'] else 'height not given'
    )
    return [
        ('input', str(summary['input'])),
        ('method', f'{summary["method"]}, network {summary["network"]}, on {summary["device"]}'),
        ('model', f'{summary["model"]}; scaled for each person: person_*/model.osim'),
        (
            'camera',
            f'{camera["width_px"]} x {camera["height_px"]}, focal {focal_px:.0f} px ({kind})',
        ),
        ('mounting', mounted),
        ('stature', f'{summary["height_m"]:.2f} m, given' if summary['height_m'] else 'estimated'),
        ('smoothing', smoothing),
        ('versions', ', '.join(f'{name} {v}' for name, v in summary['versions'].items())),
    ]


def _number(value: float, digits: int) -> str:
    return f'{value:.{digits}f}' if math.isfinite(value) else '–'


def _span(row: RangeRow) -> Markup:
    """Draw a row's ranges on one scale, -180 to 180 degrees, zero marked."""
    both: list[tuple[str, Any]] = [('right' if row.left else 'middle', row.right)]
    both += [('left', row.left)] if row.left else []
    scale = _SPAN_WIDTH / 360.0
    bars = ''
    for place, (kind, one) in enumerate(both):
        low, high = (float(np.clip(v, -180, 180)) for v in (one.low, one.high))
        y = 5 + 7 * place if row.left else 8
        bars += (
            f'<rect class="{kind}" x="{(low + 180) * scale:.1f}" y="{y}" rx="2" '
            f'width="{max(2.0, (high - low) * scale):.1f}" height="5"/>'
        )
    return Markup(
        f'<svg class="span" viewBox="0 0 {_SPAN_WIDTH} {_SPAN_HEIGHT}" aria-hidden="true">'
        f'<path d="M{_SPAN_WIDTH / 2} 2V20"/>{bars}</svg>'
    )
