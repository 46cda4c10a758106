"""``biopose build skeleton``: write the default skeleton's .osim and .urdf files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_skeleton(
    out: Annotated[
        Path | None, typer.Option(help='Folder to write to; the package config folder if absent.')
    ] = None,
) -> None:
    """Write the default skeleton's .osim and .urdf from its one description."""
    from biopose_ros.resources import resource_path
    from biopose_ros.skeleton.build import write_default_files

    folder = out or resource_path('config/skeleton')
    folder.mkdir(parents=True, exist_ok=True)
    written = write_default_files(folder)
    for path in written:
        typer.echo(f'wrote {path}')
    if not written:
        typer.echo(f'{folder} is up to date')
