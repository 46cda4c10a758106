"""``biopose evaluate keypoints``: the landmark network's 2D errors on synthetic sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.options import JsonFile, MotionFolder, Split

if TYPE_CHECKING:
    from biopose_ros.evaluation.detection.keypoint_statistics import KeypointStatistics


def evaluate_keypoints(
    sequences: Annotated[int, typer.Option(min=1, help='How many image sequences.')] = 60,
    split: Split = 'validation',
    model: Annotated[str, typer.Option(help='lite, full or heavy.')] = 'heavy',
    seed: Annotated[int, typer.Option(min=0, help='Of the sequences.')] = 0,
    motion: MotionFolder = None,
    json: JsonFile = None,
) -> None:
    """Show synthetic image sequences to BlazePose and compare its landmarks with the truth."""
    from dataclasses import asdict
    from itertools import chain

    from rich.progress import track

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.detection.landmark_network import LandmarkNetwork
    from biopose_ros.evaluation.detection.keypoint_errors import keypoint_errors
    from biopose_ros.evaluation.detection.keypoint_statistics import keypoint_statistics
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
    from biopose_ros.training.synthesis.stream import chunks

    network = LandmarkNetwork(model, 'cpu', 1)
    config = SynthesisConfig(split=split, seed=seed, motion_folder=motion)
    generator = build_sequence_generator(config)
    drawn = track(
        chunks(generator, 0, sequences, workers=1), 'Looking', total=sequences, transient=True
    )
    assert generator.markers is not None
    errors = keypoint_errors(chain.from_iterable(drawn), network, generator.markers)
    statistics = keypoint_statistics(errors)
    _show(statistics)
    write_figures(json, asdict(statistics))


def _show(statistics: KeypointStatistics) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table('landmark', 'bias x, y, z mm', 'sigma mm', 'p95 mm', 'tail', 'lasting',
                  'after 1, 3, 10, 30 frames', title='2D errors at body scale')  # fmt: skip
    for name, found in statistics.landmarks.items():
        table.add_row(
            name,
            ' '.join(f'{1e3 * value:.0f}' for value in found.bias_m),
            f'{1e3 * found.stddev_m:.0f}',
            f'{1e3 * found.p95_m:.0f}',
            f'{found.tail_share:.1%}',
            f'{found.lasting_share:.2f}',
            ' '.join(f'{value:.2f}' for value in found.correlation.values()),
        )
    console.print(table)
    table = Table('confidence', 'share', 'sigma', 'p95', 'median px', 'outside')
    for part in statistics.confidence:
        table.add_row(
            f'{part.low} to {part.high}', f'{part.share:.1%}', f'{part.stddev:.2f}',
            f'{part.p95:.2f}', f'{part.px:.1f}', f'{part.outside_share:.1%}',
        )  # fmt: skip
    console.print(table)
    console.print(
        f'{statistics.frames} frames of {statistics.sequences} sequences: presence in '
        f'{statistics.presence_rate:.1%}, sides confused in {statistics.swapped_share:.1%}, '
        f'{statistics.swapped_frames:.0f} frames at a time'
    )
