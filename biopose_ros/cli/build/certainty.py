"""``biopose build certainty``: learn from rendered footage how sure poses are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import MotionFolder


def build_certainty(
    folder: Annotated[
        Path, typer.Argument(help='For the footage; sequences that exist are kept.')
    ],
    sequences: Annotated[int, typer.Option(min=1, help='Of the validation split.')] = 48,
    motion: MotionFolder = None,
    out: Annotated[
        Path | None, typer.Option(help='JSON file; else config/certainty.json.')
    ] = None,
) -> None:
    """Render footage of the validation split, run the pipeline over it, and fit the model."""
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.person.certainty import FILE
    from biopose_ros.resources import resource_path
    from biopose_ros.skeleton import load_skeleton
    from biopose_ros.training.certainty.fit import fit_certainty
    from biopose_ros.training.certainty.footage import film, load

    console = Console()
    with Progress(console=console) as bar:
        task = bar.add_task('Footage', total=sequences)
        film(folder, 'validation', sequences, motion, lambda: bar.advance(task))
    footage = load(folder, 'validation')
    path = out or resource_path(FILE)
    seen = len(set(footage.sequence.tolist()))
    fit_certainty(footage, load_skeleton()).save(
        path,
        f'biopose build certainty: {len(footage.sequence)} images of {seen} rendered sequences '
        'of the validation split',
    )
    console.print(f'{len(footage.sequence)} images of {seen} sequences: {path}')
