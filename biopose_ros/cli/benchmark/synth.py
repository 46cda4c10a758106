"""``biopose benchmark synth``: how many training images are drawn in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile


def benchmark_synth(
    seconds: Annotated[float, typer.Option(min=1.0, help='How long to draw.')] = 20.0,
    workers: Annotated[int, typer.Option(min=0, help='Processes that draw.')] = 2,
    motion: Annotated[Path | None, typer.Option(help='Folder of recorded motion (*.npz).')] = None,
    json: JsonFile = None,
) -> None:
    """Draw 256x256 images with all their truth, as training does, and count."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.speed.synthesis import measure_speed
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    try:
        generator = build_generator(SynthesisConfig(motion_folder=motion))
    except ValueError as error:
        typer.secho(str(error), err=True, fg='red')
        raise typer.Exit(1) from None
    speed = measure_speed(generator, seconds, workers)
    table = Table('what', 'value')
    for name, value in asdict(speed).items():
        table.add_row(name, f'{value:.4g}')
    Console().print(table)
    write_figures(json, asdict(speed))
