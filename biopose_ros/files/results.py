"""
The files of a run, ``DIR/<person_id>/``, written image by image in constant memory.

Per person: ``motion.mot``, ``motion.sto`` and ``markers.trc`` (at a constant rate, while the
person was seen), ``model.osim`` (the skeleton in the person's size, with the person's markers),
``scale_factors.xml`` (its sizes for OpenSim's scale tool), ``joint_angles.csv`` (every image of
the track, predicted ones marked by their state). Beside the persons: ``summary.json``. All of them
are whole at any moment, so that a run that is killed loses its last images alone;
:func:`finish_run` completes it.
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
from biopose_ros.files.c3d import check_c3d
from biopose_ros.files.frames import UNKNOWN_RATE_HZ
from biopose_ros.files.output import OutputError, replacing, writing
from biopose_ros.files.own_model import load_own_model
from biopose_ros.files.person_files import (
    ANGLES,
    PersonFiles,
    discard,
    finish_person,
    is_lasting,
    number,
    seen_for_s,
)
from biopose_ros.frames import GroundFrame
from biopose_ros.records import PersonPose
from biopose_ros.skeleton import Skeleton

SUMMARY = 'summary.json'
# How a run ended; while it goes on, the files on the disk count as cut short.
COMPLETE, INTERRUPTED, CUT_SHORT = 'complete', 'interrupted by the user', 'cut short'
# After so many images all files are flushed to the disk.
SAVE_IMAGES = 5


class RunResults:
    """
    Everything that a run leaves on disk.

    :param folder: made here; must be new or empty.
    :param skeleton: of the poses.
    :param rate_hz: nominal rate of the images; None where the source does not say.
    :param rate_out_hz: of motion and markers; None for that of the images.
    :param with_c3d: whether to write the markers as C3D, too.
    :param osim: a model of the user's own to carry the motions over to.
    :param description: what the run is, for the summary: input, method and the like.
    :param shortest_s: persons seen for less have no files at the end, seconds: false detections
        and passers-by at the edge last for an image or two.
    :ivar folder: the same.
    :ivar ground: what the coordinates count from.
    :raises OutputError: when the folder holds something already, or cannot be written.
    :raises FileNotFoundError: when there is no such model.
    :raises ValueError: when the rate is not above 0, C3D cannot be written, or the user's model is
        broken or lacks segments.
    """

    def __init__(
        self,
        folder: Path,
        skeleton: Skeleton,
        rate_hz: float | None,
        description: dict[str, Any],
        rate_out_hz: float | None = None,
        with_c3d: bool = False,
        osim: Path | None = None,
        shortest_s: float = 0.0,
    ) -> None:
        if rate_out_hz is not None and not 0.0 < rate_out_hz < np.inf:
            raise ValueError(f'the rate of the files must be above 0 Hz, got {rate_out_hz}')
        if with_c3d:
            check_c3d()
        _own_model(osim)  # refused at once, not after an hour
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise OutputError(f'{folder} is not empty; choose another folder, or empty it')
        self.folder = folder
        self.ground = GroundFrame()
        self._skeleton = skeleton
        self._rate_hz = rate_hz
        self._rate_out_hz = rate_out_hz
        self._with_c3d = with_c3d
        self._osim = None if osim is None else str(osim.resolve())
        self._shortest_s = shortest_s
        self._description = description
        self._versions = _versions()
        self._persons: dict[int, PersonFiles] = {}
        self._times_s: list[float] = []
        self.save()

    def write(self, time_s: float, poses: Iterable[PersonPose]) -> None:
        """
        Append one image's persons.

        :param time_s: the image's time, seconds, increasing.
        :param poses: everybody in the image.
        :raises OutputError: when the files cannot be written.
        """
        is_due = False
        for pose in poses:
            if pose.track_id not in self._persons:
                if not pose.state.is_seen:
                    continue  # a track is named by its first sighting
                is_due = True
                self._persons[pose.track_id] = PersonFiles(
                    self.folder / pose.person_id,
                    self._skeleton,
                    pose,
                    self._rate_hz or UNKNOWN_RATE_HZ,
                )
            self._persons[pose.track_id].write(time_s, pose)
        self._times_s.append(time_s)
        if is_due or len(self._times_s) - self._saved_images >= SAVE_IMAGES:
            self.save()

    def save(self) -> None:
        """
        Flush everything that was written to the disk.

        :raises OutputError: when that is not possible.
        """
        for person in self._persons.values():
            person.save()
        self._write_summary(CUT_SHORT)
        self._saved_images = len(self._times_s)

    def settle(self, time_s: float, poses: Iterable[PersonPose]) -> None:
        """
        Replace poses that were written by their smoothed ones.

        :param time_s: the image's time, seconds; images come in the order of :meth:`write`.
        :param poses: everybody in the image.
        """
        for pose in poses:
            if pose.track_id in self._persons:
                self._persons[pose.track_id].settle(time_s, pose)

    @property
    def lasting(self) -> set[int]:
        """Ids of those who have been seen for long enough by now."""
        return {
            track_id
            for track_id, person in self._persons.items()
            if is_lasting(person.seen_for_s, self._shortest_s)
        }

    def keep_only(self, track_id: int | None) -> None:
        """
        Remove the files of all other persons.

        :param track_id: of the person whose files stay; None removes all.
        :raises OutputError: when that is not possible.
        """
        for other in self._persons.keys() - {track_id}:
            person = self._persons.pop(other)
            person.close()
            discard(person.folder)

    def close(self, ended: str = COMPLETE) -> dict[str, Any]:
        """
        Finish all files and write ``summary.json``.

        :param ended: :data:`COMPLETE` or :data:`INTERRUPTED`.
        :returns: the summary.
        :raises OutputError: when that is not possible.
        """
        for person in self._persons.values():
            person.close()
        self._write_summary(ended)
        return finish_run(self.folder)

    def _write_summary(self, ended: str) -> None:
        times_s = self._times_s
        duration_s = times_s[-1] - times_s[0] if times_s else 0.0
        image_rate_hz = self._rate_hz or _usual_rate(times_s)
        pitch_rad, roll_rad = self.ground.tilt_rad
        mounting = {
            'pitch_rad': pitch_rad,
            'roll_rad': roll_rad,
            'height_m': float(self.ground.camera_m[1]),
            'is_level': self.ground.is_level,
        }
        summary = {
            **self._description,
            'camera': {**self._description.get('camera', {}), **mounting},
            'ended': ended,
            'model': self._skeleton.name,
            'frames': len(times_s),
            'duration_s': number(duration_s),
            'rate_hz': number((len(times_s) - 1) / duration_s) if duration_s else None,
            'image_rate_hz': number(image_rate_hz),
            'rate_out_hz': number(self._rate_out_hz or image_rate_hz),
            'with_c3d': self._with_c3d,
            'osim': self._osim,
            'shortest_s': self._shortest_s,
            'angle_unit': 'degree',
            'length_unit': 'metre',
            'persons': [person.facts() for person in self._persons.values()],
            'versions': self._versions,
        }
        _write(self.folder / SUMMARY, summary)


def finish_run(folder: Path) -> dict[str, Any]:
    """
    Complete what a run left on the disk, whether it ended well or was killed.

    :param folder: that the run wrote to.
    :returns: the summary.
    :raises ValueError: when the folder does not hold a run.
    :raises OutputError: when the files cannot be written.
    """
    path = folder / SUMMARY
    try:
        summary: dict[str, Any] = json.loads(path.read_text())
        rates_hz = float(summary['image_rate_hz']), float(summary['rate_out_hz'])
        with_c3d, shortest_s = bool(summary['with_c3d']), float(summary['shortest_s'])
        own_model = _own_model(summary.get('osim'))
        known = {person['person_id']: person for person in summary['persons']}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{folder}: no results of "biopose run" ({type(error).__name__}: {error}); give the '
            'folder that was its --out'
        ) from None
    summary['persons'] = []
    for name in [name for name in known if (folder / name / ANGLES).exists()]:
        if is_lasting(seen_for_s(folder / name), shortest_s):
            figures = finish_person(folder / name, *rates_hz, with_c3d, own_model)
            summary['persons'].append({**known[name], **figures})
        else:
            discard(folder / name)
    _write(path, summary)
    return summary


def _own_model(path: str | Path | None) -> Skeleton | None:
    return None if path is None else load_own_model(Path(path))


def _usual_rate(times_s: list[float]) -> float:
    steps_s = np.diff(times_s)
    return float(1 / np.median(steps_s)) if len(steps_s) else UNKNOWN_RATE_HZ


def _write(path: Path, summary: dict[str, Any]) -> None:
    with replacing(path) as new:
        new.write_text(json.dumps(summary, indent=2) + '\n')


def _versions() -> dict[str, str]:
    versions = {'biopose_ros': __version__, 'python': platform.python_version()}
    for package in ('numpy', 'torch', 'onnxruntime', 'onnxruntime-gpu', 'av'):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
