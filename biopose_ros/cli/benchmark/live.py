"""``biopose benchmark live``: images per second and latency of the running node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import JsonFile, NodeParameters

_FIGURES = {
    'frames_in': ('images in', 'd'),
    'frames_processed': ('processed', 'd'),
    'dropped': ('dropped', 'd'),
    'fps': ('fps', '.1f'),
    'latency_p50_ms': ('latency p50, ms', '.0f'),
    'latency_p95_ms': ('latency p95, ms', '.0f'),
}


def benchmark_live(
    video: Annotated[
        Path | None,
        typer.Argument(exists=True, help='Video with a person; default: that of the demo.'),
    ] = None,
    size: Annotated[str, typer.Option(help='Size of the images, WIDTHxHEIGHT.')] = '1280x720',
    rate: Annotated[float, typer.Option(min=0.01, help="Speed against the video's own.")] = 1.0,
    duration: Annotated[float, typer.Option(min=1.0, help='Seconds to measure.')] = 20.0,
    compressed: Annotated[bool, typer.Option('--compressed', help='JPEG images.')] = False,
    parameter: NodeParameters = None,
    json: JsonFile = None,
) -> None:
    """Run node and player as processes; state images in, processed, dropped, and latency."""
    import os
    from dataclasses import asdict

    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    from biopose_ros.ros.dds_profile import large_image_environment

    os.environ.update(large_image_environment())
    from biopose_ros.cli.demo import demo_video
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.speed.live import LiveBenchmark, LiveBenchmarkError, measure_live
    from biopose_ros.evaluation.tables import side_by_side

    video = video or demo_video()
    benchmark = LiveBenchmark(
        video=video.resolve(),
        size=size,
        rate=rate,
        duration_s=duration,
        is_compressed=compressed,
        parameters=tuple(parameter or ()),
    )
    with shown_errors(LiveBenchmarkError), Progress(transient=True) as progress:
        task = progress.add_task(f'{size} images of {escape(video.name)}', total=1.0)
        result = measure_live(benchmark, lambda part: progress.update(task, completed=part))
    figures = asdict(result)
    Console().print(side_by_side({'live node': figures}, _FIGURES, '', is_turned=True))
    write_figures(json, figures)
