"""Figures of several things, side by side in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def side_by_side(
    found: Mapping[str, Mapping[Any, Any]],
    figures: Mapping[Any, tuple[str, str]] | str = '.3g',
    corner: str = 'figure',
    title: str | None = None,
    *,
    is_turned: bool = False,
) -> Table:
    """
    Lay figures out, a column for each thing that was measured and a row for each figure.

    :param found: figures by name, by what was measured; one that is missing or None shows as -.
    :param figures: which to show: heading and format by name; or one format for every figure that
        is not itself a dictionary.
    :param corner: heading of the first column.
    :param title: of the table.
    :param is_turned: a row for each thing in place of a column.
    """
    if isinstance(figures, str):
        names = dict.fromkeys(
            name
            for values in found.values()
            for name, value in values.items()
            if not isinstance(value, Mapping)
        )
        figures = {name: (name, figures) for name in names}
    lines: list[tuple[str, ...]] = [
        (corner, *found),
        *(
            (heading, *(_cell(values.get(name), form) for values in found.values()))
            for name, (heading, form) in figures.items()
        ),
    ]
    headings, *rows = zip(*lines, strict=True) if is_turned else lines
    table = Table(*headings, title=title)
    for row in rows:
        table.add_row(*row)
    return table


def _cell(value: Any, form: str) -> str:
    return '-' if value is None else format(value, form)
