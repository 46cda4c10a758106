"""OpenSim's inverse kinematics on a single pose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel, marker_table
from biopose_ros.records import FloatArray

ACCURACY = 1e-7


def fit_with_opensim(
    reference: OpenSimModel,
    marker_names: Sequence[str],
    positions_m: FloatArray,
    weights: Sequence[float],
    coordinate_names: Sequence[str],
    start: FloatArray,
    held: Sequence[str] = (),
) -> FloatArray:
    """
    Fit a model's coordinates to markers.

    :param reference: a scaled model; its limits are lifted for good.
    :param marker_names: [markers].
    :param positions_m: [markers, 3], ground frame.
    :param weights: [markers].
    :param coordinate_names: [coordinates], what to read off.
    :param start: [coordinates], where to start; radians, metres.
    :param held: coordinates that stay where they start. All others are free of their limits: with
        limits OpenSim's optimiser stops up to ten degrees short of the least marker error.
    :returns: [coordinates].
    """
    coordinates = reference.model.updCoordinateSet()
    for name in coordinate_names:
        coordinates.get(name).setDefaultClamped(False)
    reference.state = reference.model.initSystem()
    reference.set_pose(coordinate_names, start)
    for name in held:
        coordinates.get(name).setLocked(reference.state, True)
    # A table of one row is refused.
    table = marker_table(marker_names, np.stack([positions_m, positions_m]))
    solver = reference.solver(table, weights, ACCURACY)
    reference.state.setTime(0.0)
    solver.assemble(reference.state)
    return np.array([coordinates.get(name).getValue(reference.state) for name in coordinate_names])
