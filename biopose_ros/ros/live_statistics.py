"""Counters and latencies of the running node; written by two threads, read by a third."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

WINDOW_S = 5.0
LATENCY_FRAMES = 300


@dataclass(frozen=True)
class Snapshot:
    """
    What the node has done until now.

    :param received: images that arrived.
    :param processed: images that went through the pipeline.
    :param rejected: images that could not be used (encoding, size, stamp, camera).
    :param input_hz: rate of images that arrived, over the last seconds.
    :param processed_hz: rate of images that were processed, over the last seconds.
    :param latency_p50_ms: median of the time at which an image is done minus its stamp; results
        that look ahead come `lag_s` later. NaN before any image.
    :param latency_p95_ms: its 95th percentile.
    :param age_s: since the last image arrived; NaN before any.
    :param last_fault: text of the last rejected image or failed step, '' for none.
    :param recent_faults: number of faults since the last snapshot.
    """

    received: int
    processed: int
    rejected: int
    input_hz: float
    processed_hz: float
    latency_p50_ms: float
    latency_p95_ms: float
    age_s: float
    last_fault: str
    recent_faults: int


class LiveStatistics:
    """Thread-safe counters; all times are taken from the steady clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: deque[float] = deque()
        self._completions: deque[float] = deque()
        self._latencies_ms: deque[float] = deque(maxlen=LATENCY_FRAMES)
        self._received = self._processed = self._rejected = self._recent_faults = 0
        self._last_arrival_s = float('nan')
        self._last_fault = ''

    def image_received(self) -> None:
        """Count an image that arrived."""
        now = time.monotonic()
        with self._lock:
            self._received += 1
            self._last_arrival_s = now
            self._arrivals.append(now)
            _forget_old(self._arrivals, now)

    def image_processed(self, latency_ms: float) -> None:
        """Count an image whose results are published."""
        now = time.monotonic()
        with self._lock:
            self._processed += 1
            self._latencies_ms.append(latency_ms)
            self._completions.append(now)
            _forget_old(self._completions, now)

    def image_rejected(self, reason: str) -> None:
        """Count an image that cannot be used."""
        with self._lock:
            self._rejected += 1
            self._recent_faults += 1
            self._last_fault = reason

    def snapshot(self) -> Snapshot:
        """Take the present figures; starts a new count of recent faults."""
        now = time.monotonic()
        with self._lock:
            _forget_old(self._arrivals, now)
            _forget_old(self._completions, now)
            p50, p95 = _percentiles(self._latencies_ms)
            recent_faults, self._recent_faults = self._recent_faults, 0
            return Snapshot(
                self._received,
                self._processed,
                self._rejected,
                _rate_hz(self._arrivals),
                _rate_hz(self._completions),
                p50,
                p95,
                now - self._last_arrival_s,
                self._last_fault,
                recent_faults,
            )


def _forget_old(times: deque[float], now: float) -> None:
    while times and now - times[0] > WINDOW_S:
        times.popleft()


def _rate_hz(times: deque[float]) -> float:
    if len(times) < 2 or times[-1] <= times[0]:
        return 0.0
    return (len(times) - 1) / (times[-1] - times[0])


def _percentiles(values: deque[float]) -> tuple[float, float]:
    if not values:
        return float('nan'), float('nan')
    p50, p95 = np.percentile(values, [50, 95])
    return float(p50), float(p95)
