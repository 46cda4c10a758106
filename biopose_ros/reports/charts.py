"""
Curves as inline SVG, coloured by the page's style sheet.

Text and lines carry class names alone, so that one drawing serves light, dark and printed pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from biopose_ros.records import FloatArray

WIDTH, HEIGHT = 340, 176
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 10, 22
# More points than this cannot be seen in a panel.
_MOST_POINTS = 260
_STEPS = {
    's': (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600),
    '%': (20,),
    'degrees': (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 180, 360, 720),
}


@dataclass(frozen=True, eq=False)
class Curve:
    """
    One line, with a band around it.

    :param x: [samples].
    :param y: [samples], NaN breaks the line.
    :param half_band: [samples], half the width of the band; None draws none.
    :param kind: class name: ``right``, ``left``, ``middle``, ``reference`` or ``thin``.
    """

    x: FloatArray
    y: FloatArray
    half_band: FloatArray | None = None
    kind: str = 'middle'


@dataclass(frozen=True)
class Axes:
    """
    The frame of a panel.

    :param x_range: least and greatest value.
    :param x_unit: written behind the last tick.
    :param shaded: spans of x that are greyed: nothing was seen.
    :param marks: x of events and their class names.
    :param least_height: least span of the panel, degrees, so that noise looks small.
    :param label: read aloud in place of the drawing.
    """

    x_range: tuple[float, float]
    x_unit: str = 's'
    shaded: Sequence[tuple[float, float]] = ()
    marks: Sequence[tuple[float, str]] = ()
    least_height: float = 20.0
    label: str = ''


def draw_chart(curves: Sequence[Curve], axes: Axes) -> Markup:
    """
    Draw a panel.

    :param curves: in the order of painting; bands lie below all lines.
    :param axes: the frame.
    :returns: an ``<svg>`` element.
    """
    frame = _Frame(axes.x_range, _y_range(curves, axes.least_height))
    parts = [
        *(_shade(frame, span) for span in axes.shaded),
        *_grid(frame, axes.x_unit),
        *(_mark(frame, x, kind) for x, kind in axes.marks),
        *(_band(frame, curve) for curve in curves if curve.half_band is not None),
        *(_line(frame, curve) for curve in curves),
    ]
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(axes.label)}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class _Frame:
    """From values to places in the drawing."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, values: FloatArray | float) -> FloatArray:
        low, high = self.x_range
        share = (np.asarray(values, float) - low) / max(high - low, 1e-9)
        return np.asarray(LEFT + share * (WIDTH - LEFT - RIGHT))

    def y(self, values: FloatArray | float) -> FloatArray:
        low, high = self.y_range
        share = (np.asarray(values, float) - low) / max(high - low, 1e-9)
        return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))


def _y_range(curves: Sequence[Curve], least: float) -> tuple[float, float]:
    values = [edge for curve in curves for edge in _edges(curve)] or [np.zeros(1)]
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    if not len(known):
        return -least / 2, least / 2
    low, high = float(known.min()), float(known.max())
    margin = 0.08 * (high - low) + max(0.0, least - (high - low)) / 2
    return low - margin, high + margin


def _edges(curve: Curve) -> list[FloatArray]:
    """Give what must be in the panel: a reference whole, of other bands only their middle."""
    if curve.kind != 'reference' or curve.half_band is None:
        return [curve.y]
    return [curve.y - curve.half_band, curve.y + curve.half_band]


def ticks(low: float, high: float, unit: str, most: int) -> list[float]:
    """
    Choose round values for an axis.

    :param low: least value.
    :param high: greatest value.
    :param unit: ``s``, ``%`` or ``degrees``.
    :param most: greatest number of steps.
    """
    span = max(high - low, 1e-6)
    step = next((step for step in _STEPS[unit] if span / step <= most), span / most)
    numbers = range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)
    return [number * step for number in numbers]


def _grid(frame: _Frame, x_unit: str) -> Iterable[str]:
    for value in ticks(*frame.y_range, 'degrees', most=5):
        y = float(frame.y(value))
        kind = 'zero' if abs(value) < 1e-9 else 'grid'
        yield f'<path class="{kind}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 5}" y="{y + 3:.1f}" class="y">{value:g}</text>'
    places = ticks(*frame.x_range, x_unit, most=8)
    for value in places:
        x = float(frame.x(value))
        unit = f'&#8239;{x_unit}' if value == places[-1] else ''
        yield f'<text x="{x:.1f}" y="{HEIGHT - 7}" class="x">{value:g}{unit}</text>'


def _shade(frame: _Frame, span: tuple[float, float]) -> str:
    start, end = (float(frame.x(np.clip(x, *frame.x_range))) for x in span)
    height = HEIGHT - TOP - BOTTOM
    place = f'x="{start:.1f}" y="{TOP}" width="{end - start:.1f}" height="{height}"'
    return f'<rect class="gap" {place}/>'


def _mark(frame: _Frame, x: float, kind: str) -> str:
    place = float(frame.x(x))
    return f'<path class="mark {kind}" d="M{place:.1f} {HEIGHT - BOTTOM}v-7"/>'


def _line(frame: _Frame, curve: Curve) -> str:
    runs = _runs(curve.y)
    path = ''.join(_polyline(frame.x(curve.x[run]), frame.y(curve.y[run])) for run in runs)
    return f'<path class="line {curve.kind}" d="{path}"/>'


def _band(frame: _Frame, curve: Curve) -> str:
    assert curve.half_band is not None
    low, high = frame.y_range
    path = ''
    for run in _runs(curve.y + curve.half_band):
        x = frame.x(curve.x[run])
        middle, half = curve.y[run], curve.half_band[run]
        above, below = (np.clip(middle + sign * half, low, high) for sign in (1, -1))
        path += _polyline(x, frame.y(above))
        path += _polyline(x[::-1], frame.y(below)[::-1]).replace('M', 'L', 1) + 'Z'
    return f'<path class="band {curve.kind}" d="{path}"/>'


def _runs(values: FloatArray) -> list[np.ndarray]:
    """Give the samples of each unbroken piece, thinned to what can be seen."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    pieces = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    step = max(1, -(-len(values) // _MOST_POINTS))
    return [np.unique(np.append(piece[::step], piece[-1])) for piece in pieces]


def _polyline(x: FloatArray, y: FloatArray) -> str:
    return 'M' + 'L'.join(f'{a:.1f} {b:.1f}' for a, b in zip(x, y, strict=True))
