"""``biopose evaluate filtering``: jitter at rest against lag in fast motion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biopose_ros.cli.options import Device, JsonFile, RealClips

if TYPE_CHECKING:
    from rich.table import Table


def evaluate_filtering(
    data: RealClips = None,
    motion: Annotated[
        Path | None,
        typer.Option(help='Folder of recorded motion; default ../shared/data/motion.'),
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
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    console = Console()
    try:
        movements = filtering.held_out_motion(motion or default_data().parent / 'motion')
        errors = filtering.recorded_errors(
            data or default_data(),
            PipelineConfig(method=method, device=device, detection=DetectionConfig(max_persons=1)),
            lambda frames, name, count: track_frames(frames, count, name, console),
        )
    except (OSError, ValueError) as error:
        console.print(f'[red]error:[/] {error}', soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    with Progress(console=console) as bar:
        task = bar.add_task('filters', total=filtering.filter_count())
        results = filtering.evaluate_filtering(errors, movements, lambda: bar.advance(task))
    results['method'] = method
    console.print(_table(results))
    console.print(f'new in each image: {100 * results["fresh_share"]:.0f} % of the variance')
    write_figures(json_file, results)
    if plot is not None:
        draw_trade_off(results, plot)


def _table(results: Mapping[str, Any]) -> Table:
    from rich.table import Table

    columns = {
        'jitter_deg': 'jitter, deg',
        'lag_ms': 'lag, ms',
        'fast_error_deg': 'fast, deg',
        'error_deg': 'error, deg',
        'velocity_slope': 'velocity slope',
        'velocity_error': 'velocity error',
        'spike_deg': 'spike, deg',
        'within_1_sigma': '1 sigma',
        'within_2_sigma': '2 sigma',
    }
    table = Table('filter', 'setting', *columns.values())
    for family, rows in results.items():
        if not isinstance(rows, dict):
            continue
        for setting, row in rows.items():
            cells = ('-' if row[key] is None else f'{row[key]:.2f}' for key in columns)
            table.add_row(family, setting, *cells)
    return table
