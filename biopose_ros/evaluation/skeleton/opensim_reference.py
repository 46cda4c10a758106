"""OpenSim as the reference: its forward kinematics and its inverse kinematics solver."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import opensim
from numpy.typing import ArrayLike

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, load_skeleton, scaled_osim
from biopose_ros.skeleton.osim_writer import osim_text

FRAME_S = 1 / 30


class OpenSimModel:
    """
    A model file opened by OpenSim itself.

    :param path: an ``.osim`` file.
    """

    def __init__(self, path: Path | str) -> None:
        opensim.Logger.setLevelString('error')  # pictures' files are missing in stock models
        self.model = opensim.Model(str(path))
        self.model.set_assembly_accuracy(1e-10)  # coupled coordinates follow exactly
        self.state = self.model.initSystem()

    @classmethod
    def scaled(cls, skeleton: Skeleton, scales: ArrayLike) -> OpenSimModel:
        """
        Open a skeleton in a person's size.

        :param skeleton: unscaled, with its markers.
        :param scales: [segments, 3], unitless.
        """
        with tempfile.TemporaryDirectory() as folder:
            unscaled, scaled = Path(folder) / 'unscaled.osim', Path(folder) / 'scaled.osim'
            unscaled.write_text(osim_text(skeleton.description), encoding='utf-8')
            scaled.write_text(scaled_osim(load_skeleton(unscaled), scales), encoding='utf-8')
            return cls(scaled)

    def set_pose(self, names: Sequence[str], values: Iterable[float]) -> None:
        """
        Set coordinates, and let coupled ones follow.

        :param names: coordinate names.
        :param values: radians or metres.
        """
        coordinates = self.model.getCoordinateSet()
        for name, value in zip(names, values, strict=True):
            coordinates.get(name).setValue(self.state, float(value), False)
        self.model.assemble(self.state)
        self.model.realizePosition(self.state)

    def segment_points(self, names: Sequence[str]) -> FloatArray:
        """
        Give each segment's origin and the tips of its unit axes.

        :param names: segment names.
        :returns: [segments, 4, 3], metres, ground frame.
        """
        return np.stack([self._frame_points(name) for name in names])

    def _frame_points(self, name: str) -> FloatArray:
        frame = self.model.getBodySet().get(name).getTransformInGround(self.state)
        rotation = np.array([[frame.R().get(i, j) for j in range(3)] for i in range(3)])
        origin = frame.p().to_numpy()
        return np.vstack([origin, origin + rotation.T])

    def marker_positions(self, names: Sequence[str]) -> FloatArray:
        """
        Give markers.

        :param names: marker names.
        :returns: [markers, 3], metres, ground frame.
        """
        markers = self.model.getMarkerSet()
        rows = [markers.get(name).getLocationInGround(self.state).to_numpy() for name in names]
        return np.array(rows).reshape(-1, 3)

    def solver(
        self, table: opensim.TimeSeriesTableVec3, weights: Sequence[float], accuracy: float
    ) -> opensim.InverseKinematicsSolver:
        """
        Make OpenSim's solver, that of InverseKinematicsTool.

        :param table: of :func:`marker_table`.
        :param weights: [markers], of the table's columns.
        :param accuracy: relative tolerance.
        """
        shares = opensim.SetMarkerWeights()
        for name, weight in zip(table.getColumnLabels(), weights, strict=True):
            shares.cloneAndAppend(opensim.MarkerWeight(name, weight))
        solver = opensim.InverseKinematicsSolver(
            self.model,
            opensim.MarkersReference(table, shares),
            opensim.SimTKArrayCoordinateReference(),
            np.inf,
        )
        solver.setAccuracy(accuracy)
        return solver

    def track(
        self,
        table: opensim.TimeSeriesTableVec3,
        weights: Sequence[float],
        coordinate_names: Sequence[str],
        start: FloatArray,
        advance: Callable[[], None] = lambda: None,
    ) -> tuple[FloatArray, float]:
        """
        Fit the coordinates to markers, each frame from the one before.

        :param table: of :func:`marker_table`.
        :param weights: [markers].
        :param coordinate_names: [coordinates].
        :param start: [coordinates], where the first frame starts; radians, metres.
        :param advance: called after each frame.
        :returns: [frames, coordinates], and seconds per frame.
        """
        self.set_pose(coordinate_names, start)
        solver = self.solver(table, weights, 1e-5)  # InverseKinematicsTool's own default
        self.state.setTime(0.0)
        solver.assemble(self.state)
        coordinates = [self.model.getCoordinateSet().get(name) for name in coordinate_names]
        found, elapsed_s = [], 0.0
        for frame in range(table.getNumRows()):
            self.state.setTime(frame * FRAME_S)
            began = time.perf_counter()
            _follow(solver, self.state)
            elapsed_s += time.perf_counter() - began
            found.append([coordinate.getValue(self.state) for coordinate in coordinates])
            advance()
        return np.array(found), elapsed_s / len(found)


def _follow(solver: opensim.InverseKinematicsSolver, state: opensim.State) -> None:
    """Go on to the next frame; where that fails start anew, else stay as before."""
    try:
        solver.track(state)
    except RuntimeError:
        with contextlib.suppress(RuntimeError):
            solver.assemble(state)


def marker_table(names: Sequence[str], positions_m: FloatArray) -> opensim.TimeSeriesTableVec3:
    """
    Lay markers out as OpenSim reads them, at 30 Hz.

    :param names: [markers].
    :param positions_m: [frames, markers, 3], NaN where missing.
    """
    table = opensim.TimeSeriesTableVec3()
    table.setColumnLabels(list(names))
    for frame, row in enumerate(positions_m):
        points = [opensim.Vec3(*map(float, point)) for point in row]
        table.appendRow(frame * FRAME_S, opensim.RowVectorVec3(points))
    table.addTableMetaDataString('DataRate', str(1 / FRAME_S))
    table.addTableMetaDataString('Units', 'm')
    return table
