"""Read back what a run left on disk: the one place that knows the names of its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from biopose_ros.files.angles_csv import read_angles
from biopose_ros.files.person_files import ANGLES
from biopose_ros.files.results import SUMMARY
from biopose_ros.frames import GroundFrame
from biopose_ros.person.foot_contact import FEET
from biopose_ros.records import Camera, FloatArray
from biopose_ros.skeleton import Skeleton, load_skeleton

MODEL = 'model.osim'
OVERLAY = 'overlay.mp4'
_BLOCK_IMAGES = 500


_HEELS_AND_TOES = (
    ('L_calc', 'r_calc', 'L_toe', 'r_toe'),
    ('bp_left_heel', 'bp_right_heel', 'bp_left_foot_index', 'bp_right_foot_index'),
)


@dataclass(frozen=True, eq=False)
class PersonRecording:
    """
    One person over a recording, every image of the track.

    :param person_id: for example ``person_1``.
    :param folder: of the person's files.
    :param figures: the person's part of the summary.
    :param times_s: [images], increasing.
    :param is_seen: [images], False where the pose is predicted.
    :param confidence: [images], 0 to 1.
    :param values: [images] per coordinate, radians; pelvis translations in metres; NaN unknown.
    :param stddev: [images] per coordinate, 1 sigma in the same units.
    :param foot_contact: [images] for ``left`` and ``right``, probability of standing.
    """

    person_id: str
    folder: Path
    figures: Mapping[str, Any]
    times_s: FloatArray
    is_seen: np.ndarray
    confidence: FloatArray
    values: Mapping[str, FloatArray]
    stddev: Mapping[str, FloatArray]
    foot_contact: Mapping[str, FloatArray]

    @cached_property
    def skeleton(self) -> Skeleton:
        """The skeleton in the person's size."""
        return load_skeleton(self.folder / MODEL)

    def angle_deg(self, name: str) -> FloatArray:
        """
        Give an angle for reading: after each time out of sight, whole turns are taken off.

        :param name: of a coordinate.
        :returns: [images], degrees; NaN where unknown.
        """
        angle_deg = np.degrees(self.values[name])
        starts = np.flatnonzero(np.diff(self.is_seen.astype(int), prepend=0) == 1)
        for start, stop in zip(starts, [*starts[1:], len(angle_deg)], strict=True):
            turns = np.round(np.nanmedian(angle_deg[start:stop]) / 360.0)
            angle_deg[start:stop] -= 360.0 * turns if np.isfinite(turns) else 0.0
        return angle_deg

    @cached_property
    def coordinates(self) -> FloatArray:
        """All coordinates in the order of the skeleton, [images, coordinates]; 0 where unknown."""
        unknown = np.zeros(len(self.times_s))
        columns = [self.values.get(name, unknown) for name in self.skeleton.coordinate_names]
        return np.nan_to_num(np.stack(columns, axis=1))

    @cached_property
    def heels_and_toes_m(self) -> FloatArray:
        """
        Heels, then toes, left before right, [images, 4, 3], ground frame, metres.

        A model holds the markers that the person was fitted to: virtual ones, or landmarks.
        """
        known = set(self.skeleton.marker_names)
        names = next(names for names in _HEELS_AND_TOES if known.issuperset(names))
        parts = [
            self.skeleton.marker_positions(block, names=list(names)).numpy()
            for block in self._blocks()
        ]
        return np.concatenate(parts)

    @cached_property
    def segments(self) -> tuple[FloatArray, FloatArray]:
        """Rotations [images, segments, 3, 3] and origins [images, segments, 3], ground, metres."""
        parts = [self.skeleton.forward_kinematics(block) for block in self._blocks()]
        return (
            np.concatenate([part.rotations.numpy() for part in parts]),
            np.concatenate([part.positions_m.numpy() for part in parts]),
        )

    def _blocks(self) -> Iterable[torch.Tensor]:
        """Split the images: kinematics keep many matrices of each while they compute."""
        return torch.as_tensor(self.coordinates).split(_BLOCK_IMAGES)


@dataclass(frozen=True, eq=False)
class RunFolder:
    """
    The results of one run.

    :param folder: of the run.
    :param summary: ``summary.json``.
    :param persons: everybody with files, in the order of the summary.
    """

    folder: Path
    summary: Mapping[str, Any]
    persons: tuple[PersonRecording, ...]

    @property
    def camera(self) -> Camera:
        """What the poses were computed with."""
        camera = self.summary['camera']
        return Camera(
            width_px=camera['width_px'],
            height_px=camera['height_px'],
            intrinsics_px=np.array(camera['intrinsics_px']),
            distortion=np.array(camera['distortion'], dtype=np.float64),
            is_calibrated=camera['is_calibrated'],
            focal_stddev=camera['focal_stddev'],
            is_fisheye=camera.get('is_fisheye', False),
        )

    def image_rate_hz(self, source: Path) -> float | None:
        """
        Give the rate of a folder of images that carry no time; None for all other sources.

        :param source: of the pictures.
        """
        has_times = (source / 'timestamps.txt').exists() or (source / 'metadata.yaml').exists()
        if not source.is_dir() or has_times:
            return None
        return float(self.summary['rate_hz'] or 30.0)

    @property
    def ground(self) -> GroundFrame:
        """What the coordinates count from."""
        camera = self.summary['camera']
        return GroundFrame.of_camera(camera['pitch_rad'], camera['roll_rad'], camera['height_m'])


def read_run(folder: Path) -> RunFolder:
    """
    Read the results of ``biopose run``.

    :param folder: what was given as ``--out``.
    :raises ValueError: when there is no run in it, or a file is damaged; names the file.
    """
    path = folder / SUMMARY
    if not path.is_file():
        raise ValueError(f'{folder}: no {SUMMARY}; give the folder that biopose run wrote')
    try:
        summary = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: {error}; run biopose run again') from None
    persons = [_read_person(folder, figures) for figures in summary['persons']]
    return RunFolder(folder, summary, tuple(persons))


def _read_person(folder: Path, figures: Mapping[str, Any]) -> PersonRecording:
    person_id = str(figures['person_id'])
    path = folder / person_id / ANGLES
    try:
        table = read_angles(path)
    except OSError as error:
        raise ValueError(f'{path}: {error}; run biopose run again') from None
    return PersonRecording(
        person_id=person_id,
        folder=folder / person_id,
        figures=figures,
        times_s=table.times_s,
        is_seen=np.array([state.is_seen for state in table.states], bool),
        confidence=table.confidence,
        values=dict(zip(table.names, table.coordinates.T, strict=True)),
        stddev=dict(zip(table.names, table.stddev.T, strict=True)),
        foot_contact=dict(zip(FEET, table.foot_contact.T, strict=True)),
    )
