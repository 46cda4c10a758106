"""``biopose evaluate points``: errors and covariance of hands, joints and feet on real views."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from biopose_ros.cli.evaluate.video import default_data
from biopose_ros.cli.options import Device, Height, JsonFile, Method, RealClips

_FIGURES = {
    'median_m': ('median m', '.3f'),
    'late_m': ('95 % m', '.3f'),
    'within_1_sigma': ('within 1 sigma', '.0%'),
    'within_2_sigma': ('2 sigma', '.0%'),
    'nearer_than_bound': ('nearer than bound', '.1%'),
}


def evaluate_points(
    data: RealClips = None,
    json_file: JsonFile = None,
    method: Method = 'biopose',
    height: Height = None,
    view: Annotated[
        list[str] | None, typer.Option(help='View to run, for example cam01; default all.')
    ] = None,
    device: Device = 'auto',
) -> None:
    """Compare body points from single views, and their covariance, with the truth of all views."""
    from dataclasses import asdict

    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.evaluation.person import body_points
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console = Console(markup=False)
    results = body_points.evaluate_points(
        data or default_data(),
        PipelineConfig(
            method=method,
            device=device,
            height_m=height,
            detection=DetectionConfig(max_persons=1),
        ),
        view,
        partial(track_frames, console=console),
    )
    figures = {name: asdict(one) for name, one in results.items()}
    console.print(side_by_side(figures, _FIGURES, 'point', is_turned=True))
    write_figures(json_file, {method: figures})
