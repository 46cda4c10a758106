"""``biopose evaluate filtering``: jitter at rest against lag in fast motion."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Device, JsonFile, RealClips

_FIGURES = {
    'jitter_deg': ('jitter, deg', '.2f'),
    'lag_ms': ('lag, ms', '.2f'),
    'fast_error_deg': ('fast, deg', '.2f'),
    'error_deg': ('error, deg', '.2f'),
    'velocity_slope': ('velocity slope', '.2f'),
    'velocity_error': ('velocity error', '.2f'),
    'spike_deg': ('spike, deg', '.2f'),
    'within_1_sigma': ('1 sigma', '.2f'),
    'within_2_sigma': ('2 sigma', '.2f'),
}


def evaluate_filtering(
    data: RealClips = None,
    motion: Annotated[
        Path | None,
        typer.Option(
            exists=True, help='Folder of recorded motion; default ../shared/data/motion.'
        ),
    ] = None,
    json_file: JsonFile = None,
    plot: Annotated[Path | None, typer.Option(help='Draw the trade-off to this file.')] = None,
    method: Annotated[str, typer.Option(help='Whose errors are filtered.')] = 'landmarks',
    device: Device = 'auto',
) -> None:
    """Compare filters over time with real errors on recorded motion; draw the trade-off."""
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.evaluation.person import filtering
    from biopose_ros.evaluation.person.filtering_plot import draw_trade_off
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console = Console(markup=False)
    movements = filtering.held_out_motion(motion or default_data().parent / 'motion')
    errors = filtering.recorded_errors(
        data or default_data(),
        PipelineConfig(method=method, device=device, detection=DetectionConfig(max_persons=1)),
        partial(track_frames, console=console),
    )
    with Progress(console=console) as bar:
        task = bar.add_task('filters', total=sum(map(len, filtering.filters().values())))
        results = filtering.evaluate_filtering(errors, movements, lambda: bar.advance(task))
    rows = {
        f'{family} {setting}': row
        for family, settings in results.items()
        if isinstance(settings, dict)
        for setting, row in settings.items()
    }
    results['method'] = method
    console.print(side_by_side(rows, _FIGURES, 'filter, setting', is_turned=True))
    console.print(f'new in each image: {100 * results["fresh_share"]:.0f} % of the variance')
    write_figures(json_file, results)
    if plot is not None:
        draw_trade_off(results, plot)
