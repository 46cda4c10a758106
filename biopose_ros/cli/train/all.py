"""``biopose train all``: every file that ships, from data and seeds alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train_all(
    out: Annotated[Path, typer.Argument(help='Folder for the files; started again, it goes on.')],
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False,
            help='Made by `biopose data fetch`; without it synthesised activities alone.',
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help='Step to leave out: the file that ships serves. May be given again.'),
    ] = None,
    tiny: Annotated[
        bool, typer.Option('--tiny', help='A few images and seconds each: tries the chain alone.')
    ] = False,
    listed: Annotated[
        bool, typer.Option('--list', help='Only show the steps and what is current.')
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help='Of bodies, images, motion, weights.')] = 0,
) -> None:  # fmt: skip
    """
    Make body, marker sites, detector, mesh recovery, NeurIK and certainty, one after the other.

    Steps whose result is current are skipped. Try the result with BIOPOSE_FILES=OUT biopose run.
    """
    from rich.console import Console
    from rich.table import Table

    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.resources import FILES_VARIABLE
    from biopose_ros.training.rebuild.records import Record
    from biopose_ros.training.rebuild.run import StepError, run_steps
    from biopose_ros.training.rebuild.steps import TINY, Sizes, all_steps

    console, out = Console(), out.resolve()
    with shown_errors(ValueError, StepError):
        place = data.resolve() if data else None
        steps = all_steps(out, place, TINY if tiny else Sizes(), seed, keep or ())
        if listed:
            table = Table('step', 'makes', 'state')
            for step in steps:
                state = 'current' if Record(out, step).is_current() else 'to do'
                table.add_row(step.name, '\n'.join(step.made), state)
            console.print(table)
            return
        run_steps(out, steps, lambda line: console.print(line, soft_wrap=True, markup=False))
    console.print(
        f'all files in {out}; try them with {FILES_VARIABLE}={out} biopose run VIDEO',
        soft_wrap=True,
    )
