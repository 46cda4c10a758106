"""Where and when to look for persons who are not followed yet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from biopose_ros.detection.crops import Crop
from biopose_ros.detection.person_detector import Window

# The detector finds a person who fills about a quarter to the whole of its input.
_SMALLEST_SHARE = 0.25
_NEXT_TILE = 0.7
# Looking for everybody in one picture would take half a second: spread it over the searches.
_COARSE_PER_SEARCH, _FINE_PER_SEARCH = 2, 1
_FINE_WHEN_IDLE = 2
# Where a followed person went out of sight, the search is dense.
_REGAIN_INTERVAL_S = 0.1
_REGAIN_SIZE = 1.6


class SearchPlan:
    """
    Spread the windows of all sizes over time, the large ones more often.

    :param smallest_person: height of the smallest person, a share of the image's shorter side.
    :param interval_s: time between searches while persons are followed, seconds.
    """

    def __init__(self, smallest_person: float, interval_s: float) -> None:
        self.smallest_person = smallest_person
        self.interval_s = interval_s
        self.reset()

    def reset(self) -> None:
        """Start again with the whole image."""
        self.count = 0
        self.last_ns: int | None = None

    def windows(
        self,
        width: int,
        height: int,
        stamp_ns: int,
        unseen: Sequence[Crop],
        is_idle: bool,
        is_full: bool,
    ) -> list[Window]:
        """
        Choose what to look at in this image.

        :param width: image width.
        :param height: image height.
        :param stamp_ns: of the image.
        :param unseen: where persons who are out of sight should be.
        :param is_idle: nobody is followed.
        :param is_full: nobody else may be followed.
        :returns: windows; none when it is not yet time.
        """
        interval_s = 0.0 if is_idle else self.interval_s
        if unseen:
            interval_s = min(interval_s, _REGAIN_INTERVAL_S)
        is_due = self.last_ns is None or stamp_ns - self.last_ns >= interval_s * 1e9
        if not is_due or (is_full and not unseen):
            return []
        self.last_ns = stamp_ns
        regain = [window for crop in unseen if (window := _around(crop, width, height))]
        if is_full:
            return regain
        coarse, fine = plan_windows(width, height, self.smallest_person)
        fine_count = _FINE_WHEN_IDLE if is_idle else _FINE_PER_SEARCH
        chosen = _turn(coarse, self.count, _COARSE_PER_SEARCH) + _turn(
            fine, self.count, fine_count
        )
        self.count += 1
        return regain + chosen


@lru_cache(maxsize=8)
def plan_windows(
    width: int, height: int, smallest_person: float
) -> tuple[list[Window], list[Window]]:
    """
    List the windows in which a person of any size is large enough for the detector.

    :param width: image width.
    :param height: image height.
    :param smallest_person: height of the smallest person, a share of the image's shorter side.
    :returns: the whole image and squares of its shorter side; ever smaller tiles.
    """
    side = min(width, height)
    whole = Window(0, 0, width, height)
    # A picture that is nearly square needs no second look at the same size.
    squares = make_tiles(width, height, side) if max(width, height) > 1.2 * side else []
    fine: list[Window] = []
    tile = side * _NEXT_TILE
    while tile * _SMALLEST_SHARE > smallest_person * side * _NEXT_TILE and tile >= 64:
        fine += make_tiles(width, height, round(tile))
        tile *= _NEXT_TILE
    return [whole, *squares], fine


def make_tiles(width: int, height: int, side: int) -> list[Window]:
    """
    Cover an image with square tiles that overlap by half or more.

    :param width: image width.
    :param height: image height.
    :param side: of a tile, at most the image's shorter side.
    :returns: tiles by rows.
    """
    return [
        Window(left, top, side, side)
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]


def _starts(length: int, side: int) -> list[int]:
    steps = -(-(length - side) * 2 // side)
    return [round(start) for start in np.linspace(0, length - side, steps + 1)]


def _turn(windows: list[Window], turn: int, count: int) -> list[Window]:
    """:returns: the next few windows of an endless round."""
    first = turn * count
    return [windows[(first + step) % len(windows)] for step in range(min(count, len(windows)))]


def _around(crop: Crop, width: int, height: int) -> Window | None:
    """:returns: a square around a crop, as far as it lies in the image."""
    half = crop.size_px * _REGAIN_SIZE / 2
    left, top = (int(max(value - half, 0)) for value in crop.center_px)
    right = int(min(crop.center_px[0] + half, width))
    bottom = int(min(crop.center_px[1] + half, height))
    if right - left < 16 or bottom - top < 16:
        return None
    return Window(left, top, right - left, bottom - top)
