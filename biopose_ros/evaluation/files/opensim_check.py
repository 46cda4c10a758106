"""A person's files put to the test by stock OpenSim: whether motion, markers, model agree."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

from biopose_ros.files.mot import read_mot
from biopose_ros.files.trc import read_trc
from biopose_ros.records import FloatArray


@dataclass(frozen=True)
class OpenSimCheck:
    """
    How well one person's files agree.

    :param markers_missing: markers of the ``.trc`` that the model lacks.
    :param ik_rms_mm: distance of the markers of the ``.trc`` from those of the model, posed by
        OpenSim's inverse kinematics; root mean square.
    :param ik_angle_difference_deg: between OpenSim's angles and those of the ``.mot``; mean over
        rows and coordinates.
    :param model_stature_m: from the lowest marker to the highest, model at rest: soles and the
        top of the head are among them.
    :param mass_kg: of the model.
    """

    markers_missing: int
    ik_rms_mm: float
    ik_angle_difference_deg: float
    model_stature_m: float
    mass_kg: float


def check_person(folder: Path) -> OpenSimCheck:
    """
    Run OpenSim's InverseKinematicsTool on a person's markers and model.

    :param folder: with ``motion.mot``, ``markers.trc`` and ``model.osim``.
    :raises RuntimeError: when OpenSim cannot open the files.
    """
    opensim.Logger.setLevelString('error')
    model = opensim.Model(str(folder / 'model.osim'))
    state = model.initSystem()
    times_s, motion = read_mot(folder / 'motion.mot')
    marker_times_s, markers_m = read_trc(folder / 'markers.trc')
    names = [marker.getName() for marker in model.getMarkerSet()]
    mass_kg, stature_m = model.getTotalMass(state), _stature(model, state)
    found_s, found = _inverse_kinematics(model, folder / 'markers.trc', times_s)
    turning = [
        name
        for name in motion
        if model.getCoordinateSet().get(name).getMotionType() == opensim.Coordinate.Rotational
    ]
    off_rad = [
        np.angle(np.exp(1j * (np.interp(found_s, times_s, motion[name]) - found[name])))
        for name in turning
    ]
    shared = [name for name in markers_m if name in names]
    posed_m = _posed_markers(model, found, len(found_s), shared)
    rows = np.searchsorted(marker_times_s, found_s - 1e-6)
    wanted_m = np.stack([markers_m[name][rows] for name in shared], axis=1)
    square_mm2 = np.square(1e3 * (posed_m - wanted_m)).sum(axis=-1)
    return OpenSimCheck(
        len(set(markers_m) - set(names)),
        float(np.sqrt(np.nanmean(square_mm2))),
        float(np.degrees(np.abs(off_rad)).mean()),
        stature_m,
        mass_kg,
    )


def _inverse_kinematics(
    model: opensim.Model, markers: Path, times_s: FloatArray
) -> tuple[FloatArray, dict[str, FloatArray]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'ik.mot'
        tool = opensim.InverseKinematicsTool()
        tool.setModel(model)
        tool.setMarkerDataFileName(str(markers))
        tool.setStartTime(float(times_s[0]))
        tool.setEndTime(float(times_s[-1]))
        tool.setOutputMotionFileName(str(out))
        tool.setResultsDir(folder)
        tool.run()
        return read_mot(out)


def _posed_markers(
    model: opensim.Model, coordinates: dict[str, FloatArray], rows: int, names: list[str]
) -> FloatArray:
    state = model.initSystem()
    places_m = []
    for row in range(rows):
        for name, values in coordinates.items():
            model.getCoordinateSet().get(name).setValue(state, float(values[row]), False)
        model.assemble(state)
        model.realizePosition(state)
        markers = model.getMarkerSet()
        places_m.append(
            [markers.get(name).getLocationInGround(state).to_numpy() for name in names]
        )
    return np.array(places_m).reshape(rows, len(names), 3)


def _stature(model: opensim.Model, state: opensim.State) -> float:
    model.realizePosition(state)
    heights_m = [marker.getLocationInGround(state).get(1) for marker in model.getMarkerSet()]
    return float(np.ptp(heights_m))
