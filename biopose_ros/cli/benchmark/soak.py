"""``biopose benchmark soak``: whether the node can run for hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import JsonFile, NodeParameters, SceneVideo

if TYPE_CHECKING:
    from biopose_ros.evaluation.speed.soak import SoakResult


def benchmark_soak(
    minutes: Annotated[float, typer.Option(min=0.1, help='How long to run.')] = 10.0,
    video: SceneVideo = None,
    parameter: NodeParameters = None,
    json: JsonFile = None,
) -> None:
    """
    Feed the node 30 Hz images as fast as it takes them; fail where something grows or breaks.

    People come and go, images are broken, the camera stalls. Exit status 1 where a check fails.
    """
    import os

    from rich.progress import Progress

    from biopose_ros.ros.dds_profile import large_image_environment

    os.environ.update(large_image_environment())
    from biopose_ros.cli.demo import demo_video
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.speed.live import LiveBenchmarkError
    from biopose_ros.evaluation.speed.scenes import SceneError, person_cells
    from biopose_ros.evaluation.speed.soak import node_command, soak
    from biopose_ros.pretrained.published_package import PackageError

    with shown_errors(LiveBenchmarkError, PackageError, SceneError, ValueError):
        cells = person_cells(video or demo_video())
        with Progress(transient=True) as progress:
            task = progress.add_task('soaking', total=1.0)
            result = soak(
                cells,
                minutes,
                node_command(parameter or ()),
                lambda part: progress.update(task, completed=part),
            )
    _print_result(result)
    write_figures(json, result.figures())
    if not result.is_passed:
        raise typer.Exit(1)


def _print_result(result: SoakResult) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table('check', 'holds', 'found')
    for item in result.checks:
        table.add_row(item.name, 'yes' if item.is_met else '[red]no', item.detail)
    console = Console()
    console.print(table)
    console.print(
        f'{result.images} images, {result.stamped_s / 60:.1f} minutes of a 30 Hz camera in '
        f'{result.wall_s / 60:.1f} minutes: {result.factor:.2f} times its speed'
    )
