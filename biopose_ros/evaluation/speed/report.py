"""Everything that ``biopose benchmark`` measures, and its figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2

from biopose_ros.evaluation.speed.live import LiveBenchmark, LiveResult, measure_live
from biopose_ros.evaluation.speed.pipeline import Speed, describe_device, follow, measure_pipeline
from biopose_ros.evaluation.speed.rivals import (
    RivalError,
    RivalSpeed,
    measure_mediapipe,
    measure_opensim,
)
from biopose_ros.evaluation.speed.scenes import IMAGE_PX, Scene, person_cells
from biopose_ros.settings import PipelineConfig, RefinementConfig
from biopose_ros.settings.pipeline import METHODS

LIVE_RATE_HZ = 30.0
# The landmark fit's stages, which OpenSim's kinematics would stand in for.
LANDMARKS, FIT = 'landmarks', 'landmark fit'


@dataclass(frozen=True)
class BenchmarkPlan:
    """
    What to measure.

    :param video: with a person in full view.
    :param persons: numbers of persons: 1, or even and up to 8.
    :param seconds: how long each part is measured.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param is_live: whether the running node is measured, too.
    :param mediapipe_python: interpreter that may have mediapipe.
    """

    video: Path
    persons: tuple[int, ...]
    seconds: float
    device: str
    is_live: bool
    mediapipe_python: str

    def __post_init__(self) -> None:
        for count in self.persons:
            if count != 1 and count not in (2, 4, 6, 8):
                raise ValueError(f'{count} persons cannot be shown; choose from 1, 2, 4, 6, 8')


@dataclass
class Report:
    """
    What came out; filled part by part.

    :param device: what it was measured on.
    :param method: the default one.
    :param variants: by variant of the pipeline, the default one first, and by number of persons.
    :param live: the running node with the default method, by number of persons.
    :param rivals: what one would pick instead.
    :param missing: which of those could not be measured, and why.
    """

    device: dict[str, Any]
    method: str
    variants: dict[str, dict[int, Speed]] = field(default_factory=dict)
    live: dict[int, LiveResult] = field(default_factory=dict)
    rivals: list[RivalSpeed] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, int, Speed | LiveResult]]:
        """Give every measurement with its variant and number of persons."""
        for name, speeds in self.variants.items():
            for count, speed in speeds.items():
                yield name, count, speed
        for count, result in self.live.items():
            yield 'live node', count, result

    def ratios(self) -> dict[str, float]:
        """Divide the time of other tools by that of our same part, or of our whole pipeline."""
        fit_ms = self.variants.get(LANDMARKS, {}).get(1)
        whole = self.variants[self.method].get(1)
        ratios = {}
        for rival in self.rivals:
            is_kinematics = rival.name.startswith('OpenSim')
            if is_kinematics and fit_ms is not None and FIT in fit_ms.stages_ms:
                ratios[f'{rival.name} / our landmark fit'] = rival.p50_ms / fit_ms.stages_ms[FIT]
            if not is_kinematics and whole is not None:
                ratios[f'{rival.name} / our whole pipeline'] = rival.p50_ms / whole.latency_p50_ms
        if len(self.rivals) > 1 and whole is not None:
            both_ms = sum(rival.p50_ms for rival in self.rivals)
            ratios['both / our whole pipeline'] = both_ms / whole.latency_p50_ms
        return ratios

    def rival_lines(self) -> Iterator[str]:
        """Describe the time of other tools in words."""
        for rival in self.rivals:
            yield f'{rival.name}: {rival.p50_ms:.1f} ms an image ({rival.images} images)'
        for name, ratio in self.ratios().items():
            yield f'{name}: {ratio:.2f}'
        for reason in self.missing:
            yield f'not measured: {reason}'

    def figures(self) -> dict[str, Any]:
        """Give everything for a JSON file: the default by number of persons at the top."""
        by_variant = {
            name: {str(count): asdict(speed) for count, speed in speeds.items()}
            for name, speeds in self.variants.items()
        }
        return {
            'device': self.device,
            'method': self.method,
            **by_variant.pop(self.method),
            'live': {str(count): asdict(result) for count, result in self.live.items()},
            'variants': by_variant,
            'instead': [asdict(rival) for rival in self.rivals],
            'ratios': self.ratios(),
            'not_measured': self.missing,
        }


def variants(device: str) -> dict[str, PipelineConfig]:
    """Give the pipelines to compare, the default one first."""
    default = PipelineConfig(device=device)
    unrefined = replace(default, refinement=RefinementConfig(iterations=0))
    others = [method for method in METHODS if method != default.method]
    return {
        default.method: default,
        f'{default.method}, refinement off': unrefined,
        **{method: PipelineConfig(method=method, device=device) for method in others},
    }


def measure_all(plan: BenchmarkPlan, on_part: Callable[[str], None]) -> Report:
    """
    Measure one part after the other.

    :param on_part: called with the name of each part before it is measured.
    :raises SceneError: when the video shows no person in full view.
    :raises LiveBenchmarkError: when the node does not start.
    """
    on_part(f'looking for a person in {plan.video.name}')
    cells = person_cells(plan.video)
    scenes = {count: Scene(cells, count) for count in plan.persons}
    report = Report(describe_device(plan.device), PipelineConfig().method)
    for name, config in variants(plan.device).items():
        for count, scene in scenes.items():
            on_part(f'{name}, {count} person(s)')
            speed = measure_pipeline(config, scene, plan.seconds)
            report.variants.setdefault(name, {})[count] = speed
    for count, scene in scenes.items() if plan.is_live else ():
        on_part(f'live node, {count} person(s)')
        report.live[count] = _measure_live(scene, plan)
    # Last: importing opensim changes the library path, and ROS would not start any more.
    alone = Scene(cells, 1)
    rivals: dict[str, Callable[[], RivalSpeed]] = {
        'MediaPipe': lambda: measure_mediapipe(alone, plan.mediapipe_python),
        'OpenSim': lambda: measure_opensim(alone, plan.device),
    }
    for rival, measure in rivals.items():
        on_part(rival)
        try:
            report.rivals.append(measure())
        except RivalError as error:
            report.missing.append(str(error))
    return report


def _measure_live(scene: Scene, plan: BenchmarkPlan) -> LiveResult:
    """Play the scene to a node of its own, as pictures of a folder."""
    limit = follow(PipelineConfig().detection, scene.persons).max_persons
    with tempfile.TemporaryDirectory() as folder:
        for number in range(scene.period):
            cv2.imwrite(f'{folder}/{number}.jpg', scene.image(number))
        return measure_live(
            LiveBenchmark(
                video=Path(folder),
                images_per_second=LIVE_RATE_HZ,
                size=f'{IMAGE_PX[0]}x{IMAGE_PX[1]}',
                duration_s=2 * plan.seconds,
                parameters=(f'max_persons:={limit}', f'device:={plan.device}'),
            )
        )
