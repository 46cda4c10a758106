"""How fast the pipeline is without ROS: rate, latency, stages and memory by number of persons."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from biopose_ros.evaluation.speed.memory import forget_peak, peak_mib
from biopose_ros.evaluation.speed.scenes import IMAGE_PX, Scene
from biopose_ros.files.camera import guess_camera
from biopose_ros.pipeline import Pipeline
from biopose_ros.settings import DetectionConfig, PipelineConfig

IMAGE_NS = 33_333_333
# Persons are found one after the other; one who is not found by then counts as missed.
SETTLE_IMAGES = 150
# Images with everybody in view before the measurement: caches and filters are warm.
WARM_IMAGES = 5
MIN_IMAGES = 20


@dataclass(frozen=True)
class Speed:
    """
    What one measurement gave; the time of an image is that of ``Pipeline.process``.

    :param persons_followed: mean number of persons with a result.
    :param images: how many were measured.
    :param fps: images per second, one after the other.
    :param latency_p50_ms: median; the next two are the 95th and 99th percentile.
    :param stages_ms: median by stage; the next ones are the percentiles.
    :param peak_memory_mib: of the whole process, NaN where the system does not tell.
    """

    persons_followed: float
    images: int
    fps: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    stages_ms: dict[str, float]
    stages_p95_ms: dict[str, float]
    stages_p99_ms: dict[str, float]
    peak_memory_mib: float


def measure_pipeline(config: PipelineConfig, scene: Scene, seconds: float) -> Speed:
    """
    Run a pipeline on a scene as fast as it goes.

    :param config: what to run; as many persons as the scene has are followed.
    :param scene: the pictures, at 30 Hz by their stamps.
    :param seconds: how long to measure, once everybody is found.
    """
    forget_peak()
    pipeline = Pipeline(replace(config, detection=follow(config.detection, scene.persons)))
    pipeline.warm_up()
    run = _Run(pipeline, scene)
    for _ in range(SETTLE_IMAGES):
        if run.step()[1] >= scene.persons:
            break
    for _ in range(WARM_IMAGES):
        run.step()
    pipeline.clock.clear()
    took_s: list[float] = []
    followed: list[int] = []
    while sum(took_s) < seconds or len(took_s) < MIN_IMAGES:
        image_s, persons = run.step()
        took_s.append(image_s)
        followed.append(persons)
    p50, p95, p99 = (1e3 * np.percentile(took_s, [50, 95, 99])).tolist()
    stages = pipeline.clock.times()
    return Speed(
        persons_followed=float(np.mean(followed)),
        images=len(took_s),
        fps=len(took_s) / sum(took_s),
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        latency_p99_ms=p99,
        stages_ms={name: stage.p50_ms for name, stage in stages.items()},
        stages_p95_ms={name: stage.p95_ms for name, stage in stages.items()},
        stages_p99_ms={name: stage.p99_ms for name, stage in stages.items()},
        peak_memory_mib=peak_mib(),
    )


def follow(detection: DetectionConfig, persons: int) -> DetectionConfig:
    """Allow as many persons as are there; never fewer than a user would by default."""
    return replace(detection, max_persons=max(persons, detection.max_persons))


class _Run:
    """Feeds a pipeline picture by picture."""

    def __init__(self, pipeline: Pipeline, scene: Scene) -> None:
        self._pipeline = pipeline
        self._scene = scene
        self._camera = guess_camera(*IMAGE_PX)
        self._number = 0

    def step(self) -> tuple[float, int]:
        """:returns: time taken, seconds, and number of persons."""
        image = self._scene.image(self._number)
        began_s = time.perf_counter()
        poses = self._pipeline.process(image, self._camera, self._number * IMAGE_NS)
        self._number += 1
        return time.perf_counter() - began_s, len(poses)


def describe_device(device: str) -> dict[str, str | int]:
    """
    Describe the machine on which the figures were measured.

    :param device: as for the pipeline.
    """
    pipeline = Pipeline(PipelineConfig(device=device))
    return {
        'networks': pipeline.device,
        'refinement': torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu',
        'processor': _processor(),
        'cores': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else 0,
        'load_1_min': os.getloadavg()[0] if hasattr(os, 'getloadavg') else -1,
        'python': platform.python_version(),
        'torch': torch.__version__,
        'onnxruntime': onnxruntime.__version__,
    }


def _processor() -> str:
    try:
        found = re.search(r'^model name\s*:\s*(.+)$', Path('/proc/cpuinfo').read_text(), re.M)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()
