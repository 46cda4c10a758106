"""OpenSim motion files (``.mot``): one coordinate per column, angles in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.records import FloatArray

TRANSLATIONS = frozenset({'pelvis_tx', 'pelvis_ty', 'pelvis_tz'})


class MotWriter(GrowingTable):
    """
    Write a motion row by row.

    The format has no word for unknown: OpenSim's older reader stops at the first NaN. So times
    without the person have no row (OpenSim interpolates over the gap), and a single unknown
    coordinate keeps its last known value. ``joint_angles.csv`` tells which values are measured.

    :param path: file to write.
    :param names: coordinates, in the order of the rows' values.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        header = (
            f'Coordinates\nversion=1\nnRows={self.COUNT}\nnColumns={len(names) + 1}\n'
            'inDegrees=yes\n\nLengths are metres, times seconds, angles degrees.\n\nendheader\n'
        )
        super().__init__(path, header + '\t'.join(['time', *names]) + '\n')
        self._factors = degree_factors(names)
        self._last_known: FloatArray = np.zeros(len(names))

    def write(self, time_s: float, coordinates: ArrayLike) -> None:
        """
        Append the pose at one time.

        :param time_s: seconds, greater than the row before.
        :param coordinates: [coordinates], radians and metres, NaN where unknown.
        """
        values: FloatArray = np.asarray(coordinates) * self._factors
        values = np.where(np.isnan(values), self._last_known, values)
        self._last_known = values
        self.write_row([f'{time_s:.9f}', *(f'{value:.8f}' for value in values)])


class StoWriter(GrowingTable):
    """
    Write a motion as the states of a model, as Moco takes them: radians, and speeds.

    :param path: file to write.
    :param paths: of the coordinates in the model, for example ``/jointset/hip_r/hip_flexion_r``.
    """

    def __init__(self, path: Path, paths: Sequence[str]) -> None:
        columns = [f'{name}/{kind}' for name in paths for kind in ('value', 'speed')]
        header = (
            f'states\nversion=1\nnRows={self.COUNT}\nnColumns={len(columns) + 1}\n'
            'inDegrees=no\nendheader\n'
        )
        super().__init__(path, header + '\t'.join(['time', *columns]) + '\n')

    def write(self, time_s: float, coordinates: FloatArray, velocities: FloatArray) -> None:
        """
        Append the states at one time.

        :param time_s: seconds, greater than the row before.
        :param coordinates: [coordinates], radians and metres, all known.
        :param velocities: [coordinates], per second.
        """
        values = np.stack([coordinates, velocities], axis=-1).reshape(-1)
        self.write_row([f'{time_s:.9f}', *(f'{value:.9f}' for value in values)])


def degree_factors(names: Sequence[str]) -> FloatArray:
    """
    Tell angles from translations.

    :param names: coordinate names.
    :returns: [coordinates], 180/pi for angles, 1 for the pelvis translations.
    """
    return np.array([1.0 if name in TRANSLATIONS else np.degrees(1.0) for name in names])


def read_mot(path: str | Path) -> tuple[FloatArray, dict[str, FloatArray]]:
    """
    Read a motion in the package's own units.

    :param path: a ``.mot`` or ``.sto`` file of coordinates.
    :returns: times [rows] in seconds, and per coordinate its values [rows], radians or metres.
    :raises ValueError: when the text is not a coordinates table.
    """
    lines = Path(path).read_text().splitlines()
    stripped = [line.strip() for line in lines]
    if 'endheader' not in stripped:
        raise ValueError(f'{path}: no line "endheader"; not an OpenSim motion file')
    start = stripped.index('endheader') + 1
    in_degrees = any(line.replace(' ', '').lower() == 'indegrees=yes' for line in stripped[:start])
    names = stripped[start].split()
    rows = [[float(value) for value in line.split()] for line in stripped[start + 1 :] if line]
    if names[:1] != ['time'] or any(len(row) != len(names) for row in rows):
        raise ValueError(f'{path}: rows do not match the column names, time first')
    table = np.array(rows).reshape(len(rows), len(names))
    if in_degrees:
        table[:, 1:] /= degree_factors(names[1:])
    return table[:, 0], {name: table[:, column] for column, name in enumerate(names) if column}
