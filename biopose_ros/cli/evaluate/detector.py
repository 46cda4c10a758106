"""``biopose evaluate detector``: our person detector beside the published one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile, MotionFolder, Weights


def evaluate_detector(
    json_file: JsonFile = None,
    weights: Weights = None,
    motion: MotionFolder = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, help='Real video to compare the detectors on; may be given again.'
        ),
    ] = None,
    scenes: Annotated[int, typer.Option(min=1, help='Images with persons.')] = 40,
    empty: Annotated[int, typer.Option(min=1, help='Images without.')] = 40,
    figures: Annotated[
        int,
        typer.Option(min=1, help='Images each of a person, a robot, a mannequin and a picture.'),
    ] = 40,
    seed: Annotated[int, typer.Option(min=0, help='Of the scenes.')] = 0,
) -> None:
    """
    Find persons in images of scenes that training never saw, and in real videos.

    Robots, mannequins and pictures of people are shown to the pipeline as it ships.
    """
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.detection.graph_file import onnx_of_graph
    from biopose_ros.detection.person_detector import KIND, WEIGHTS, PersonDetector
    from biopose_ros.detection.tracker import PersonTracker
    from biopose_ros.evaluation.detection import detectors as measuring
    from biopose_ros.evaluation.detection.lookalikes import drawn_lookalikes
    from biopose_ros.evaluation.detection.rejection import (
        doubted_persons,
        rejection_table,
        started_persons,
    )
    from biopose_ros.evaluation.detection.scenes import staged_images
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.pretrained.networks import network_file
    from biopose_ros.resources import resource_path
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    console = Console(markup=False)
    networks = {
        'published': network_file('pose_detection.onnx'),
        'ours': onnx_of_graph(weights or resource_path(WEIGHTS), KIND),
    }
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task('measure', total=len(networks) * (scenes + empty) + figures)
        generator = build_generator(SynthesisConfig('test', seed, motion, synthetic_clips=200))
        crowded = list(staged_images(generator, scenes, False, seed))
        things = list(staged_images(generator, empty, True, seed))
        results = {
            name: measuring.evaluate_detector(
                network,
                crowded,
                things,
                measuring.Settings(),
                lambda: progress.advance(task),
            )
            for name, network in networks.items()
        }
        started = started_persons(
            Pipeline(), drawn_lookalikes(generator, figures, seed), lambda: progress.advance(task)
        )
        published, ours = (
            PersonDetector('cpu', 1, measuring.Settings.min_score, network)
            for network in networks.values()
        )
        agreement = {path.name: measuring.agreement(published, ours, path) for path in video or []}
        for path in video or []:
            agreement[path.name] |= doubted_persons(PersonTracker(with_maps=True), path)
    console.print(measuring.detector_table(results))
    console.print(rejection_table(started))
    for name, shares in agreement.items():
        console.print(f'{name}: ' + ', '.join(f'{k} {v:.2f}' for k, v in shares.items()))
    write_figures(json_file, {'rendered': results, 'lookalikes': started, 'real': agreement})
