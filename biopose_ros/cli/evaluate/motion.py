"""``biopose evaluate motion``: standing, walking and sitting in the motion that training uses."""

from __future__ import annotations

from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile, MotionFolder


def evaluate_motion(
    json_file: JsonFile = None,
    motion: MotionFolder = None,
    frames: Annotated[int, typer.Option(min=10, help='Of each posture, at most.')] = 400,
    activities: Annotated[int, typer.Option(min=1, help='Synthesised, all splits.')] = 60,
) -> None:
    """Compare the labels of the training motion with what is published of people."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from biopose_ros.body import load_body
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.body.motion import compare_motion
    from biopose_ros.training.motion.splits import Split
    from biopose_ros.training.synthesis.setup import SynthesisConfig, load_clips

    drawn = SynthesisConfig('train', 0, motion, synthetic_clips=activities)
    clips = load_clips(load_body(), drawn, Split.TRAIN)
    figures = compare_motion(clips, frames)
    table = Table('posture', 'angle', 'percentile', 'labels', 'usual', '')
    for figure in figures:
        norm = figure.norm
        table.add_row(
            norm.posture,
            norm.coordinate,
            f'{norm.percentile:.0f}',
            f'{figure.value_deg:.1f}',
            f'{norm.low:.0f} to {norm.high:.0f}',
            '' if figure.is_usual else 'unusual',
        )
    sources = ', '.join(dict.fromkeys(figure.norm.source for figure in figures))
    Console().print(table, f'degrees; usual after {sources}')
    write_figures(json_file, {'figures': [{**asdict(f), 'is_usual': f.is_usual} for f in figures]})
