"""``biopose evaluate refinement``: recovered bodies before and after the 2D keypoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from biopose_ros.cli.options import Encoder, ImageCount, ImageSeed, JsonFile, MotionFolder, Weights

_FIGURES = {
    'keypoint_px': ('2D joints, pixels of 256', '.2f'),
    'mpjpe_mm': ('MPJPE mm', '.1f'),
    'pa_mpjpe_mm': ('PA-MPJPE mm', '.1f'),
    'depth_share': ('distance, share', '.3f'),
    'mae_angle_deg': ('angles, degrees', '.2f'),
}


def evaluate_refinement(
    json_file: JsonFile = None,
    images: ImageCount = 640,
    motion: MotionFolder = None,
    encoder: Encoder = 'heavy',
    weights: Weights = None,
    iterations: Annotated[int, typer.Option(min=1, help='Steps of refinement.')] = 1,
    split: Annotated[str, typer.Option(help='Of the images: validation or test.')] = 'test',
    video: Annotated[
        Path | None,
        typer.Option(
            exists=True, help='Folder with pose2sim_blender/: also measure its real views.'
        ),
    ] = None,
    seed: ImageSeed = 0,
) -> None:
    """Measure refinement on single images of persons and clips that training never saw."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import track

    from biopose_ros.body import load_body
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.detection.landmark_network import LandmarkNetwork
    from biopose_ros.evaluation.angles.refined_views import compare_views
    from biopose_ros.evaluation.mesh_recovery.errors import recover_samples
    from biopose_ros.evaluation.mesh_recovery.refinement import RefinementJudge, report
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.mesh_recovery.predictor import MeshPredictor
    from biopose_ros.settings import RefinementConfig
    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator
    from biopose_ros.training.synthesis.tie import LabelTie

    console = Console(markup=False)
    network = LandmarkNetwork(encoder, 'cpu', threads=2, with_maps=True)
    predictor = MeshPredictor(encoder, weights, 'cpu', threads=2)
    tie = LabelTie(load_body())
    drawn = SynthesisConfig(split, seed, motion, synthetic_clips=500)
    generator = build_generator(drawn, tie=tie)
    seen = []
    for number in track(range(-(-images // CHUNK)), 'draw and recover', console=console):
        seen += recover_samples(generator.chunk(number), network, predictor)
    config = RefinementConfig(iterations)
    errors, outcomes = report(RefinementJudge(tie), seen, config)
    figures: dict[str, Any] = {name: asdict(error) for name, error in errors.items()}
    columns = {
        name: error | {f'  {group}': value for group, value in error['groups_deg'].items()}
        for name, error in figures.items()
    }
    groups = {f'  {group}': (f'  {group}', '.2f') for group in errors['after'].groups_deg}
    console.print(side_by_side(columns, _FIGURES | groups, 'held-out synthetic persons'))
    console.print(f'{len(seen)} images: {outcomes["after"]}')
    figures |= {'outcomes': outcomes, 'images': len(seen), 'split': split, 'encoder': encoder}
    if video is not None:
        figures['video'] = compare_views(video, config, encoder)
        for name, view in figures['video'].items():
            before, after = (view[key]['mae_angle_deg'] for key in ('before', 'after'))
            console.print(f'{name}: {before:.2f} degrees before, {after:.2f} after')
    write_figures(json_file, figures)
