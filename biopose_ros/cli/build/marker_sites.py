"""``biopose build marker-sites``: the mean body's virtual markers on the default skeleton."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_marker_sites(
    out: Annotated[
        Path | None, typer.Option(help='File to write; the one in the package if absent.')
    ] = None,
) -> None:
    """Write where the mean body's virtual markers sit on the default skeleton."""
    from biopose_ros.body import load_body
    from biopose_ros.resources import resource_path
    from biopose_ros.training.labels.marker_sites import marker_sites
    from biopose_ros.virtual_markers.on_skeleton import SITES

    path = out or resource_path('config/skeleton') / Path(SITES).name
    path.write_text(marker_sites(load_body()))
    typer.echo(f'wrote {path}')
