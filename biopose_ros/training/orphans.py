"""Worker processes end when the training that wants their work is gone."""

from __future__ import annotations

from multiprocessing import parent_process


def is_orphan() -> bool:
    """
    Tell whether the process that started this one has ended.

    A process that is killed cannot stop its children: each asks for itself, between two pieces of
    work.
    """
    parent = parent_process()
    return parent is not None and not parent.is_alive()
