"""
The files of a run, ``DIR/<person_id>/``, written image by image in constant memory.

Per person: ``motion.mot`` and ``markers.trc`` (images where the person was seen), ``model.osim``
(the scaled skeleton), ``joint_angles.csv`` (every image of the track, predicted ones marked by
their state). Beside the persons: ``summary.json``.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from biopose_ros import __version__
from biopose_ros.files.angles_csv import AnglesCsvWriter
from biopose_ros.files.mot import MotWriter, degree_factors
from biopose_ros.files.trc import TrcWriter
from biopose_ros.records import FloatArray, PersonPose, TrackingState
from biopose_ros.skeleton import Skeleton, scaled_osim

# A pause between two sightings longer than this many nominal frames counts as a gap.
GAP_FRAMES = 1.5


class PersonFiles:
    """
    The files of one person.

    :param folder: made here.
    :param skeleton: of the poses.
    :param first: the first pose; it tells the markers' names.
    :param rate_hz: nominal rate of the images.
    """

    def __init__(
        self, folder: Path, skeleton: Skeleton, first: PersonPose, rate_hz: float
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._skeleton = skeleton
        names = skeleton.coordinate_names
        self._mot = MotWriter(folder / 'motion.mot', names)
        self._trc = TrcWriter(folder / 'markers.trc', first.markers.names, rate_hz)
        self._csv = AnglesCsvWriter(folder / 'joint_angles.csv', names)
        self._statistics = PersonStatistics(names, GAP_FRAMES / rate_hz)
        self._last_seen = first

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
            self._mot.write(time_s, pose.coordinates)
            self._trc.write(time_s, pose.markers.positions_m)
            self._statistics.add(time_s, pose)
            self._last_seen = pose

    def close(self) -> dict[str, Any]:
        """
        Finish the files.

        :returns: the person's part of the summary.
        """
        for table in (self._mot, self._trc, self._csv):
            table.close()
        osim = scaled_osim(self._skeleton, self._last_seen.scales)
        (self._folder / 'model.osim').write_text(osim)
        return {
            'person_id': self._last_seen.person_id,
            'stature_m': _number(self._last_seen.stature_m),
            'stature_stddev_m': _number(self._last_seen.stature_stddev_m),
            **self._statistics.summary(),
        }


class PersonStatistics:
    """
    Running figures over the sightings of one person.

    :param names: coordinates.
    :param longest_pause_s: a longer pause is a gap.
    """

    def __init__(self, names: tuple[str, ...], longest_pause_s: float) -> None:
        self._names = names
        self._longest_pause_s = longest_pause_s
        self._times_s: list[float] = []  # first and last
        self._gaps_s: list[list[float]] = []
        self._frames = 0
        self._confidence_sum = 0.0
        self._lowest: FloatArray = np.full(len(names), np.nan)
        self._highest: FloatArray = np.full(len(names), np.nan)

    def add(self, time_s: float, pose: PersonPose) -> None:
        """
        Count a sighting.

        :param time_s: seconds, increasing.
        :param pose: the person then.
        """
        if self._times_s and time_s - self._times_s[-1] > self._longest_pause_s:
            self._gaps_s.append([self._times_s[-1], time_s])
        self._times_s = [*self._times_s[:1], time_s]
        self._frames += 1
        self._confidence_sum += pose.confidence
        self._lowest = np.fmin(self._lowest, pose.coordinates)
        self._highest = np.fmax(self._highest, pose.coordinates)

    def summary(self) -> dict[str, Any]:
        """Give the figures, angles in degrees, as plain numbers."""
        ranges = np.stack([self._lowest, self._highest], axis=1)
        ranges *= degree_factors(self._names)[:, None]
        return {
            'frames': self._frames,
            'first_time_s': _number(self._times_s[0]) if self._times_s else None,
            'last_time_s': _number(self._times_s[-1]) if self._times_s else None,
            'gaps_s': [[_number(start), _number(end)] for start, end in self._gaps_s],
            'mean_confidence': _number(self._confidence_sum / max(1, self._frames)),
            'coordinate_ranges': {
                name: [_number(low), _number(high)]
                for name, (low, high) in zip(self._names, ranges, strict=True)
            },
        }


class RunResults:
    """
    Everything that a run leaves on disk.

    :param folder: made here; must be new or empty.
    :param skeleton: of the poses.
    :param rate_hz: nominal rate of the images.
    :raises FileExistsError: when the folder holds something already.
    """

    def __init__(self, folder: Path, skeleton: Skeleton, rate_hz: float) -> None:
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f'{folder} is not empty; choose another folder, or empty it')
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._skeleton = skeleton
        self._rate_hz = rate_hz
        self._persons: dict[str, PersonFiles] = {}
        self._frames = 0
        self._times_s: list[float] = []  # first and last

    def write(self, time_s: float, poses: Iterable[PersonPose]) -> None:
        """
        Append one image's persons.

        :param time_s: the image's time, seconds, increasing.
        :param poses: everybody in the image.
        """
        for pose in poses:
            if pose.person_id not in self._persons:
                if not pose.state.is_seen:
                    continue  # a track is named by its first sighting
                self._persons[pose.person_id] = PersonFiles(
                    self._folder / pose.person_id, self._skeleton, pose, self._rate_hz
                )
            self._persons[pose.person_id].write(time_s, pose)
        self._frames += 1
        self._times_s = [*self._times_s[:1], time_s]

    def close(self, description: dict[str, Any]) -> dict[str, Any]:
        """
        Finish all files and write ``summary.json``.

        :param description: what the run was: input, method and the like.
        :returns: the summary.
        """
        duration_s = self._times_s[-1] - self._times_s[0] if self._times_s else 0.0
        summary = {
            **description,
            'model': self._skeleton.name,
            'frames': self._frames,
            'duration_s': _number(duration_s),
            'rate_hz': _number((self._frames - 1) / duration_s) if duration_s else None,
            'angle_unit': 'degree',
            'length_unit': 'metre',
            'persons': [person.close() for person in self._persons.values()],
            'versions': _versions(),
        }
        (self._folder / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
        return summary


def _number(value: float) -> float | None:
    """JSON knows no NaN: unknown is null."""
    return round(float(value), 6) if np.isfinite(value) else None


def _versions() -> dict[str, str]:
    versions = {'biopose_ros': __version__, 'python': platform.python_version()}
    for package in ('numpy', 'torch', 'onnxruntime', 'onnxruntime-gpu', 'av'):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
