"""``biopose evaluate confidence``: whether confidences and standard deviations hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile, MotionFolder


def evaluate_confidence(
    folder: Annotated[
        Path, typer.Argument(help='For the footage; sequences that exist are kept.')
    ],
    json_file: JsonFile = None,
    sequences: Annotated[int, typer.Option(min=1, help='Of the test split.')] = 24,
    motion: MotionFolder = None,
    plot: Annotated[
        Path | None, typer.Option(help='Draw the reliability diagram into this picture.')
    ] = None,
) -> None:
    """Measure on rendered footage of the test split, which neither training nor tuning saw."""
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.person.certainty import draw_reliability, figures
    from biopose_ros.person.certainty import CertaintyModel
    from biopose_ros.skeleton import load_skeleton
    from biopose_ros.training.certainty.footage import film, load

    console = Console()
    with Progress(console=console) as bar:
        task = bar.add_task('Footage', total=sequences)
        film(folder, 'test', sequences, motion, lambda: bar.advance(task))
    found = figures(load(folder, 'test'), CertaintyModel.load(), load_skeleton())
    bins = Table('confidence', 'images', 'mean', 'right', title='reliability')
    for one in found['bins']:
        bins.add_row(
            f'{one.low:.1f} to {one.high:.1f}', str(one.images), f'{one.confidence:.2f}',
            f'{one.right:.2f}',
        )  # fmt: skip
    shares = Table(
        '', '1 sigma', 'before', '2 sigma', 'before', title='share of errors within the stated'
    )
    columns = [
        found[f'within_{times}_sigma{when}'] for times in (1, 2) for when in ('', '_before')
    ]
    for group in columns[0]:
        shares.add_row(group, *(f'{column[group]:.2f}' for column in columns))
    console.print(bins, shares)
    for name in ('expected_calibration_error', 'share_wrong_and_sure', 'sure', 'right'):
        console.print(f'{name}: {found[name]:.3f}')
    console.print(
        'calibration error of an exact confidence on so many sequences, 5th, 50th and 95th '
        'percentile: {:.3f}, {:.3f}, {:.3f}'.format(*found['calibration_error_by_chance'])
    )
    if plot is not None:
        draw_reliability(found['bins'], plot)
    write_figures(json_file, {**found, 'bins': [vars(one) for one in found['bins']]})
