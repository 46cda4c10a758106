"""``biopose data``: bring recorded motion, anthropometry and real clips here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help='Data to train and check with.', no_args_is_help=True)


@app.callback()
def data() -> None:
    """Keep ``fetch`` a command of its own, although it is the only one."""


@app.command()
def fetch(
    out: Annotated[Path, typer.Argument(help='Folder for the data; started again, it goes on.')],
    source: Annotated[
        Path | None,
        typer.Option(
            '--from', exists=True, file_okay=False,
            help='Folder with motion/, reference/, real/: what lies there is not fetched.',
        ),
    ] = None,
) -> None:  # fmt: skip
    """Fetch the data from their public repositories with git, check and convert them."""
    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.training.sources.catalogue import read_catalogue
    from biopose_ros.training.sources.fetch import FetchError, fetch_missing, take_from

    with shown_errors(FetchError, ValueError, OSError):
        if source is not None:
            for name in take_from(source, out):
                typer.echo(f'{name}: taken from {source}')
        fetch_missing(read_catalogue(), out, typer.echo)
    typer.echo(f'all data in {out}; biopose train all OUT --data {out} uses them')
