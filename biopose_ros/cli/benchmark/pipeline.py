"""``biopose benchmark``: how fast everything is here, and how fast what one would pick instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import Device, JsonFile, SceneVideo

if TYPE_CHECKING:
    from biopose_ros.evaluation.speed.report import Report


def benchmark(
    context: typer.Context,
    video: SceneVideo = None,
    seconds: Annotated[float, typer.Option(min=0.5, help='How long each part is measured.')] = 2.0,
    persons: Annotated[
        list[int] | None, typer.Option(help='Numbers of persons; may repeat. Default: 1, 4, 8.')
    ] = None,
    device: Device = 'auto',
    live: Annotated[bool, typer.Option(help='Also measure the running node.')] = True,
    mediapipe_python: Annotated[
        str | None,
        typer.Option(help='Interpreter of an environment that has mediapipe; default: this one.'),
    ] = None,
    json: JsonFile = None,
) -> None:
    """Measure speed by number of persons; print a table and write JSON."""
    if context.invoked_subcommand is not None:
        return
    import os
    import sys

    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.ros.dds_profile import large_image_environment

    os.environ.update(large_image_environment())
    from biopose_ros.cli.demo import demo_video
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.speed.live import LiveBenchmarkError
    from biopose_ros.evaluation.speed.report import BenchmarkPlan, measure_all
    from biopose_ros.evaluation.speed.scenes import SceneError
    from biopose_ros.pretrained.published_package import PackageError

    with shown_errors(LiveBenchmarkError, PackageError, SceneError, ValueError):
        plan = BenchmarkPlan(
            video=video or demo_video(),
            persons=tuple(persons or (1, 4, 8)),
            seconds=seconds,
            device=device,
            is_live=live,
            mediapipe_python=mediapipe_python or sys.executable,
        )
        with Progress(transient=True) as progress:
            task = progress.add_task('', total=None)
            report = measure_all(plan, lambda part: progress.update(task, description=part))
    _print_report(report, Console())
    write_figures(json, report.figures())


def _print_report(report: Report, console: Any) -> None:
    from rich.table import Table

    device = report.device
    console.print(
        f'{device["processor"]}, {device["cores"]} cores, load {device["load_1_min"]:.1f}; '
        f'networks on {device["networks"]}'
    )
    table = Table(title='Speed')
    for heading in ('', 'persons', 'followed', 'fps', 'p50', 'p95', 'p99 ms', 'memory MiB'):
        table.add_column(heading, justify='right' if heading else 'left')
    for label, count, speed in report.rows():
        followed = getattr(speed, 'persons_followed', None)
        table.add_row(
            label,
            str(count),
            '' if followed is None else f'{followed:.1f}',
            f'{speed.fps:.1f}',
            f'{speed.latency_p50_ms:.0f}',
            f'{speed.latency_p95_ms:.0f}',
            f'{speed.latency_p99_ms:.0f}',
            f'{speed.peak_memory_mib:.0f}',
        )
    console.print(table)
    stages = Table(title='Median time of each stage, ms')
    stages.add_column('')
    names = dict.fromkeys(name for _, _, speed in report.rows() for name in speed.stages_ms)
    for name in ('persons', *names):
        stages.add_column(name, justify='right')
    for label, count, speed in report.rows():
        cells = (f'{speed.stages_ms[n]:.1f}' if n in speed.stages_ms else '' for n in names)
        stages.add_row(label, str(count), *cells)
    console.print(stages)
    for line in report.rival_lines():
        console.print(line, highlight=False)
