"""Progress bars, which also show in a pipe or a log file as it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from biopose_ros.files.frames import Frame

_STEPS = 10  # lines of a bar where no terminal shows it


class Bars(Progress):
    """
    Bars on a terminal; elsewhere a line for each tenth of the way, as soon as it is done.

    :param console: where to draw.
    """

    def __init__(self, *columns: Any, console: Console) -> None:
        super().__init__(*columns, console=console)
        self._told: dict[TaskID, int] = {}

    def update(self, task_id: TaskID, **values: Any) -> None:
        """Move a bar; parameters as for :class:`rich.progress.Progress`."""
        super().update(task_id, **values)
        self._tell(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Move a bar; parameters as for :class:`rich.progress.Progress`."""
        super().advance(task_id, advance)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        task = self.tasks[task_id]
        if self.console.is_terminal or not task.total:
            return
        step = int(_STEPS * task.completed / task.total)
        if step > self._told.get(task_id, 0):
            self._told[task_id] = step
            self.console.print(f'{task.description}: {task.percentage:.0f} %', markup=False)


def track_frames(
    frames: Iterable[Frame], title: str, count: int | None, console: Console
) -> Iterator[Frame]:
    """
    Show how far the pictures are worked off, and how fast.

    :param frames: the pictures.
    :param title: beside the bar.
    :param count: how many to expect, None where unknown.
    :param console: where to draw.
    :returns: the same pictures.
    """
    columns = (
        TextColumn('{task.description}', markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('{task.fields[rate]}'),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as progress:
        task = progress.add_task(title, total=count, rate='')
        for frame in frames:
            yield frame
            speed = progress.tasks[task].speed
            progress.update(task, advance=1, rate=f'{speed:.1f} images/s' if speed else '')
