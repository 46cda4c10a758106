"""What can be looked at without ROS: a results folder, or a bag with the node's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from biopose_ros.files.bags import open_bag_reader
from biopose_ros.files.frames import NANOSECONDS, SourceError
from biopose_ros.files.video import open_frames
from biopose_ros.reports.results import OVERLAY, PersonRecording, RunFolder, read_run
from biopose_ros.reports.stills import find_source
from biopose_ros.viewer.messages import PICTURE_PERIOD_S, MessageView
from biopose_ros.viewer.scene import Scene

_FLOOR_PERCENTILE = 2.0


def show_run(scene: Scene, folder: Path, video: Path | None) -> None:
    """
    Show a results folder.

    :param scene: to log to.
    :param folder: of ``biopose run``.
    :param video: the pictures, where they lie no more where the run found them.
    :raises ValueError: when the folder holds no run.
    """
    run = read_run(folder)
    scene.show_camera(run.camera, run.ground)
    if any(person.is_seen.any() for person in run.persons):
        scene.show_floor(*_floor(run))
    for person in run.persons:
        for index, time_s in enumerate(person.times_s):
            scene.set_time(float(time_s))
            if person.is_seen[index]:
                scene.show_person(
                    person.person_id,
                    person.skeleton,
                    {name: float(column[index]) for name, column in person.values.items()},
                    {name: float(column[index]) for name, column in person.stddev.items()},
                )
            else:
                scene.hide_person(person.person_id)
        scene.hide_person(person.person_id)
    source = find_source(run, video)
    if source is not None and source.name != OVERLAY:
        _show_pictures(scene, run, source)


def _floor(run: RunFolder) -> tuple[float, np.ndarray]:
    """Where a known camera height puts it, else below the lowest feet."""
    middle_m = np.median(np.concatenate([_seen_roots_m(person) for person in run.persons]), axis=0)
    if run.ground.camera_m[1]:
        return 0.0, middle_m[[0, 2]]
    feet_m = np.concatenate([p.heels_and_toes_m[p.is_seen, :, 1].ravel() for p in run.persons])
    return float(np.percentile(feet_m, _FLOOR_PERCENTILE)), middle_m[[0, 2]]


def _seen_roots_m(person: PersonRecording) -> np.ndarray:
    return person.segments[1][person.is_seen, 0]


def _show_pictures(scene: Scene, run: RunFolder, source: Path) -> None:
    last_s = -np.inf
    for frame in open_frames(source, rate_hz=run.image_rate_hz(source)):
        time_s = (frame.stamp_ns - int(run.summary['time_origin_ns'])) / NANOSECONDS
        if time_s - last_s >= PICTURE_PERIOD_S:
            scene.set_time(time_s)
            scene.show_picture(frame.image_bgr)
            last_s = time_s


def show_bag(scene: Scene, path: Path) -> None:
    """
    Show the messages of a node that were recorded.

    :param scene: to log to.
    :param path: a bag.
    :raises SourceError: when it cannot be read, or holds no joint angles.
    """
    view = MessageView(scene)
    count = 0
    with open_bag_reader(path) as reader:
        for connection, _, raw in reader.messages():
            handle = view.handler(connection.msgtype)
            if handle is not None:
                message: Any = reader.deserialize(raw, connection.msgtype)
                count += handle(message)
        if not count:
            raise SourceError(f'{path}: holds no joint angles; topics: {sorted(reader.topics)}')
