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
    coordinate keeps its last known value. ``joint_angles.csv`` marks the measured values.

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
    Give the factors to degrees: for angles only, not for translations.

    :param names: coordinate names.
    :returns: [coordinates], 180/pi for angles, 1 for the pelvis translations.
    """
    return np.array([1.0 if name in TRANSLATIONS else np.degrees(1.0) for name in names])


def read_mot(path: str | Path) -> tuple[FloatArray, dict[str, FloatArray]]:
    """
    Read a motion in the package's own units.

    :param path: a ``.mot`` or ``.sto`` file of coordinates, angles in degrees or radians. In a
        file of states only the values count, under their coordinates' names.
    :returns: times [rows] in seconds, and per coordinate its values [rows], radians or metres.
    :raises ValueError: when the text is not a coordinates table.
    """
    lines = [line.strip() for line in Path(path).read_text().splitlines()]
    if 'endheader' not in lines:
        raise ValueError(f'{path}: no line "endheader"; not an OpenSim motion file')
    start = lines.index('endheader') + 1
    in_degrees = any(line.replace(' ', '').lower() == 'indegrees=yes' for line in lines[:start])
    filled = [line.split() for line in lines[start:] if line]
    labels, rows = (filled or [[]])[0], filled[1:]
    if labels[:1] != ['time'] or any(len(row) != len(labels) for row in rows):
        raise ValueError(f'{path}: rows do not match the column names, time first')
    try:
        table = np.array([[float(value) for value in row] for row in rows])
    except ValueError as error:
        raise ValueError(f'{path}: {error}; rows hold numbers alone') from None
    columns = dict(zip(labels[1:], table.reshape(len(rows), len(labels)).T[1:], strict=True))
    values = {name: columns[label] for label in columns if (name := _coordinate_of(label))}
    if in_degrees:
        factors = degree_factors(tuple(values))
        values = {
            name: values[name] / factor for name, factor in zip(values, factors, strict=True)
        }
    return table.reshape(len(rows), len(labels))[:, 0], values


def _coordinate_of(label: str) -> str | None:
    """Take ``hip_flexion_r`` out of ``/jointset/hip_r/hip_flexion_r/value``; no other states."""
    if not label.startswith('/'):
        return label
    *_, name, kind = label.split('/')
    return name if kind == 'value' else None
