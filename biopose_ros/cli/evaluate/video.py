"""``biopose evaluate video``: the error of joint angles on real views with multi-view truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from biopose_ros.cli.options import (
    AnyNetwork,
    Device,
    Height,
    JsonFile,
    MeshWeights,
    Method,
    RealClips,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from biopose_ros.evaluation.angles.video import ViewResult

_Result = TypeVar('_Result')


def evaluate_video(
    data: RealClips = None,
    json_file: JsonFile = None,
    method: Method = 'biopose',
    network: AnyNetwork = 'auto',
    mesh_weights: MeshWeights = None,
    height: Height = None,
    view: Annotated[
        list[str] | None, typer.Option(help='View to run, for example cam01; default all.')
    ] = None,
    details: Annotated[
        bool, typer.Option('--details', help='Also per coordinate, and 2D keypoint errors.')
    ] = False,
    device: Device = 'auto',
) -> None:
    """Compare joint angles from each single view with the truth of all views."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.evaluation.angles.video import evaluate_views
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console = Console()
    try:
        results = evaluate_views(
            data or default_data(),
            PipelineConfig(
                method=method,
                device=device,
                mesh_weights=mesh_weights,
                height_m=height,
                detection=DetectionConfig(model=network, max_persons=1),
            ),
            view,
            lambda frames, name, count: track_frames(frames, count, name, console),
        )
    except (OSError, ValueError) as error:
        console.print(f'[red]error:[/] {error}', soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    _print(results, method, details, console)
    write_figures(json_file, report(results, method))


def default_data() -> Path:
    """Name the folder of real clips beside the checkout."""
    return Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'real'


def report(results: Mapping[str, ViewResult], method: str) -> dict[str, dict[str, object]]:
    """
    Arrange the figures as the JSON file holds them: per clip, then per method.

    :param results: per clip.
    :param method: that they belong to.
    """
    from dataclasses import asdict

    return {clip: {method: asdict(result)} for clip, result in results.items()}


def _print(
    results: Mapping[str, ViewResult], method: str, details: bool, console: Console
) -> None:
    from biopose_ros.evaluation.angles.view_angle import pooled

    title = f'{method}: mean absolute error, degrees'
    console.print(_columns(title, results, lambda result: result.mae_deg))
    console.print(
        _columns(
            f'{title}, constant offsets removed',
            results,
            lambda result: result.mae_deg_bias_corrected,
        )
    )
    by_angle = pooled([result.by_view_angle for result in results.values()])
    console.print(
        _columns(f'{title}, by view angle', by_angle, lambda result: result.mae_deg),
        _columns(
            f'{title}, by view angle, constant offsets removed',
            by_angle,
            lambda result: result.mae_deg_bias_corrected,
        ),
        'pictures: ' + ', '.join(f'{name} {one.frames}' for name, one in by_angle.items()),
    )
    for clip, result in results.items():
        if result.frames_compared < result.frames:
            console.print(
                f'{clip}: the person was found in {result.frames_compared} of '
                f'{result.frames} pictures; the others are not in the figures'
            )
    if details:
        console.print(
            _columns('mean absolute error, degrees', results, lambda r: r.coordinate_mae_deg),
            _columns(
                'mean of estimate - truth, degrees', results, lambda r: r.coordinate_bias_deg
            ),
            _columns('2D distance to truth, pixels', results, lambda r: r.keypoint_error_px),
        )


def _columns(
    title: str,
    results: Mapping[str, _Result],
    figures: Callable[[_Result], Mapping[str, float]],
) -> Table:
    """Lay out one row per group and one column per clip or view angle."""
    from rich.table import Table

    table = Table(title=title)
    table.add_column('')
    for clip in results:
        table.add_column(clip.split('/')[-1], justify='right')
    per_clip = [figures(result) for result in results.values()]
    for group in dict.fromkeys(name for values in per_clip for name in values):
        cells = (f'{values[group]:.1f}' if group in values else '-' for values in per_clip)
        table.add_row(group, *cells)
    return table
