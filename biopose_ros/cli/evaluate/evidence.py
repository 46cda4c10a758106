"""``biopose evaluate evidence``: errors of recovered bodies on rendered image sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile


def evaluate_evidence(
    folder: Annotated[
        Path, typer.Argument(exists=True, help='Written by `biopose build evidence`.')
    ],
    json: JsonFile = None,
) -> None:
    """Compare recovered bodies of rendered sequences with the truth."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.mesh_recovery.rendered_evidence import rendered_errors

    errors = rendered_errors(folder)
    console = Console()
    table = Table('part', 'mm', 'across mm', 'depth mm', 'rotation', 'lasting',
                  'after 1, 3, 10, 30 frames')  # fmt: skip
    for kind, part in errors.parts.items():
        table.add_row(
            kind,
            *(f'{value:.0f}' for value in (part.mm, part.across_mm, part.depth_mm)),
            f'{part.rotation_deg:.1f}',
            f'{part.lasting_share:.2f}',
            ' '.join(f'{value:.2f}' for value in part.correlation.values()),
        )
    console.print(table)
    table = Table('confidence', 'mm')
    for low, high, size_mm in errors.confidence:
        table.add_row(f'{low:.2f} to {high:.2f}', f'{size_mm:.0f}')
    console.print(table)
    console.print(
        f'{errors.frames} frames of {errors.sequences} sequences, {errors.seen_share:.1%} seen: '
        f'{errors.mm:.1f} mm about the hips, {errors.pa_mm:.1f} mm aligned'
    )
    write_figures(json, asdict(errors))
