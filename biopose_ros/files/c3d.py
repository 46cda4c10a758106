"""Markers as C3D, the format of motion capture laboratories; needs the package ``ezc3d``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from biopose_ros.records import FloatArray

# What the format's 16 bits can count.
MAX_FIRST_FRAME = 65535


def check_c3d() -> None:
    """
    See that C3D can be written.

    :raises ValueError: when ``ezc3d`` is not installed.
    """
    if find_spec('ezc3d') is None:
        raise ValueError('C3D files need ezc3d; run `pip install "biopose_ros[c3d]"`')


def write_c3d(
    path: Path, names: Sequence[str], times_s: FloatArray, positions_m: FloatArray, rate_hz: float
) -> None:
    """
    Write markers in millimetres, y up; frames in gaps hold unknown points.

    :param path: ends in ``.c3d``.
    :param names: [markers].
    :param times_s: [rows], multiples of one step apart; the first frame's number encodes when they
        begin, to the nearest frame.
    :param positions_m: [rows, markers, 3], NaN where unknown.
    :param rate_hz: of the rows.
    """
    import ezc3d

    frames = np.round((times_s - times_s[0]) * rate_hz).astype(int)
    points = np.full((4, len(names), frames[-1] + 1), np.nan)
    points[:3, :, frames] = 1e3 * positions_m.T
    points[3] = 1.0
    file = ezc3d.c3d()
    point = file['parameters']['POINT']
    point['UNITS']['value'] = ['mm']
    point['RATE']['value'] = [rate_hz]
    point['LABELS']['value'] = list(names)
    file.add_parameter('POINT', 'X_SCREEN', ['+X'])
    file.add_parameter('POINT', 'Y_SCREEN', ['+Y'])
    first = round(times_s[0] * rate_hz)
    file['header']['points']['first_frame'] = first if first <= MAX_FIRST_FRAME else 0
    file['data']['points'] = points
    file.write(str(path))
