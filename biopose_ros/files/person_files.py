"""
The files of one person: kept whole while they grow, finished from what lies on the disk.

While a run goes on, ``joint_angles.csv``, ``motion.mot`` and ``markers.trc`` grow by a row per
image, and ``model.osim`` is written again and again as more is known of the person's size.
Finishing makes motion and markers anew from the table and the model: at a constant rate, the
markers as the posed model carries them. A run that was killed is finished in the same way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from biopose_ros.files.angles_csv import AnglesCsvWriter, AnglesTable, read_angles
from biopose_ros.files.c3d import write_c3d
from biopose_ros.files.growing_table import GrowingTable
from biopose_ros.files.mot import MotWriter, StoWriter, degree_factors
from biopose_ros.files.output import replacing, writing
from biopose_ros.files.own_model import write_own_model
from biopose_ros.files.resampling import Motion, gaps, resample
from biopose_ros.files.trc import TrcWriter
from biopose_ros.records import FloatArray, PersonPose, TrackingState
from biopose_ros.skeleton import Skeleton, read_osim, scale_set, scaled_osim, with_default_pose
from biopose_ros.virtual_markers.on_skeleton import with_markers
from biopose_ros.virtual_markers.person_markers import PersonMarkers

ANGLES, MOTION, MARKERS, MODEL = 'joint_angles.csv', 'motion.mot', 'markers.trc', 'model.osim'
STATES, C3D, SCALES = 'motion.sto', 'markers.c3d', 'scale_factors.xml'
# Smoothed rows, which replace the first rows of the table when the files are finished.
SETTLED = 'joint_angles_settled.csv'
# The model is written again once the number of images has grown by this factor.
RENEWAL = 1.25
# Markers are placed in blocks of rows: an hour of them would not fit into memory.
CHUNK_ROWS = 1000


class PersonFiles:
    """
    The growing files of one person.

    :param folder: made here.
    :param skeleton: of the poses.
    :param first: the first pose, with the markers' names.
    :param rate_hz: nominal rate of the images.
    :ivar folder: the same.
    :raises OutputError: when they cannot be made.
    """

    def __init__(
        self, folder: Path, skeleton: Skeleton, first: PersonPose, rate_hz: float
    ) -> None:
        with writing(folder):
            folder.mkdir(parents=True)
        self.folder = folder
        self._skeleton = skeleton
        self._markers = PersonMarkers(skeleton, first.markers.names)
        names = skeleton.coordinate_names
        self._csv = AnglesCsvWriter(folder / ANGLES, names)
        self._settled: AnglesCsvWriter | None = None
        self._mot = MotWriter(folder / MOTION, names)
        self._trc = TrcWriter(folder / MARKERS, self._markers.names, rate_hz)
        self._unmarked: list[tuple[float, FloatArray]] = []  # times and poses without markers yet
        self._last_seen = first
        self._seen = 0
        self._seen_s: list[float] = []  # the first and the last
        self._next_renewal = 0.0
        self._scales = first.scales
        self._marked = skeleton

    def write(self, time_s: float, pose: PersonPose) -> None:
        """
        Append one pose; a lost person's last message holds nothing new.

        :param time_s: seconds, increasing.
        :param pose: of this person.
        """
        if pose.state is TrackingState.LOST:
            return
        self._csv.write(time_s, pose)
        if pose.state.is_seen:
            self._seen_s = [*self._seen_s[:1], time_s]
            self._mot.write(time_s, pose.coordinates)
            self._markers.observe(pose.markers.positions_m, pose.coordinates, pose.scales)
            self._unmarked.append((time_s, pose.coordinates))
            self._last_seen = pose
            self._seen += 1

    def settle(self, time_s: float, pose: PersonPose) -> None:
        """
        Replace a pose that was written by its smoothed one.

        :param time_s: seconds.
        :param pose: the next of those written, in their order.
        """
        is_first = self._settled is None
        if pose.state is TrackingState.LOST or (is_first and not pose.state.is_seen):
            return  # neither was written
        if self._settled is None:
            path = self.folder / SETTLED
            self._settled = AnglesCsvWriter(path, self._skeleton.coordinate_names)
        self._settled.write(time_s, pose)

    def save(self) -> None:
        """
        Bring all that was written onto the disk.

        :raises OutputError: when that is not possible.
        """
        if self._seen >= self._next_renewal:
            self._renew_model()
        if self._unmarked:
            times_s, coordinates = zip(*self._unmarked, strict=True)
            known = torch.from_numpy(np.nan_to_num(np.stack(coordinates)))
            positions_m = self._marked.marker_positions(known, torch.from_numpy(self._scales))
            for time_s, row_m in zip(times_s, positions_m.numpy(), strict=True):
                self._trc.write(time_s, row_m)
            self._unmarked = []
        for table in self._tables:
            table.save()

    def _renew_model(self) -> None:
        """Write the model as it is known by now."""
        pose = self._last_seen
        scales, markers = self._markers.fitted(pose.scales, pose.stature_m)
        with replacing(self.folder / MODEL) as path:
            path.write_text(scaled_osim(self._skeleton, scales, pose.mass_kg, markers))
        with replacing(self.folder / SCALES) as path:
            path.write_text(scale_set(self._skeleton.segment_names, scales))
        offsets_m = torch.tensor([marker.offset_m for marker in markers]).double().reshape(-1, 3)
        bodies = [marker.body for marker in markers]
        rows = [self._skeleton.segment_index(body) for body in bodies]
        self._scales = scales
        unscaled_m = offsets_m / torch.from_numpy(scales)[rows]
        self._marked = with_markers(self._skeleton, self._markers.names, bodies, unscaled_m)
        self._next_renewal = RENEWAL * self._seen

    def close(self) -> None:
        """Save all as it is known at the end, and close the files."""
        self._next_renewal = 0.0
        try:
            self.save()
        finally:
            for table in self._tables:
                table.close()

    @property
    def _tables(self) -> list[GrowingTable]:
        # Rows that settle others come to the disk after those.
        settled = [] if self._settled is None else [self._settled]
        return [self._csv, self._mot, self._trc, *settled]

    @property
    def seen_for_s(self) -> float:
        """From the first to the last sighting, seconds."""
        return self._seen_s[-1] - self._seen_s[0] if self._seen_s else 0.0

    def facts(self) -> dict[str, Any]:
        """Give the person's entries of the summary that the other files do not hold."""
        return {
            'person_id': self._last_seen.person_id,
            'stature_m': number(self._last_seen.stature_m),
            'stature_stddev_m': number(self._last_seen.stature_stddev_m),
            'mass_kg': number(self._last_seen.mass_kg),
            'mass_stddev_kg': number(self._last_seen.mass_stddev_kg),
        }


def seen_for_s(folder: Path) -> float:
    """
    Tell from a person's table how long the person was seen.

    :param folder: of the person.
    :returns: from the first to the last sighting, seconds.
    :raises ValueError: when the table is broken.
    """
    table = read_angles(folder / ANGLES)
    seen = [state.is_seen for state in table.states]
    return float(np.ptp(table.times_s[seen])) if any(seen) else 0.0


def is_lasting(duration_s: float, shortest_s: float) -> bool:
    """
    Tell whether somebody was seen for long enough; times are rounded to nanoseconds.

    :param duration_s: see :func:`seen_for_s`.
    :param shortest_s: that is enough.
    """
    return duration_s >= shortest_s - 1e-6


def discard(folder: Path) -> None:
    """
    Take a person's folder away.

    :param folder: of the person.
    :raises OutputError: when that is not possible.
    """
    with writing(folder):
        shutil.rmtree(folder)


def _with_settled(folder: Path) -> None:
    """Put the rows that were settled in the place of those that they settle: the first ones."""
    angles, settled = folder / ANGLES, folder / SETTLED
    if not settled.exists():
        return
    with (
        replacing(angles) as path,
        path.open('w') as new,
        settled.open() as first,
        angles.open() as causal,
    ):
        count = sum(1 for line in first if new.write(line))
        new.writelines(islice(causal, count, None))
    with writing(settled):
        settled.unlink()


def finish_person(
    folder: Path,
    image_rate_hz: float,
    rate_hz: float,
    with_c3d: bool,
    own_model: Skeleton | None = None,
) -> dict[str, Any]:
    """
    Make motion and markers from a person's table and model.

    :param folder: of the person.
    :param image_rate_hz: nominal rate of the images.
    :param rate_hz: of motion and markers.
    :param with_c3d: whether to write the markers as C3D, too.
    :param own_model: a user's model to carry the motion over to.
    :returns: the person's figures for the summary, angles in degrees.
    :raises ValueError: when table or model are broken.
    :raises OutputError: when the files cannot be written.
    """
    _with_settled(folder)
    table = read_angles(folder / ANGLES)
    skeleton = Skeleton(read_osim(folder / MODEL), folder / MODEL)
    seen = np.array([state.is_seen for state in table.states], dtype=bool)
    times_s, coordinates = table.times_s[seen], table.coordinates[seen]
    motion = resample(times_s, coordinates, skeleton, image_rate_hz, rate_hz)
    with replacing(folder / MODEL) as path:
        first = dict(zip(skeleton.coordinate_names, motion.coordinates[0].tolist(), strict=True))
        path.write_text(with_default_pose((folder / MODEL).read_text(), first))
    _write_motion(folder, skeleton, motion)
    with (
        replacing(folder / MARKERS) as path,
        TrcWriter(path, skeleton.marker_names, rate_hz) as trc,
    ):
        for time_s, row_m in zip(motion.times_s, carried_markers(skeleton, motion), strict=True):
            trc.write(time_s, row_m)
    if with_c3d:
        places_m = np.stack(list(carried_markers(skeleton, motion)))
        with replacing(folder / C3D) as path:
            write_c3d(path, skeleton.marker_names, motion.times_s, places_m, rate_hz)
    figures = _figures(table, seen, gaps(times_s, image_rate_hz))
    if own_model is not None:
        residual_m = write_own_model(folder, own_model, skeleton, motion)
        figures['own_model_residual_m'] = number(residual_m)
    return figures


def _write_motion(folder: Path, skeleton: Skeleton, motion: Motion) -> None:
    joint_of = {
        coordinate.name: joint.name
        for joint in skeleton.description.joints
        for coordinate in joint.coordinates
    }
    names = skeleton.coordinate_names
    with (
        replacing(folder / MOTION) as mot_path,
        replacing(folder / STATES) as sto_path,
        MotWriter(mot_path, names) as mot,
        StoWriter(sto_path, [f'/jointset/{joint_of[name]}/{name}' for name in names]) as sto,
    ):
        rows = zip(motion.times_s, motion.coordinates, motion.velocities, strict=True)
        for time_s, coordinates, velocities in rows:
            mot.write(time_s, coordinates)
            sto.write(time_s, coordinates, velocities)


def carried_markers(skeleton: Skeleton, motion: Motion) -> Iterator[FloatArray]:
    """
    Place a person's markers as the posed skeleton carries them.

    :param skeleton: in the person's size.
    :param motion: of the person.
    :returns: per row [markers, 3], metres, ground frame.
    """
    for start in range(0, len(motion.times_s), CHUNK_ROWS):
        rows = torch.from_numpy(motion.coordinates[start : start + CHUNK_ROWS])
        yield from skeleton.marker_positions(rows).numpy()


def _figures(table: AnglesTable, seen: np.ndarray, gaps_s: FloatArray) -> dict[str, Any]:
    times_s = table.times_s[seen]
    degrees = table.coordinates[seen] * degree_factors(table.names)
    is_known = np.isfinite(degrees)
    lowest = np.where(is_known, degrees, np.inf).min(axis=0)
    highest = np.where(is_known, degrees, -np.inf).max(axis=0)
    return {
        'frames': len(times_s),
        'first_time_s': number(times_s[0]),
        'last_time_s': number(times_s[-1]),
        'gaps_s': [[number(start), number(end)] for start, end in gaps_s],
        'mean_confidence': number(table.confidence[seen].mean()),
        'coordinate_ranges': {
            name: [number(low), number(high)]
            for name, low, high in zip(table.names, lowest, highest, strict=True)
        },
    }


def number(value: float) -> float | None:
    """
    Round for JSON, which knows no NaN: unknown is null.

    :param value: any number.
    """
    return round(float(value), 6) if np.isfinite(value) else None
