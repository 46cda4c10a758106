"""``biopose compare``: two motion files of the same movement, coordinate by coordinate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import JsonFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from biopose_ros.reports.comparison import CoordinateComparison


def compare(
    motion: Annotated[
        Path, typer.Argument(metavar='A.mot', exists=True, help='Motion to judge, .mot or .sto.')
    ],
    reference: Annotated[
        Path, typer.Argument(metavar='B.mot', exists=True, help='What it is compared with.')
    ],
    align: Annotated[
        bool,
        typer.Option('--align', help='The clocks differ: find the shift between them first.'),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help='Draw the curves and their differences: .png, .svg, .pdf.')
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Compare the angles of two motion files: delay, gain, offset, errors, correlation."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.files.mot import read_mot
    from biopose_ros.reports.comparison import compare_motions

    console = Console(markup=False)
    with shown_errors(OSError, ValueError):
        results = compare_motions(read_mot(motion), read_mot(reference), align=align)
    console.print(_table(results))
    console.print(
        'Differences are A - B; lag is positive where A is later; gain below 1: movements of A '
        'are too small.\nLimits: 95 % of the differences, after Bland and Altman.'
    )
    if plot is not None:
        from biopose_ros.reports.comparison_plot import draw_comparison

        draw_comparison(results, plot)
        console.print(f'plot: {plot}')
    write_figures(json_file, {name: one.figures() for name, one in results.items()})


def _table(results: Mapping[str, CoordinateComparison]) -> Table:
    from rich.table import Table

    table = Table('', title='A against B, degrees')
    for column in ('MAE', 'RMSE', 'offset', 'limits', 'lag, ms', 'gain', 'r'):
        table.add_column(column, justify='right')
    for name, one in results.items():
        low, high = one.limits_deg
        table.add_row(
            name,
            f'{one.mae_deg:.1f}',
            f'{one.rmse_deg:.1f}',
            f'{one.offset_deg:+.1f}',
            f'{low:.1f} to {high:.1f}',
            *(
                '-' if number != number else text
                for number, text in (
                    (one.lag_s, f'{1e3 * one.lag_s:.0f}'),
                    (one.gain, f'{one.gain:.2f}'),
                    (one.r, f'{one.r:.2f}'),
                )
            ),
        )
    return table
