"""``biopose evaluate video``: the error of joint angles on real views with multi-view truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from biopose_ros.cli.options import (
    AnyNetwork,
    Body,
    Device,
    Height,
    JsonFile,
    MeshWeights,
    Method,
    NeurikWeights,
    Osim,
    RealClips,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from biopose_ros.evaluation.angles.limb_directions import DirectionResult
    from biopose_ros.evaluation.angles.video import ViewResult

_Result = TypeVar('_Result')


def evaluate_video(
    data: RealClips = None,
    json_file: JsonFile = None,
    method: Method = 'biopose',
    network: AnyNetwork = 'auto',
    mesh_weights: MeshWeights = None,
    neurik_weights: NeurikWeights = None,
    body: Body = None,
    osim: Osim = None,
    height: Height = None,
    view: Annotated[
        list[str] | None,
        typer.Option(help='View to run, for example cam01, or sit_to_stand; default all.'),
    ] = None,
    details: Annotated[
        bool, typer.Option('--details', help='Also per coordinate, and 2D keypoint errors.')
    ] = False,
    looks_ahead: Annotated[
        bool,
        typer.Option('--look-ahead', help='What comes after a picture counts, as in biopose run.'),
    ] = False,
    device: Device = 'auto',
) -> None:
    """Compare joint angles from each single view with the truth of all views."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.evaluation.angles.limb_directions import CLIP as DIRECTIONS_CLIP
    from biopose_ros.evaluation.angles.video import evaluate_directions, evaluate_views
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console, data = Console(markup=False), data or default_data()
    watch = partial(track_frames, console=console)
    config = PipelineConfig(
        method=method,
        device=device,
        mesh_weights=mesh_weights,
        neurik_weights=neurik_weights,
        body=body,
        osim=osim,
        height_m=height,
        detection=DetectionConfig(model=network, max_persons=1),
    )
    views = [name for name in view or () if name != DIRECTIONS_CLIP]
    # A list of the sit_to_stand clip alone runs none of the four views.
    results = {}
    if views or not view:
        results = evaluate_views(data, config, views, watch, looks_ahead)
    directions = None
    has_directions = (data / DIRECTIONS_CLIP).is_dir() and osim is None
    if has_directions and (not view or DIRECTIONS_CLIP in view):
        directions = evaluate_directions(data, config, watch, looks_ahead)
    if results:
        _print(results, method, details, console)
    if directions:
        _print_directions(directions, method, console)
    write_figures(json_file, report(results, directions, method))


def default_data() -> Path:
    """Name the folder of real clips beside the checkout."""
    return Path(__file__).resolve().parents[4] / 'shared' / 'data' / 'real'


def report(
    results: Mapping[str, ViewResult], directions: DirectionResult | None, method: str
) -> dict[str, dict[str, object]]:
    """
    Arrange the figures as the JSON file holds them: per clip, then per method.

    :param results: per view.
    :param directions: of the clip whose truth is limb directions.
    :param method: that they belong to.
    :returns: the views, ``mean`` over them, and ``sit_to_stand``.
    """
    from dataclasses import asdict

    from biopose_ros.evaluation.angles.limb_directions import CLIP as DIRECTIONS_CLIP
    from biopose_ros.evaluation.angles.video import mean_of_views

    figures: dict[str, dict[str, object]] = {
        clip: {method: asdict(result)} for clip, result in results.items()
    }
    if results:
        figures['mean'] = {method: mean_of_views(results)}
    if directions:
        figures[DIRECTIONS_CLIP] = {method: asdict(directions)}
    return figures


def _print_directions(result: DirectionResult, method: str, console: Console) -> None:
    from biopose_ros.evaluation.tables import side_by_side

    title = f'{method}: sit_to_stand, angles between limb directions, degrees'
    columns = {
        'error': result.mae_deg,
        'without offset': result.mae_deg_bias_corrected,
        'gain': result.gain,
        'offset in standing': result.standing_deg,
        'within 1 sigma': result.within_1_sigma,
    }
    console.print(
        side_by_side(columns, '.2f', '', title),
        f'{result.frames_compared} of {result.frames} pictures compared',
    )


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
    console.print(
        _columns('gain: slope of the estimate on the truth', results, lambda r: r.gain, 2)
    )
    console.print(_columns('share within 1 sigma', results, lambda r: r.within_1_sigma, 2))
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
            _columns('orientation in space, mean absolute error, degrees', results, _by_axis),
            _columns('2D distance to truth, pixels', results, lambda r: r.keypoint_error_px),
        )


def _by_axis(result: ViewResult) -> dict[str, float]:
    return {
        f'{segment} {axis}': error
        for segment, errors in result.segment_deg.items()
        for axis, error in errors.items()
    }


def _columns(
    title: str,
    results: Mapping[str, _Result],
    figures: Callable[[_Result], Mapping[str, float]],
    digits: int = 1,
) -> Table:
    """Lay out one row per group and one column per clip or view angle."""
    from biopose_ros.evaluation.tables import side_by_side

    found = {clip.split('/')[-1]: figures(result) for clip, result in results.items()}
    return side_by_side(found, f'.{digits}f', '', title)
