"""``biopose report``: a results folder as one page to look at, print and send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.errors import shown_errors


def report(
    folder: Annotated[
        Path, typer.Argument(metavar='DIR', exists=True, help='Results of biopose run, its --out.')
    ],
    video: Annotated[
        Path | None,
        typer.Option(exists=True, help='The pictures, where they lie elsewhere by now.'),
    ] = None,
) -> None:
    """Write DIR/report.html, one page without network, and events.csv for each person."""
    from rich.console import Console

    from biopose_ros.reports.page import write_report

    console = Console(markup=False)
    with shown_errors(OSError, ValueError), console.status('drawing'):
        path = write_report(folder, video)
    console.print(f'report: {path}', soft_wrap=True)
