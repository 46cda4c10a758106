"""``biopose build normal-gait``: how healthy adults walk, for the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_normal_gait(
    source: Annotated[
        Path | None,
        typer.Option(
            '--from', exists=True, dir_okay=False,
            help='gait_normative.json; else it is fetched from its public repository with git.',
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help='File to write; that of the package config if absent.')
    ] = None,
) -> None:  # fmt: skip
    """Write the normal band of hip, knee and ankle over the gait cycle."""
    from tempfile import TemporaryDirectory

    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.reports.normal_gait import FILE
    from biopose_ros.resources import resource_path
    from biopose_ros.training.sources.fetch import FetchError, check_out
    from biopose_ros.training.sources.normal_gait import PATH, REPOSITORY, convert_normal_gait

    path = out or resource_path(FILE)
    with shown_errors(FetchError, ValueError, OSError), TemporaryDirectory() as folder:
        if source is None:
            check_out(REPOSITORY, Path(folder), [PATH])
        convert_normal_gait(source or Path(folder) / PATH, path)
    typer.echo(f'wrote {path}')
