"""A person's files put to the test by stock OpenSim: whether motion, markers, model agree."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

from biopose_ros.files.mot import read_mot
from biopose_ros.files.person_files import MARKERS, MODEL, MOTION
from biopose_ros.files.trc import read_trc

opensim.Logger.setLevelString('error')


@dataclass(frozen=True)
class SolvedMarkers:
    """
    What OpenSim's inverse kinematics makes of markers.

    :param rms_mm: distance of the markers from those of the posed model; root mean square.
    :param angle_difference_deg: between OpenSim's angles and those of the ``.mot``; mean over
        rows and coordinates.
    """

    rms_mm: float
    angle_difference_deg: float


@dataclass(frozen=True)
class OpenSimCheck:
    """
    How well one person's files agree.

    :param markers_missing: markers of the ``.trc`` that the model lacks.
    :param own: what OpenSim makes of the ``.trc``.
    :param model_stature_m: from the lowest marker to the highest, all coordinates at zero: soles
        and the top of the head are among them.
    :param mass_kg: of the model.
    """

    markers_missing: int
    own: SolvedMarkers
    model_stature_m: float
    mass_kg: float


def check_person(folder: Path) -> OpenSimCheck:
    """
    Run OpenSim's InverseKinematicsTool on a person's markers and model.

    :param folder: with ``motion.mot``, ``markers.trc`` and ``model.osim``.
    :raises RuntimeError: when OpenSim cannot open the files.
    """
    model = opensim.Model(str(folder / MODEL))
    state = model.initSystem()
    names = {marker.getName() for marker in model.getMarkerSet()}
    _, markers_m = read_trc(folder / MARKERS)
    return OpenSimCheck(
        len(set(markers_m) - names),
        solve_markers(folder, folder / MARKERS),
        _stature(model, state),
        model.getTotalMass(state),
    )


def solve_markers(folder: Path, markers: Path) -> SolvedMarkers:
    """
    Run OpenSim's InverseKinematicsTool on a person's model and some markers.

    :param folder: with ``motion.mot`` and ``model.osim``.
    :param markers: a ``.trc`` file; markers that the model lacks are left out.
    :raises RuntimeError: when OpenSim cannot open the files.
    """
    times_s, motion = read_mot(folder / MOTION)
    model = opensim.Model(str(folder / MODEL))
    turning = [
        name
        for name in motion
        if model.getCoordinateSet().get(name).getMotionType() == opensim.Coordinate.Rotational
    ]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / 'ik.mot'
        tool = opensim.InverseKinematicsTool()
        tool.setModel(model)
        tool.setMarkerDataFileName(str(markers))
        tool.setStartTime(float(times_s[0]))
        tool.setEndTime(float(times_s[-1]))
        tool.set_report_errors(True)
        tool.setOutputMotionFileName(str(out))
        tool.setResultsDir(scratch)
        tool.run()
        found_s, found = read_mot(out)
        errors = opensim.TimeSeriesTable(str(next(Path(scratch).glob('*_ik_marker_errors.sto'))))
    rms_m = errors.getDependentColumn('marker_error_RMS').to_numpy()
    off_rad = [
        np.angle(np.exp(1j * (np.interp(found_s, times_s, motion[name]) - found[name])))
        for name in turning
    ]
    return SolvedMarkers(
        1e3 * float(np.sqrt(np.mean(np.square(rms_m)))),
        float(np.degrees(np.abs(off_rad)).mean()),
    )


def _stature(model: opensim.Model, state: opensim.State) -> float:
    for coordinate in model.getCoordinateSet():
        coordinate.setValue(state, 0.0, False)
    model.realizePosition(state)
    heights_m = [marker.getLocationInGround(state).get(1) for marker in model.getMarkerSet()]
    return float(np.ptp(heights_m))
