"""
What inverse dynamics has to put onto the pelvis, as a measure of how smooth a motion is.

Nothing measures the ground, so the pelvis's six coordinates carry all that the surroundings give
the body. The force beyond the body's weight is mass times the acceleration of the centre of mass:
in a calm movement a few hundredths of the weight. Noise in the motion adds to it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

from biopose_ros.files.mot import read_mot
from biopose_ros.files.person_files import MODEL, MOTION
from biopose_ros.records import FloatArray

GRAVITY_M_S2 = 9.80665
FORCES = tuple(f'pelvis_t{axis}_force' for axis in 'xyz')
MOMENTS = tuple(f'pelvis_{name}_moment' for name in ('tilt', 'list', 'rotation'))
# What gait laboratories filter with before inverse dynamics.
CUTOFF_HZ = 6.0
LEAST_HZ = 20.0
# Splines and filters need so much of both ends to settle, seconds.
_EDGE_S = 0.2


@dataclass(frozen=True)
class Residuals:
    """
    What the pelvis needs beyond the body's weight; root mean squares over time.

    :param force: as a share of the body's weight.
    :param moment: as a share of weight times one metre.
    """

    force: float
    moment: float


def residuals(model: Path, motion: Path, cutoff_hz: float | None = None) -> Residuals:
    """
    Run OpenSim's inverse dynamics on a motion.

    :param model: an ``.osim`` file.
    :param motion: a ``.mot`` file of its coordinates.
    :param cutoff_hz: of OpenSim's own low-pass filter (Butterworth, both ways); None for none.
    :raises RuntimeError: when OpenSim cannot open the files.
    """
    times_s, _ = read_mot(motion)
    loaded = opensim.Model(str(model))
    weight_n = GRAVITY_M_S2 * loaded.getTotalMass(loaded.initSystem())
    with tempfile.TemporaryDirectory() as scratch:
        tool = opensim.InverseDynamicsTool()
        tool.setModelFileName(str(model))
        tool.setCoordinatesFileName(str(motion))
        tool.setStartTime(float(times_s[0]))
        tool.setEndTime(float(times_s[-1]))
        tool.setLowpassCutoffFrequency(-1.0 if cutoff_hz is None else cutoff_hz)
        tool.setOutputGenForceFileName('forces.sto')
        tool.setResultsDir(scratch)
        tool.run()
        table = opensim.TimeSeriesTable(str(Path(scratch) / 'forces.sto'))
    at_s = np.array(table.getIndependentColumn())
    inner = (at_s >= times_s[0] + _EDGE_S) & (at_s <= times_s[-1] - _EDGE_S)
    forces, moments = (_columns(table, names)[inner] for names in (FORCES, MOMENTS))
    forces[:, 1] -= weight_n
    return Residuals(_root_mean_square(forces) / weight_n, _root_mean_square(moments) / weight_n)


def compared(ahead: Path, causal: Path) -> dict[str, Residuals]:
    """
    Compare the ways to a motion for inverse dynamics.

    :param ahead: a person's folder, estimated with what came after each image.
    :param causal: the same person's, without.
    :returns: per way; empty for a motion with gaps, or of too few rows per second for the filter.
    """
    times_s, _ = read_mot(ahead / MOTION)
    steps_s = np.diff(times_s)
    if len(times_s) < 2 or steps_s.max() > 1.5 * steps_s.min() or steps_s[0] * LEAST_HZ > 1.01:
        return {}
    ways: Mapping[str, tuple[Path, float | None]] = {
        'look-ahead': (ahead, None),
        'look-ahead, 6 Hz': (ahead, CUTOFF_HZ),
        'causal': (causal, None),
        'causal, 6 Hz': (causal, CUTOFF_HZ),
    }
    return {
        name: residuals(folder / MODEL, folder / MOTION, cutoff_hz)
        for name, (folder, cutoff_hz) in ways.items()
    }


def _columns(table: opensim.TimeSeriesTable, names: Iterable[str]) -> FloatArray:
    return np.stack([table.getDependentColumn(name).to_numpy() for name in names], axis=-1)


def _root_mean_square(vectors: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.sum(np.square(vectors), axis=-1))))
