"""Progress bars over pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from biopose_ros.files.frames import Frame


def track_frames(
    frames: Iterable[Frame], count: int | None, title: str, console: Console
) -> Iterator[Frame]:
    """
    Show how far the pictures are worked off, and how fast.

    :param frames: the pictures.
    :param count: how many to expect, None where unknown.
    :param title: beside the bar.
    :param console: where to draw.
    :returns: the same pictures.
    """
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('{task.fields[rate]}'),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=count, rate='')
        for frame in frames:
            yield frame
            speed = progress.tasks[task].speed
            progress.update(task, advance=1, rate=f'{speed:.1f} images/s' if speed else '')
