"""``biopose build motion-sheet``: stick figures of recorded and synthesised motion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def motion_sheet(
    output: Annotated[Path, typer.Argument(help='Picture to write (.png).')],
    motion: Annotated[
        Path | None,
        typer.Option(exists=True, help='Folder of recordings; none: everyday activities.'),
    ] = None,
    only: Annotated[str, typer.Option(help='Names of activities or files, comma-separated.')] = '',
    seed: Annotated[int, typer.Option(help='Of the synthesised clips.')] = 0,
    per_name: Annotated[int, typer.Option(min=1, help='Clips per activity or file.')] = 1,
    frames: Annotated[int, typer.Option(min=2, help='Moments per clip.')] = 8,
) -> None:
    """Draw a contact sheet of motion, to be looked at: front and right side of each moment."""
    import cv2
    from rich.console import Console

    from biopose_ros.training.motion.sheets import choose_clips, draw_sheet

    wanted = tuple(name.strip() for name in only.split(',') if name.strip())
    try:
        clips = choose_clips(motion, wanted, per_name, seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not cv2.imwrite(str(output), draw_sheet(clips, frames)):
        raise typer.BadParameter(f'{output} could not be written')
    Console().print(f'{len(clips)} clips drawn to {output}')
