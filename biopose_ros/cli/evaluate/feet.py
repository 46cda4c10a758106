"""``biopose evaluate feet``: foot contact, skating, and what it does to the root."""

from __future__ import annotations

from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile

_FIGURES = {
    'skating_mm_s': ('skating of standing feet, mm/s', '.1f'),
    'root_error_mm': ('error of the root, mm', '.1f'),
    'root_lag_ms': ('lag of the root, ms', '.1f'),
}


def evaluate_feet(
    json_file: JsonFile = None,
    clips: Annotated[int, typer.Option(min=1, help='Synthesised activities.')] = 30,
    seed: Annotated[int, typer.Option(help='Of activities and errors.')] = 0,
) -> None:
    """Measure contact and skating on activities of the test split, seen with errors."""
    from rich.console import Console

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.person.foot_contact import evaluate_feet as measure
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.training.foot_contact import feet_of_split
    from biopose_ros.training.motion.splits import Split

    figures = measure(feet_of_split(Split.TEST, clips, seed))
    columns = {
        when: {name: figures[name][when] for name in _FIGURES} for when in ('before', 'after')
    }
    console = Console()
    console.print(side_by_side(columns, _FIGURES, f'{clips} activities'))
    console.print(
        f'contact right in {100 * figures["accuracy"]:.1f} % of the images '
        f'({100 * figures["standing_share"]:.0f} % stand)'
    )
    write_figures(json_file, figures)
