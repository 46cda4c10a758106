"""A limit to the rate of images, and warnings where the load is too high."""

from __future__ import annotations

import time

from biopose_ros.ros.live_statistics import Snapshot
from biopose_ros.settings import NodeConfig


class RateLimit:
    """Leaves out images that come faster than a rate."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def is_due(self, rate_hz: float) -> bool:
        """
        Decide whether to use an image that has just come.

        :param rate_hz: highest number of images per second; 0 for all.
        """
        now_s = time.monotonic()
        if rate_hz and now_s < self._next_s:
            return False
        # From the time at which it was due: otherwise 30 Hz limited to 20 would give 15.
        period_s = 1.0 / rate_hz if rate_hz else 0.0
        self._next_s = max(self._next_s + period_s, now_s)
        return True


def load_warnings(snapshot: Snapshot, settings: NodeConfig) -> list[str]:
    """
    Warn of results that come too late, or for too few images.

    :param snapshot: of the last seconds.
    :param settings: with the thresholds.
    """
    warnings = []
    if snapshot.latency_p95_ms > settings.latency_warn_s * 1e3:
        warnings.append(
            f'5 % of the results come more than {snapshot.latency_p95_ms:.0f} ms after their '
            'image; lower max_persons or refine_iterations, or use a smaller landmark_model'
        )
    wanted_hz = min(snapshot.input_hz, settings.max_rate_hz or snapshot.input_hz)
    if wanted_hz and snapshot.processed_hz < wanted_hz * (1 - settings.drop_warn_share):
        warnings.append(
            f'{snapshot.processed_hz:.1f} of {wanted_hz:.1f} images a second are worked on; '
            'lower max_persons, or set max_rate_hz'
        )
    return warnings
