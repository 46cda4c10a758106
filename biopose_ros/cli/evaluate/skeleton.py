"""``biopose evaluate skeleton``: kinematics and inverse kinematics against OpenSim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile


def evaluate_skeleton(
    json_file: JsonFile = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, help='An .osim file to check besides the default one; may be repeated.'
        ),
    ] = None,
    poses: Annotated[int, typer.Option(min=1, help='Random poses for forward kinematics.')] = 1000,
    frames: Annotated[int, typer.Option(min=2, help='Frames for inverse kinematics.')] = 200,
) -> None:
    """Compare the skeleton's kinematics and its solver with OpenSim's, in accuracy and time."""
    try:
        import opensim  # noqa: F401
    except ImportError as error:
        raise typer.BadParameter(
            'this comparison needs OpenSim: pip install opensim', param_hint='evaluate skeleton'
        ) from error
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.skeleton.kinematics import compare_with_opensim
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.skeleton import load_skeleton

    skeletons = [load_skeleton(path) for path in (None, *(model or []))]
    console = Console()
    with Progress(console=console, transient=True) as progress:
        results = compare_with_opensim(skeletons, poses, frames, progress)
    console.print(side_by_side(results['models'], title='Skeleton against OpenSim'))
    write_figures(json_file, results)
