"""``biopose evaluate mesh-ablations``: what each part of the mesh network is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Encoder, JsonFile


def evaluate_mesh_ablations(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, help='Folder of a training by `biopose train mesh`, with its maps.'
        ),
    ],
    json_file: JsonFile = None,
    encoder: Encoder = 'heavy',
    images: Annotated[int, typer.Option(min=64, help='Images to learn from.')] = 6000,
    steps: Annotated[int, typer.Option(min=1, help='Of each training.')] = 250,
    seed: Annotated[int, typer.Option(help='Of weights and order.')] = 0,
) -> None:
    """Train the mesh network and variants of it, equally short, on the same images."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.mesh_recovery.ablations import AblationConfig, compare_variants
    from biopose_ros.evaluation.tables import side_by_side

    console = Console()
    config = AblationConfig(images=images, steps=steps, seed=seed)
    done: dict[str, dict[str, float]] = {}

    def report(name: str, figures: dict[str, float]) -> None:
        done[name] = figures
        write_figures(json_file, done)
        console.print(f'{name}: {figures["pa_mpjpe_mm"]:.1f} mm PA-MPJPE')

    compare_variants(encoder, folder, config, report)
    console.print(side_by_side(done, '.4g', 'variant', is_turned=True))
