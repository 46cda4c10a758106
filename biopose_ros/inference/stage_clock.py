"""How long each stage of the work on an image takes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

KEPT_IMAGES = 300


@dataclass(frozen=True)
class StageTime:
    """
    What one stage took, over the last images in which it ran.

    :param p50_ms: median.
    :param p95_ms: 95th percentile.
    :param p99_ms: 99th percentile.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float


class StageClock:
    """
    Adds up the time of each stage within an image; ``with clock('detection'): ...``.

    One thread works and ends images, any other may read. Stages must not be nested. Work that a
    device does in the background counts for the stage that waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now_s: dict[str, float] = {}
        self._images_s: deque[dict[str, float]] = deque(maxlen=KEPT_IMAGES)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        began_s = time.perf_counter()
        try:
            yield
        finally:
            elapsed_s = time.perf_counter() - began_s
            self._now_s[stage] = self._now_s.get(stage, 0.0) + elapsed_s

    def end_image(self) -> None:
        """Keep the sums of the present image, and begin the next."""
        with self._lock:
            self._images_s.append(self._now_s)
            self._now_s = {}

    def clear(self) -> None:
        """Forget all images, for example those of the warm-up."""
        with self._lock:
            self._images_s.clear()
            self._now_s = {}

    def times(self) -> dict[str, StageTime]:
        """Give the time of every stage that ran, in the order of their first run."""
        with self._lock:
            images_s = list(self._images_s)
        stages = dict.fromkeys(stage for image in images_s for stage in image)
        return {
            stage: _stage_time([image[stage] for image in images_s if stage in image])
            for stage in stages
        }


def _stage_time(seconds: list[float]) -> StageTime:
    p50, p95, p99 = (np.percentile(seconds, [50, 95, 99]) * 1e3).tolist()
    return StageTime(p50, p95, p99)
