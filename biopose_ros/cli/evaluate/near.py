"""``biopose evaluate near``: people who come near, are cut by the image, or lie."""

from __future__ import annotations

from typing import Annotated

import typer

from biopose_ros.cli.options import AnyNetwork, Device, JsonFile, RealClips

_TABLES = {
    'faults': (
        *('images', 'found', 'tracked', 'ghosts', 'front_back_flips', 'distance_within_2_sigma'),
        *('sure', 'wrong_and_sure'),
    ),
    'what is known: median error and stated deviation': (
        *('confidence', 'depth_error_m', 'depth_stddev_m', 'knee_error_deg', 'knee_stddev_deg'),
        *('hip_error_deg', 'hip_stddev_deg', 'elbow_error_deg', 'elbow_stddev_deg'),
    ),
}


def evaluate_near(
    data: RealClips = None,
    json_file: JsonFile = None,
    clip: Annotated[
        list[str] | None, typer.Option(help='Clip to run, for example cam01; default all.')
    ] = None,
    every: Annotated[int, typer.Option(min=1, help='Take every n-th picture.')] = 1,
    network: AnyNetwork = 'auto',
    device: Device = 'auto',
) -> None:
    """Measure ghosts, flips and false certainty on cut, zoomed and turned real clips."""
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.near.clips import load_clips
    from biopose_ros.evaluation.near.measure import by_version, figures, measure
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console = Console(markup=False)
    pipeline = Pipeline(PipelineConfig(device=device, detection=DetectionConfig(model=network)))
    clips = load_clips(data or default_data(), every)
    chosen = [one for one in clips if not clip or one.name in clip]
    if not chosen:
        names = ', '.join(one.name for one in clips)
        raise ValueError(f'no clip {clip}; choose from {names}')
    found = measure(
        pipeline, chosen, lambda cuts, name: track(cuts, name, console=console, transient=True)
    )
    results = by_version(found)
    for title, columns in _TABLES.items():
        table = Table('', *(name.replace('_', ' ') for name in columns), title=title)
        for version, row in results.items():
            table.add_row(version, *(_text(row[name]) for name in columns))
        console.print(table)
    per_clip = {f'{name}/{version}': figures([rows]) for (name, version), rows in found.items()}
    write_figures(json_file, {**results.pop('all'), 'versions': results, 'clips': per_clip})


def _text(value: float) -> str:
    return str(value) if isinstance(value, int) else f'{value:.3g}'
