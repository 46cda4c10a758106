"""
Joint angles as a plain table, ``joint_angles.csv``, one row per image of the person.

``pandas.read_csv`` needs no options. Columns: ``time`` (seconds), ``stamp_ns``, ``state``
(tentative, tracked, occluded), ``confidence``, then per coordinate ``NAME`` (degrees; pelvis
translations in metres), ``NAME_velocity`` (per second) and ``NAME_stddev`` (1 sigma), at last
``foot_contact_left`` and ``foot_contact_right`` (probability that the foot stands on the ground).
Unknown values are empty, which pandas reads as NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.files.mot import degree_factors
from biopose_ros.person.foot_contact import FEET
from biopose_ros.records import PersonPose

KINDS = ('', '_velocity', '_stddev')
FOOT_COLUMNS = tuple(f'foot_contact_{foot}' for foot in FEET)


class AnglesCsvWriter(GrowingTable):
    """
    Write poses row by row.

    :param path: file to write.
    :param names: coordinates, in the order of the poses.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        columns = [name + kind for name in names for kind in KINDS]
        columns = ['time', 'stamp_ns', 'state', 'confidence', *columns, *FOOT_COLUMNS]
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
