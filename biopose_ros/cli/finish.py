"""``biopose finish``: complete the files of a run that was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.errors import shown_errors


def finish(
    folder: Annotated[
        Path, typer.Argument(metavar='DIR', exists=True, help='The --out of the run.')
    ],
) -> None:
    """Complete what a run left on the disk when it was killed, or the disk was full."""
    from rich.console import Console

    from biopose_ros.cli.run import print_summary
    from biopose_ros.files.results import finish_run

    console = Console(markup=False)
    with shown_errors(OSError, ValueError):
        summary = finish_run(folder)
    print_summary(summary, folder, console)
