"""OpenSim's inverse kinematics over a clip: coordinates of every frame, and its time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import opensim

from biopose_ros.evaluation.skeleton.opensim_reference import FRAME_S, OpenSimModel, marker_table
from biopose_ros.records import FloatArray


def track_coordinates(
    model_file: Path,
    marker_names: Sequence[str],
    positions_m: FloatArray,
    weights: Sequence[float],
    coordinate_names: Sequence[str],
    start: FloatArray,
) -> tuple[FloatArray, float]:
    """
    Track markers, each frame from the one before.

    :param model_file: a scaled ``.osim`` file.
    :param marker_names: [markers].
    :param positions_m: [frames, markers, 3], NaN where missing.
    :param weights: [markers].
    :param coordinate_names: [coordinates].
    :param start: [coordinates], where the first frame starts.
    :returns: [frames, coordinates], and seconds per frame.
    """
    reference = OpenSimModel(model_file)
    reference.set_pose(coordinate_names, start)
    shares = opensim.SetMarkerWeights()
    for name, weight in zip(marker_names, weights, strict=True):
        shares.cloneAndAppend(opensim.MarkerWeight(name, weight))
    solver = opensim.InverseKinematicsSolver(
        reference.model,
        opensim.MarkersReference(marker_table(marker_names, positions_m), shares),
        opensim.SimTKArrayCoordinateReference(),
        np.inf,
    )
    solver.setAccuracy(1e-5)  # InverseKinematicsTool's own default
    reference.state.setTime(0.0)
    solver.assemble(reference.state)
    coordinates = [reference.model.getCoordinateSet().get(name) for name in coordinate_names]
    found, elapsed_s = [], 0.0
    for frame in range(len(positions_m)):
        reference.state.setTime(frame * FRAME_S)
        began = time.perf_counter()
        _track(solver, reference.state)
        elapsed_s += time.perf_counter() - began
        found.append([coordinate.getValue(reference.state) for coordinate in coordinates])
    return np.array(found), elapsed_s / len(positions_m)


def _track(solver: opensim.InverseKinematicsSolver, state: opensim.State) -> None:
    """Follow to the next frame; where that fails start anew, else stay as before."""
    try:
        solver.track(state)
    except RuntimeError:
        with contextlib.suppress(RuntimeError):
            solver.assemble(state)
