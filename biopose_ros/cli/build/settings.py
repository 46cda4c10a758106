"""``biopose build settings``: the parameter file and the table of settings, from the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_settings(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help='The checkout.')
    ] = Path(),
) -> None:
    """Write config/pose.yaml and docs/settings.md again from the declared settings."""
    from biopose_ros.settings.pages import parameter_file, settings_page

    for path, text in (
        (folder / 'config/pose.yaml', parameter_file()),
        (folder / 'docs/settings.md', settings_page()),
    ):
        path.write_text(text)
        typer.echo(f'{path} written')
