"""OpenSim as the reference: its forward kinematics and its inverse kinematics solver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import opensim

from biopose_ros.records import FloatArray

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

    def track_markers(
        self,
        marker_names: Sequence[str],
        positions_m: FloatArray,
        coordinate_names: Sequence[str],
        start: FloatArray,
        advance: Callable[[], None] = lambda: None,
    ) -> tuple[FloatArray, float]:
        """
        Run OpenSim's inverse kinematics, each frame from the one before.

        :param marker_names: [markers].
        :param positions_m: [frames, markers, 3].
        :param coordinate_names: [coordinates].
        :param start: [coordinates], where the first frame starts.
        :param advance: called after each frame.
        :returns: marker positions [frames, markers, 3] of the solution, and seconds per frame.
        """
        self.set_pose(coordinate_names, start)
        table = marker_table(marker_names, positions_m)
        reference = opensim.MarkersReference(table, opensim.SetMarkerWeights())
        solver = opensim.InverseKinematicsSolver(
            self.model, reference, opensim.SimTKArrayCoordinateReference(), np.inf
        )
        solver.setAccuracy(1e-5)  # InverseKinematicsTool's own default
        self.state.setTime(0.0)
        solver.assemble(self.state)
        found, elapsed_s = [], 0.0
        for frame in range(len(positions_m)):
            self.state.setTime(frame * FRAME_S)
            began = time.perf_counter()
            solver.track(self.state)
            elapsed_s += time.perf_counter() - began
            self.model.realizePosition(self.state)
            found.append(self.marker_positions(marker_names))
            advance()
        return np.stack(found), elapsed_s / len(positions_m)


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
