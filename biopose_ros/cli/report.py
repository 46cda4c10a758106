"""``biopose report``: a results folder as one page to look at, print and send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[
        Path, typer.Argument(metavar='DIR', help='Results of biopose run, its --out.')
    ],
    video: Annotated[
        Path | None,
        typer.Option(exists=True, help='The pictures, where they lie elsewhere by now.'),
    ] = None,
) -> None:
    """Write DIR/report.html, one page without network, and events.csv for each person."""
    from rich.console import Console

    from biopose_ros.reports.page import write_report

    console = Console()
    try:
        with console.status('drawing'):
            path = write_report(folder, video)
    except (OSError, ValueError) as error:
        console.print(f'[red]error:[/] {error}', soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    console.print(f'report: {path}', soft_wrap=True)
