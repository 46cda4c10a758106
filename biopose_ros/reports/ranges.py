"""How far each joint moved, and how alike left and right are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.reports.results import PersonRecording
from biopose_ros.reports.vocabulary import GROUPS, MEANINGS

# Single images that are far off must not make a range.
PERCENTILES = (2.0, 98.0)


@dataclass(frozen=True)
class Range:
    """
    The range of one coordinate, degrees.

    :param low: 2nd percentile of the images in which the person was seen.
    :param high: 98th percentile.
    :param stddev: median of the stated uncertainty, 1 sigma.
    """

    low: float
    high: float
    stddev: float

    @property
    def size(self) -> float:
        """From the least to the greatest angle."""
        return self.high - self.low


@dataclass(frozen=True)
class RangeRow:
    """
    One line of the table.

    :param kind: coordinate without its side.
    :param title: in plain words.
    :param right: of the right side, or of the middle of the body.
    :param left: of the left side; None in the middle of the body.
    """

    kind: str
    title: str
    right: Range
    left: Range | None = None

    @property
    def difference(self) -> float | None:
        """Right minus left, of the sizes of the ranges; None in the middle of the body."""
        return None if self.left is None else self.right.size - self.left.size

    @property
    def symmetry_percent(self) -> float | None:
        """
        Symmetry index of Robinson et al. 1987: 0 where both ranges are alike.

        J Manipulative Physiol Ther 10:172: the difference, relative to the mean of both sides.
        """
        if self.left is None or self.right.size + self.left.size < 1e-9:
            return None
        return 200.0 * (self.right.size - self.left.size) / (self.right.size + self.left.size)

    @property
    def is_clear(self) -> bool:
        """Whether left and right differ by more than both sides' uncertainty (2 sigma)."""
        if self.left is None or self.difference is None:
            return False
        return abs(self.difference) > 2.0 * float(np.hypot(self.right.stddev, self.left.stddev))


def ranges_of(person: PersonRecording) -> list[RangeRow]:
    """
    Give the table of ranges, in the order of the page.

    :param person: of a results folder.
    """
    rows = []
    for kind in (kind for group in GROUPS.values() for kind in group):
        right = _range(person, f'{kind}_r') or _range(person, kind)
        if right is not None:
            rows.append(RangeRow(kind, MEANINGS[kind].title, right, _range(person, f'{kind}_l')))
    return rows


def _range(person: PersonRecording, name: str) -> Range | None:
    if name not in person.values:
        return None
    seen = person.is_seen & np.isfinite(person.values[name])
    if not seen.any():
        return None
    angles_deg = person.angle_deg(name)[seen]
    low, high = np.percentile(angles_deg, PERCENTILES)
    stddev = float(np.degrees(np.nanmedian(person.stddev[name][seen])))
    return Range(float(low), float(high), stddev)
