"""``biopose evaluate refinement-depth``: how deep query tokens should be free."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Encoder, JsonFile, Weights


def evaluate_refinement_depth(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, help='Folder of a training by `biopose train mesh`, with its maps.'
        ),
    ],
    json_file: JsonFile = None,
    encoder: Encoder = 'heavy',
    weights: Weights = None,
    images: Annotated[int, typer.Option(min=1, help='Validation images to refine.')] = 128,
    steps: Annotated[int, typer.Option(min=1, help='Gradient steps.')] = 10,
) -> None:
    """Move query tokens at each depth of the decoder, and measure what it brings and costs."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.mesh_recovery.refinement_depth import DepthConfig, compare_depths
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.mesh_recovery.mesh_file import default_weights, load_mesh_recovery

    console = Console()
    model, _ = load_mesh_recovery(weights or default_weights(encoder))
    figures = compare_depths(
        folder / f'validation_{encoder}',
        model,
        DepthConfig(images=images, steps=steps),
        lambda name, found: console.print(f'{name}: {found["mpjpe_mm"]:.2f} mm MPJPE'),
    )
    console.print(side_by_side(figures, '.4g', 'tokens are free', is_turned=True))
    write_figures(json_file, figures)
