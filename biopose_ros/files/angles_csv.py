"""
Joint angles as a plain table, ``joint_angles.csv``, one row per image of the person.

``pandas.read_csv`` needs no options. Columns: ``time`` (seconds), ``stamp_ns``, ``state``
(tentative, tracked, occluded), ``confidence``, then per coordinate ``NAME`` (degrees; pelvis
translations in metres), ``NAME_velocity`` (per second) and ``NAME_stddev`` (1 sigma), at last
``foot_contact_left`` and ``foot_contact_right`` (probability that the foot stands on the ground).
Unknown values are empty, which pandas reads as NaN.

The table is all that a person's other files are made from, so that they can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.files.mot import degree_factors
from biopose_ros.person.foot_contact import FEET
from biopose_ros.records import FloatArray, PersonPose, TrackingState

START = ('time', 'stamp_ns', 'state', 'confidence')
KINDS = ('', '_velocity', '_stddev')
FOOT_COLUMNS = tuple(f'foot_contact_{foot}' for foot in FEET)
_NO_TABLE = 'not a table of joint angles as "biopose run" writes it'


class AnglesCsvWriter(GrowingTable):
    """
    Write poses row by row.

    :param path: file to write.
    :param names: coordinates, in the order of the poses.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        columns = [name + kind for name in names for kind in KINDS]
        columns = [*START, *columns, *FOOT_COLUMNS]
        super().__init__(path, ','.join(columns) + '\n')
        self._factors = degree_factors(names)

    def write(self, time_s: float, pose: PersonPose) -> None:
        """
        Append one pose.

        :param time_s: seconds on the time axis of the person's other files.
        :param pose: the person at that time.
        """
        values = np.stack([pose.coordinates, pose.velocities, pose.stddev]) * self._factors
        numbers = np.concatenate([values.T.reshape(-1), pose.foot_contact])
        fields = ('' if np.isnan(value) else f'{value:.6f}' for value in numbers)
        start = [f'{time_s:.9f}', str(pose.stamp_ns), pose.state.name.lower()]
        self.write_row([*start, f'{pose.confidence:.4f}', *fields], separator=',')


@dataclass(frozen=True)
class AnglesTable:
    """
    What ``joint_angles.csv`` holds of a person; NaN where unknown.

    :param times_s: [rows].
    :param states: [rows].
    :param confidence: [rows], 0 to 1.
    :param names: coordinates.
    :param coordinates: [rows, coordinates], radians; translations in metres.
    :param stddev: [rows, coordinates], 1 sigma, in the units of the coordinates.
    :param foot_contact: [rows, left and right], probability that the foot stands.
    """

    times_s: FloatArray
    states: tuple[TrackingState, ...]
    confidence: FloatArray
    names: tuple[str, ...]
    coordinates: FloatArray
    stddev: FloatArray
    foot_contact: FloatArray


def read_angles(path: Path) -> AnglesTable:
    """
    Read the table of a person.

    :param path: of ``joint_angles.csv``.
    :raises ValueError: when it is no such table.
    """
    lines = path.read_text().splitlines()
    columns = lines[0].split(',') if lines else []
    if tuple(columns[: len(START)]) != START:
        raise ValueError(f'{path}: {_NO_TABLE}')
    names = tuple(columns[len(START) : -len(FOOT_COLUMNS) : len(KINDS)])
    numbers = np.empty((len(lines) - 1, len(columns) - len(START) + 2))
    states = []
    # Row by row: the texts of all numbers of an hour together would take a gigabyte.
    for row, line in enumerate(lines[1:]):
        try:
            cells = dict(zip(columns, line.split(','), strict=True))
            states.append(TrackingState[cells.pop('state').upper()])
            del cells['stamp_ns']
            numbers[row] = [float(text or 'nan') for text in cells.values()]
        except (KeyError, ValueError):
            raise ValueError(f'{path}: {_NO_TABLE} (line {row + 2})') from None
    values = numbers[:, 2 : -len(FOOT_COLUMNS)].reshape(len(numbers), len(names), len(KINDS))
    factors = degree_factors(names)
    return AnglesTable(
        times_s=numbers[:, 0],
        states=tuple(states),
        confidence=numbers[:, 1],
        names=names,
        coordinates=values[..., KINDS.index('')] / factors,
        stddev=values[..., KINDS.index('_stddev')] / factors,
        foot_contact=numbers[:, -len(FOOT_COLUMNS) :],
    )
