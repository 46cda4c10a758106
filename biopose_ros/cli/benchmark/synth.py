"""``biopose benchmark synth``: how many training images are drawn in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile


def benchmark_synth(
    seconds: Annotated[float, typer.Option(min=1.0, help='How long to draw.')] = 20.0,
    workers: Annotated[int, typer.Option(min=0, help='Processes that draw.')] = 2,
    motion: Annotated[
        Path | None, typer.Option(exists=True, help='Folder of recorded motion (*.npz).')
    ] = None,
    json: JsonFile = None,
) -> None:
    """Draw 256x256 images with all their truth, as training does, and count."""
    from dataclasses import asdict

    from rich.console import Console

    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.speed.synthesis import measure_speed
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    with shown_errors(ValueError):
        generator = build_generator(SynthesisConfig(motion_folder=motion))
    speed = measure_speed(generator, seconds, workers)
    figures = asdict(speed)
    Console().print(side_by_side({'value': figures}, '.4g'))
    write_figures(json, figures)
