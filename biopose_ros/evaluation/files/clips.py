"""Real clips through the pipeline to files, and what OpenSim makes of these."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np

from biopose_ros.evaluation.angles.video import Watcher
from biopose_ros.evaluation.files.opensim_check import (
    OpenSimCheck,
    SolvedMarkers,
    check_person,
    solve_markers,
)
from biopose_ros.evaluation.files.residual_forces import Residuals, compared
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.frames import Frame
from biopose_ros.files.mot import TRANSLATIONS, read_mot
from biopose_ros.files.person_files import MOTION
from biopose_ros.files.recording_run import RecordingRun
from biopose_ros.files.results import COMPLETE, RunResults, finish_run
from biopose_ros.files.trc import TrcWriter
from biopose_ros.files.video import open_frames
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray, Markers
from biopose_ros.settings import PipelineConfig
from biopose_ros.settings.pipeline import SHORTEST_S

# Clips, and how many persons are to be seen in each.
CLIPS: Mapping[str, int] = {
    'pose2sim_blender/cam01.mp4': 2,
    'pose2sim_blender/cam02.mp4': 2,
    'pose2sim_blender/cam03.mp4': 1,
    'pose2sim_blender/cam04.mp4': 1,
    'sit_to_stand/cam0_test.mp4': 1,
    'sports2d/demo.mp4': 2,
    'people/pose_squats.mp4': 1,
    'people/pose_1.mp4': 1,
    'people/classroom.mp4': 4,
    'people/face-demographics-walking.mp4': 2,
    'people/people-detection.mp4': 2,
    'people/store-aisle-detection.mp4': 3,
    'people/worker-zone-detection.mp4': 1,
}
# The true heights are not known; the files must state the given one.
STATED_HEIGHT_M = 1.70
# A run of this clip, in which one person is seen from the first image to the last, is killed once
# it has worked through this share of the images. The images before the person counts as tracked,
# and the last, not yet saved, are lost: few of so many.
KILLED_CLIP, KILLED_AT = 'sit_to_stand/cam0_test.mp4', 0.9
# Folders of the same images, estimated with what came after each and without; the first also
# holds the markers of each image's mesh.
AHEAD, CAUSAL = 'look_ahead', 'causal'
MESH_MARKERS = 'mesh_markers.trc'


@dataclass(frozen=True)
class PersonCheck:
    """
    What OpenSim makes of one person's files.

    :param files: whether they agree.
    :param mesh: OpenSim's inverse kinematics on the markers of each image's mesh, which no filter
        and no keypoint has touched, against our motion; None where the method has no mesh.
    :param residuals: what inverse dynamics needs, see :func:`compared`.
    """

    files: OpenSimCheck
    mesh: SolvedMarkers | None
    residuals: Mapping[str, Residuals]


@dataclass(frozen=True)
class ClipFiles:
    """
    The files of one clip.

    :param images: of the clip.
    :param ghosts: how many persons are too many.
    :param persons: by person id.
    """

    images: int
    ghosts: int
    persons: Mapping[str, PersonCheck]


@dataclass(frozen=True)
class KilledRun:
    """
    What is left of a run that was killed, once it is finished.

    :param rows: of the longest ``.mot``, as a share of the images that were worked through.
    :param angle_difference_deg: of that person's angles from those of a run that was not killed,
        mean over rows and coordinates.
    """

    rows: float
    angle_difference_deg: float


def clip_files(
    clip: Path, out: Path, config: PipelineConfig, persons: int, watch: Watcher
) -> ClipFiles:
    """
    Record a clip, and let OpenSim check the files.

    :param clip: a video.
    :param out: folder for the files.
    :param config: of the pipeline.
    :param persons: how many are to be seen.
    :param watch: shows progress.
    """
    summary = record(clip, out, config, watch)
    found = {name: _check(out, name) for name in (one['person_id'] for one in summary['persons'])}
    return ClipFiles(summary['frames'], max(0, len(found) - persons), found)


def _check(out: Path, person_id: str) -> PersonCheck:
    folder = out / AHEAD / person_id
    markers = folder / MESH_MARKERS
    return PersonCheck(
        check_person(folder),
        solve_markers(folder, markers) if markers.exists() else None,
        compared(folder, out / CAUSAL / person_id),
    )


def killed_run(clip: Path, whole: Path, out: Path, config: PipelineConfig) -> KilledRun:
    """
    Kill a run, finish its files, and compare.

    :param clip: a video with somebody who is in every image.
    :param whole: folder of the files that :func:`clip_files` made of it.
    :param out: folder for the files.
    :param config: of the pipeline.
    """
    count = sum(1 for _ in open_frames(clip))
    context = multiprocessing.get_context('spawn')
    done = context.Value('i', 0)
    process = context.Process(target=_count_images, args=(clip, out, config, done))
    process.start()
    while done.value < KILLED_AT * count and process.is_alive():
        time.sleep(0.01)
    process.kill()
    process.join()
    worked_through = done.value
    finish_run(out / AHEAD)
    motions = [read_mot(path)[0] for path in (out / AHEAD).glob(f'*/{MOTION}')]
    longest = max(motions, key=len, default=np.zeros(0))
    return KilledRun(len(longest) / worked_through, _difference_deg(out / AHEAD, whole / AHEAD))


def _difference_deg(folder: Path, whole: Path) -> float:
    """Compare the angles of everybody who is in both; ids come in the order of appearance."""
    differences = []
    for path in folder.glob(f'*/{MOTION}'):
        same = whole / path.relative_to(folder)
        if not same.exists():
            continue
        times_s, motion = read_mot(path)
        whole_s, truth = read_mot(same)
        differences += [
            np.abs(motion[name] - np.interp(times_s, whole_s, truth[name]))
            for name in motion
            if name not in TRANSLATIONS
        ]
    return float(np.degrees(np.concatenate(differences)).mean()) if differences else np.nan


def _count_images(clip: Path, out: Path, config: PipelineConfig, done: Synchronized[int]) -> None:
    def count(frames: Iterable[Frame], _name: str, _count: int | None) -> Iterable[Frame]:
        for frame in frames:
            yield frame
            done.value += 1

    record(clip, out, config, count)


def record(clip: Path, out: Path, config: PipelineConfig, watch: Watcher) -> dict[str, Any]:
    """
    Work through a video as ``biopose run`` does, with and without what comes after an image.

    :param clip: the video.
    :param out: folder for both.
    :param config: of the pipeline.
    :param watch: shows progress.
    :returns: the summary of the files with look-ahead.
    """
    pipeline, source = Pipeline(config), open_frames(clip)
    runs = [
        RecordingRun(
            pipeline,
            RunResults(
                out / name,
                pipeline.skeleton,
                source.rate_hz,
                {'input': str(clip)},
                shortest_s=SHORTEST_S,
            ),
            looks_ahead=name == AHEAD,
        )
        for name in (AHEAD, CAUSAL)
    ]
    seen: dict[str, list[tuple[float, Markers]]] = {}
    for frame in watch(source, clip.name, source.frame_count):
        camera, time_s = guess_camera(*frame.image_bgr.shape[1::-1]), frame.stamp_ns * 1e-9
        poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns)
        for run in runs:
            run.take(frame.image_bgr, camera, time_s, poses)
        for pose in poses:
            if pose.body is not None:
                seen.setdefault(pose.person_id, []).append((time_s, pose.markers))
    summary, _ = [run.finish(COMPLETE) for run in runs]
    for person in summary['persons']:
        _write_mesh_markers(out / AHEAD / person['person_id'], seen.get(person['person_id'], []))
    return summary


def _write_mesh_markers(folder: Path, seen: Sequence[tuple[float, Markers]]) -> None:
    if not seen:
        return
    times_s: FloatArray = np.array([time_s for time_s, _ in seen])
    rate_hz = 1.0 / float(np.median(np.diff(times_s)))
    with TrcWriter(folder / MESH_MARKERS, seen[0][1].names, rate_hz) as trc:
        for time_s, markers in seen:
            trc.write(time_s, markers.positions_m)


def figures(clips: Sequence[ClipFiles], killed: KilledRun) -> dict[str, float]:
    """
    Take the worst of all clips and persons.

    :param clips: of :func:`clip_files`.
    :param killed: of :func:`killed_run`.
    """
    persons = [person for clip in clips for person in clip.persons.values()]
    files = [person.files for person in persons]
    meshes = [person.mesh for person in persons if person.mesh is not None]
    statures_m = np.array([one.model_stature_m for one in files])
    return {
        'trc_markers_missing': max(one.markers_missing for one in files),
        'ik_rms_mm': max(one.own.rms_mm for one in files),
        'ik_angle_difference_deg': max(one.own.angle_difference_deg for one in files),
        'mesh_ik_rms_mm': max((one.rms_mm for one in meshes), default=np.nan),
        'mesh_ik_angle_difference_deg': max(
            (one.angle_difference_deg for one in meshes), default=np.nan
        ),
        'stature_error_mm': 1e3 * float(np.abs(statures_m - STATED_HEIGHT_M).max()),
        'ghosts': sum(clip.ghosts for clip in clips),
        'rows_after_kill': killed.rows,
        'angle_difference_after_kill_deg': killed.angle_difference_deg,
    }
