"""``biopose build evidence``: what the networks say on rendered sequences, for NeurIK."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Encoder, MotionFolder, Split


def build_evidence(
    folder: Annotated[
        Path, typer.Argument(help='For the shards and <folder>.npz; a stopped run goes on.')
    ],
    frames: Annotated[int, typer.Option(min=1, help='How many, at least.')] = 40_000,
    split: Split = 'train',
    seed: Annotated[
        int, typer.Option(min=0, help='Of the sequences; not that of other trainings.')
    ] = 11,
    motion: MotionFolder = None,
    encoder: Encoder = 'heavy',
    weights: Annotated[
        Path | None, typer.Option(exists=True, help='Of mesh recovery; else those that ship.')
    ] = None,
    activity: Annotated[
        list[str] | None,
        typer.Option(help='Word that activities must have, for example react_idle; repeatable.'),
    ] = None,
    facing: Annotated[
        float, typer.Option(help='Greatest angle between persons and the way to the camera.')
    ] = 180.0,
    workers: Annotated[int, typer.Option(min=1, help='Processes.')] = 2,
) -> None:
    """Show image sequences to detector and mesh network, and keep their words with the truth."""
    from rich.console import Console

    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.cli.progress import Bars
    from biopose_ros.training.neurik.render_evidence import RenderConfig, render_evidence
    from biopose_ros.training.synthesis.setup import SynthesisConfig

    console = Console(markup=False)
    with shown_errors(ValueError, RuntimeError):
        images = SynthesisConfig(
            split, seed, motion, activities=tuple(activity or ()), facing_deg=facing
        )
        config = RenderConfig(images, encoder, weights)
        with Bars(console=console) as bar:
            task = bar.add_task('Rendering', total=frames)
            evidence = render_evidence(
                folder, config, frames, workers,
                lambda done, _: bar.update(task, completed=done),
            )  # fmt: skip
    path = folder.with_name(f'{folder.name}.npz')
    evidence.save(path)
    console.print(f'{len(evidence.angles_rad)} frames of {len(evidence.names)} sequences: {path}')
