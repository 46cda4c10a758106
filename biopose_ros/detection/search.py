"""Where and when to look for persons who are not followed yet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from biopose_ros.detection.person_detector import Window
from biopose_ros.records import Crop

# The detector finds a person who fills about a quarter to the whole of its input.
_SMALLEST_SHARE = 0.25
_NEXT_TILE = 0.7
# Step from tile to tile; most persons are less wide than tall.
_STEP_ACROSS, _STEP_DOWN = 0.65, 0.5
# Looking everywhere at once would take half a second: the windows are spread over the images.
# C is the next window for tall persons, M for medium ones, F for small ones.
_IDLE_LOOKS = ('CFF', 'MFF')
_LOOKS = ('C', 'M', 'C', 'M', 'F')
# Where a followed person went out of sight, a window this large around the person's crop.
_REGAIN_SIZE = 1.6


class SearchPlan:
    """
    Spread the windows of all sizes over time, the large ones more often.

    :param smallest_person: height of the smallest person, a share of the image's shorter side.
    :param interval_s: time between looks while persons are followed, seconds.
    """

    def __init__(self, smallest_person: float, interval_s: float) -> None:
        self.smallest_person = smallest_person
        self.interval_s = interval_s
        self.reset()

    def reset(self) -> None:
        """Start again with the whole image."""
        self.looks = 0
        self.turns = dict.fromkeys('CMF', 0)
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
        :param is_idle: no person is followed: look at every image.
        :param is_full: the largest number of persons is followed.
        :returns: windows; none when it is not yet time.
        """
        is_due = self.last_ns is None or stamp_ns - self.last_ns >= self.interval_s * 1e9
        if not (is_due or is_idle) or (is_full and not unseen):
            return []
        self.last_ns = stamp_ns
        self.looks += 1
        windows = []
        if unseen:
            around = _around(unseen[self.looks % len(unseen)], width, height)
            windows += [around] if around else []
        if not is_full:
            looks = _IDLE_LOOKS if is_idle else _LOOKS
            sizes = looks[self.looks % len(looks)]
            windows += [self._next(size, width, height) for size in sizes]
        return windows

    def _next(self, size: str, width: int, height: int) -> Window:
        choice = plan_windows(width, height, self.smallest_person)[size]
        self.turns[size] += 1
        return choice[(self.turns[size] - 1) % len(choice)]


@lru_cache(maxsize=8)
def plan_windows(width: int, height: int, smallest_person: float) -> dict[str, list[Window]]:
    """
    List the windows in which a person of any size is large enough for the detector.

    :param width: image width.
    :param height: image height.
    :param smallest_person: height of the smallest person, a share of the image's shorter side.
    :returns: ``C``, the whole image and squares of its shorter side; ``M``, tiles of the next
        size; ``F``, ever smaller tiles. A size that is not needed repeats the one before.
    """
    side = min(width, height)
    whole = Window(0, 0, width, height)
    # A picture that is nearly square needs no second look at the same size.
    squares = make_tiles(width, height, side) if max(width, height) > 1.2 * side else []
    tiles: list[list[Window]] = []
    share = _NEXT_TILE
    while share * _SMALLEST_SHARE > smallest_person * _NEXT_TILE and share * side >= 64:
        tiles.append(make_tiles(width, height, round(share * side)))
        share *= _NEXT_TILE
    coarse = [whole, *squares]
    small = [window for level in tiles[1:] for window in level]
    medium = tiles[0] if tiles else coarse
    return {'C': coarse, 'M': medium, 'F': small or medium}


def make_tiles(width: int, height: int, side: int) -> list[Window]:
    """
    Cover an image with square tiles that overlap by a third or more, from row to row by half.

    :param width: image width.
    :param height: image height.
    :param side: of a tile, at most the image's shorter side.
    :returns: tiles by rows.
    """
    return [
        Window(left, top, side, side)
        for top in _starts(height, side, _STEP_DOWN)
        for left in _starts(width, side, _STEP_ACROSS)
    ]


def _starts(length: int, side: int, step: float) -> list[int]:
    steps = int(np.ceil((length - side) / (side * step)))
    return [round(start) for start in np.linspace(0, length - side, steps + 1)]


def _around(crop: Crop, width: int, height: int) -> Window | None:
    """:returns: a square around a crop, as far as it lies in the image."""
    half = crop.size_px * _REGAIN_SIZE / 2
    left, top = (int(max(value - half, 0)) for value in crop.center_px)
    right = int(min(crop.center_px[0] + half, width))
    bottom = int(min(crop.center_px[1] + half, height))
    if right - left < 16 or bottom - top < 16:
        return None
    return Window(left, top, right - left, bottom - top)
