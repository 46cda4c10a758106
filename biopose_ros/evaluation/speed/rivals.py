"""What a user would pick instead, on the same pictures: MediaPipe Pose, OpenSim's kinematics."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from biopose_ros.evaluation.speed import mediapipe_pose
from biopose_ros.evaluation.speed.pipeline import IMAGE_NS
from biopose_ros.evaluation.speed.scenes import IMAGE_PX, Scene
from biopose_ros.files.camera import guess_camera
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import PersonPose
from biopose_ros.settings import PipelineConfig
from biopose_ros.skeleton import load_skeleton

IMAGES = 60
TIMEOUT_S = 120.0
_COMPLEXITY = 1  # of 0 lite, 1 full, 2 heavy


class RivalError(RuntimeError):
    """A tool that is not there, or does not run; the text gives the reason."""


@dataclass(frozen=True)
class RivalSpeed:
    """
    How fast another tool does a part of the work, one person.

    :param name: of the tool and its setting.
    :param p50_ms: median time of an image.
    :param images: how many were measured.
    """

    name: str
    p50_ms: float
    images: int


def measure_mediapipe(scene: Scene, python: str) -> RivalSpeed:
    """
    Time MediaPipe Pose, in a process of its own: it needs an older numpy than OpenSim.

    :param scene: of one person.
    :param python: interpreter of an environment that has mediapipe.
    :raises RivalError: when mediapipe is not there, or does not run.
    """
    pictures = [cv2.cvtColor(scene.image(i), cv2.COLOR_BGR2RGB) for i in range(IMAGES)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'pictures.npy'
        np.save(file, np.stack(pictures))
        command = [python, str(Path(mediapipe_pose.__file__)), str(file), str(_COMPLEXITY)]
        try:
            process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RivalError(f'mediapipe in {python}: {error}') from error
    lines = process.stdout.splitlines()
    if process.returncode != 0 or not lines:
        reason = (process.stderr.strip().splitlines() or ['no result'])[-1]
        raise RivalError(f'mediapipe in {python}: {reason}')
    took_ms = json.loads(lines[-1])
    version, times = took_ms['version'], took_ms['times_ms']
    name = f'MediaPipe Pose {version}, complexity {_COMPLEXITY}'
    return RivalSpeed(name, float(np.median(times)), len(times))


def measure_opensim(scene: Scene, device: str) -> RivalSpeed:
    """
    Time OpenSim's inverse kinematics on the landmarks that our pipeline found.

    :param scene: of one person.
    :param device: that finds the landmarks.
    :raises RivalError: when opensim is not installed, or nobody was found.
    """
    try:
        from biopose_ros.evaluation.skeleton.opensim_reference import (
            OpenSimModel,
            marker_table,
        )
    except ImportError as error:
        raise RivalError(f'opensim is not installed ({error})') from error
    poses = _landmark_poses(scene, device)
    if not poses:
        raise RivalError('nobody was found for OpenSim to track')
    skeleton = load_skeleton()
    names = poses[-1].markers.names
    _, seconds = OpenSimModel.scaled(skeleton, poses[-1].scales).track(
        marker_table(names, np.stack([pose.markers.positions_m for pose in poses])),
        [1.0] * len(names),
        skeleton.coordinate_names,
        poses[0].coordinates,
    )
    return RivalSpeed('OpenSim inverse kinematics', 1e3 * seconds, len(poses))


def _landmark_poses(scene: Scene, device: str) -> Sequence[PersonPose]:
    """:returns: the images in which the person was measured."""
    pipeline = Pipeline(PipelineConfig(method='landmarks', device=device))
    camera = guess_camera(*IMAGE_PX)
    poses: list[PersonPose] = []
    for number in range(IMAGES):
        poses += pipeline.process(scene.image(number), camera, number * IMAGE_NS)[:1]
    return [pose for pose in poses if pose.markers.names]
