"""The newest frame, and the one thread that works on it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar('Item')

# How long the worker sleeps at most before it looks for a stop or a reset.
IDLE_S = 0.1


class LatestSlot(Generic[Item]):
    """Holds one item; a newer one replaces it, so that a slow reader never falls behind."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._dropped = 0

    def put(self, item: Item) -> None:
        """Store an item; one that was not taken yet is dropped and counted."""
        with self._condition:
            self._dropped += self._item is not None
            self._item = item
            self._condition.notify()

    def take(self, timeout_s: float) -> Item | None:
        """Take the item, waiting for one up to the timeout."""
        with self._condition:
            if self._item is None:
                self._condition.wait(timeout_s)
            item, self._item = self._item, None
            return item

    @property
    def waiting(self) -> int:
        """Number of items that wait: 0 or 1."""
        return int(self._item is not None)

    @property
    def dropped(self) -> int:
        """Number of items that were replaced before they were taken."""
        return self._dropped


class InferenceWorker(Generic[Item]):
    """
    A thread that waits for the newest item and handles it, in a loop.

    :param handle: called with each item; what it raises is reported, and the thread goes on.
    :param on_fault: called with the exception of an item or a task.
    """

    def __init__(
        self,
        handle: Callable[[Item], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.slot: LatestSlot[Item] = LatestSlot()
        self._handle = handle
        self._on_fault = on_fault
        self._stop = threading.Event()
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name='inference', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its present item, and wait for it."""
        self._stop.set()
        self._thread.join()

    def post(self, task: Callable[[], None]) -> None:
        """Run a task in the thread, before its next item; may be called from any thread."""
        self._tasks.put(task)

    def _run(self) -> None:
        while not self._stop.is_set():
            item = self.slot.take(IDLE_S)
            while not self._tasks.empty():
                self._guard(self._tasks.get())
            if item is not None and not self._stop.is_set():
                self._guard(lambda item=item: self._handle(item))  # type: ignore[misc]

    def _guard(self, step: Callable[[], None]) -> None:
        """Report what a step raises: bad input must never end the thread."""
        try:
            step()
        except Exception as error:
            self._on_fault(error)
