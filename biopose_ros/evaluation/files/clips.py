"""Clips of single persons through the pipeline to files, and what OpenSim makes of these."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np

from biopose_ros.evaluation.files.opensim_check import OpenSimCheck, check_person
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.mot import read_mot
from biopose_ros.files.results import RunResults, finish_run
from biopose_ros.files.video import open_frames
from biopose_ros.pipeline import Pipeline
from biopose_ros.settings import PipelineConfig

# Clips in which exactly one person is to be seen.
CLIPS = (
    *(f'pose2sim_blender/cam0{number}.mp4' for number in (1, 2, 3, 4)),
    'sit_to_stand/cam0_test.mp4',
    'sports2d/demo.mp4',
    'people/pose_squats.mp4',
    'people/pose_1.mp4',
)
# Nobody knows how tall these people are; the files must say what they are told.
STATED_HEIGHT_M = 1.70
# A run is killed once it has worked through this share of the images.
KILLED_AT = 0.7


@dataclass(frozen=True)
class ClipFiles:
    """
    The files of one clip.

    :param images: of the clip.
    :param persons: by person id.
    """

    images: int
    persons: dict[str, OpenSimCheck]

    @property
    def ghosts(self) -> int:
        """How many persons are too many."""
        return max(0, len(self.persons) - 1)


def clip_files(clip: Path, out: Path, config: PipelineConfig) -> ClipFiles:
    """
    Record a clip, and let OpenSim check the files.

    :param clip: a video of one person.
    :param out: folder for the files.
    :param config: of the pipeline.
    """
    images = record(clip, out, config)
    folders = sorted(path for path in out.iterdir() if path.is_dir())
    return ClipFiles(images, {folder.name: check_person(folder) for folder in folders})


def rows_after_kill(clip: Path, out: Path, config: PipelineConfig) -> float:
    """
    Kill a run, finish its files, and count.

    :param clip: a video of one person, who is in every image.
    :param out: folder for the files.
    :param config: of the pipeline.
    :returns: rows of the longest ``.mot``, as a share of the images that were worked through.
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
    finish_run(out)
    rows = [len(read_mot(path)[0]) for path in out.glob('*/motion.mot')]
    return max(rows, default=0) / worked_through


def _count_images(clip: Path, out: Path, config: PipelineConfig, done: Synchronized[int]) -> None:
    def advance() -> None:
        done.value += 1

    record(clip, out, config, advance)


def record(
    clip: Path, out: Path, config: PipelineConfig, advance: Callable[[], None] = lambda: None
) -> int:
    """
    Work through a video as ``biopose run`` does.

    :param clip: the video.
    :param out: folder for the files.
    :param config: of the pipeline.
    :param advance: called after each image.
    :returns: how many images there were.
    """
    pipeline, source = Pipeline(config), open_frames(clip)
    results = RunResults(out, pipeline.skeleton, source.rate_hz, {'input': str(clip)})
    for frame in source:
        camera = guess_camera(*frame.image_bgr.shape[1::-1])
        poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns)
        results.write(frame.stamp_ns * 1e-9, poses)
        advance()
    frames: int = results.close()['frames']
    return frames


def figures(clips: Sequence[ClipFiles], rows_share: float) -> dict[str, float]:
    """
    Take the worst of all clips and persons.

    :param clips: of :func:`clip_files`.
    :param rows_share: of :func:`rows_after_kill`.
    """
    persons = [person for clip in clips for person in clip.persons.values()]
    statures_m = np.array([person.model_stature_m for person in persons])
    return {
        'trc_markers_missing': max(person.markers_missing for person in persons),
        'ik_rms_mm': max(person.ik_rms_mm for person in persons),
        'ik_angle_difference_deg': max(person.ik_angle_difference_deg for person in persons),
        'stature_error_mm': 1e3 * float(np.abs(statures_m - STATED_HEIGHT_M).max()),
        'ghosts': sum(clip.ghosts for clip in clips),
        'rows_after_kill': rows_share,
    }
