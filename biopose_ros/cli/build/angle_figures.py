"""``biopose build angle-figures``: what each angle means, as a page with figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_angle_figures(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help='The checkout.')
    ] = Path(),
) -> None:
    """Write docs/angles.md and docs/images/angles/*.svg again from the default skeleton."""
    from biopose_ros.reports.angle_figures import angle_figures, angles_page, standalone

    images = folder / 'docs/images/angles'
    images.mkdir(parents=True, exist_ok=True)
    for figure in angle_figures():
        (images / f'{figure.kind}.svg').write_text(standalone(figure), encoding='utf-8')
    page = folder / 'docs/angles.md'
    page.write_text(angles_page(), encoding='utf-8')
    typer.echo(f'{page} and {images} written')
