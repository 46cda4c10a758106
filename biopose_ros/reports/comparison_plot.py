"""Two recordings as a picture: the curves, and their differences after Bland and Altman."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biopose_ros.reports.comparison import CoordinateComparison

COLUMNS = 3
MOTION, REFERENCE = '#0072b2', '#555555'


def draw_comparison(comparison: Mapping[str, CoordinateComparison], path: Path) -> None:
    """
    Draw every coordinate: curves above, differences over means below.

    :param comparison: per coordinate.
    :param path: ``.png``, ``.svg`` or ``.pdf``; its folder is made where absent.
    """
    rows = -(-len(comparison) // COLUMNS)
    figure = Figure(figsize=(5 * COLUMNS, 4.2 * rows), layout='constrained')
    axes = figure.subplots(2 * rows, COLUMNS, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for index, (name, one) in enumerate(comparison.items()):
        row, column = divmod(index, COLUMNS)
        _draw_curves(axes[2 * row, column], name, one, with_legend=index == 0)
        _draw_differences(axes[2 * row + 1, column], one)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _draw_curves(axis: Axes, name: str, one: CoordinateComparison, *, with_legend: bool) -> None:
    axis.set_axis_on()
    axis.plot(one.times_s, one.reference_deg, color=REFERENCE, lw=1.2, label='reference')
    axis.plot(one.times_s, one.motion_deg, color=MOTION, lw=1.6, label='motion')
    axis.set_title(
        f'{name}\nMAE {one.mae_deg:.1f}°, lag {1e3 * one.lag_s:.0f} ms, gain {one.gain:.2f}, '
        f'r {one.r:.2f}',
        fontsize=9,
        loc='left',
    )
    axis.set_ylabel('degrees')
    axis.set_xlabel('seconds', fontsize=8)
    axis.grid(alpha=0.25)
    if with_legend:
        axis.legend(fontsize=8, frameon=False)


def _draw_differences(axis: Axes, one: CoordinateComparison) -> None:
    axis.set_axis_on()
    means = (one.motion_deg + one.reference_deg) / 2
    axis.plot(means, one.motion_deg - one.reference_deg, '.', color=MOTION, ms=3, alpha=0.5)
    for level, style in ((one.offset_deg, '-'), *((limit, '--') for limit in one.limits_deg)):
        axis.axhline(level, color=REFERENCE, ls=style, lw=1)
        axis.annotate(
            f'{level:+.1f}',
            (1, level),
            (-3, 2),
            xycoords=('axes fraction', 'data'),
            textcoords='offset points',
            ha='right',
            fontsize=7,
        )
    axis.set_xlabel('mean of both, degrees', fontsize=8)
    axis.set_ylabel('difference')
    axis.grid(alpha=0.25)
