"""Marker files (``.trc``), in metres, OpenSim ground axes (x forward, y up, z right)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.records import FloatArray


class TrcWriter(GrowingTable):
    """
    Write marker positions row by row.

    An unknown marker is left blank, which OpenSim reads as NaN and skips in inverse kinematics.
    Times without the person have no row.

    :param path: file to write.
    :param names: markers, in the order of the rows' positions.
    :param rate_hz: of the rows, for the header.
    """

    def __init__(self, path: Path, names: Sequence[str], rate_hz: float) -> None:
        rate = f'{rate_hz:.6g}'
        header = (
            f'PathFileType\t4\t(X/Y/Z)\t{path.name}\n'
            'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\t'
            'OrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n'
            f'{rate}\t{rate}\t{self.COUNT}\t{len(names)}\tm\t{rate}\t1\t{self.COUNT}\n'
        )
        labels = '\t'.join(['Frame#', 'Time', *(f'{name}\t\t' for name in names)])
        axes = '\t'.join(f'{axis}{number + 1}' for number in range(len(names)) for axis in 'XYZ')
        super().__init__(path, f'{header}{labels}\n\t\t{axes}\n\n')

    def write(self, time_s: float, positions_m: ArrayLike) -> None:
        """
        Append the markers at one time.

        :param time_s: seconds, greater than the row before.
        :param positions_m: [markers, 3], metres, NaN where unknown.
        """
        values = np.asarray(positions_m, dtype=np.float64).reshape(-1)
        fields = ('' if np.isnan(value) else f'{value:.6f}' for value in values)
        # OpenSim drops a blank last field unless a tab follows it.
        self.write_row([str(self.rows + 1), f'{time_s:.9f}', *fields, ''])


def read_trc(path: str | Path) -> tuple[FloatArray, dict[str, FloatArray]]:
    """
    Read markers.

    :param path: a ``.trc`` file in metres or millimetres.
    :returns: times [rows] in seconds, and per marker its positions [rows, 3], metres.
    :raises ValueError: when the text is not a marker table.
    """
    lines = Path(path).read_text().splitlines()
    if len(lines) < 5 or not lines[0].startswith('PathFileType'):
        raise ValueError(f'{path}: not a marker file (no PathFileType header)')
    header = dict(zip(lines[1].split('\t'), lines[2].split('\t'), strict=False))
    units = header.get('Units', '').strip()
    if units not in {'m', 'mm'}:
        raise ValueError(f'{path}: unit {units!r} is unknown; use m or mm')
    names = [name.strip() for name in lines[3].split('\t')[2:] if name.strip()]
    rows = [_row(line, len(names)) for line in lines[5:] if line.strip()]
    table = np.array(rows).reshape(len(rows), 2 + 3 * len(names))
    positions_m = table[:, 2:].reshape(len(rows), len(names), 3) * (0.001 if units == 'mm' else 1)
    return table[:, 1], {name: positions_m[:, column] for column, name in enumerate(names)}


def _row(line: str, marker_count: int) -> list[float]:
    fields = [field.strip() for field in line.rstrip('\r\n').split('\t')]
    fields += [''] * (2 + 3 * marker_count - len(fields))
    return [float(field) if field else np.nan for field in fields[: 2 + 3 * marker_count]]
