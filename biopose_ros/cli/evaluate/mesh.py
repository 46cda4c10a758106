"""``biopose evaluate mesh``: errors of recovered meshes on held-out synthetic persons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import ImageCount, ImageSeed, JsonFile, MotionFolder

_FIGURES = {
    'images': ('images', '.0f'),
    'mpjpe_mm': ('MPJPE mm', '.1f'),
    'pa_mpjpe_mm': ('PA-MPJPE mm', '.1f'),
    'pve_mm': ('PVE mm', '.1f'),
    'rotation_deg': ('joint rotation, degrees', '.1f'),
    'mpblpe_mm': ('MPBLPE mm', '.1f'),
    'keypoint_px': ('2D joints, pixels of 256', '.1f'),
    'stature_m': ('stature, m', '.3f'),
    'stature_stddev_m': ('stature, 1 sigma, m', '.3f'),
    'depth_share': ('distance, share', '.3f'),
    'within_1_sigma': ('within 1 sigma', '.2f'),
    'within_2_sigma': ('within 2 sigma', '.2f'),
    'places_within_1_sigma': ('2D, within 1 sigma', '.2f'),
    'places_within_2_sigma': ('2D, within 2 sigma', '.2f'),
}


def evaluate_mesh(
    json_file: JsonFile = None,
    images: ImageCount = 1200,
    motion: MotionFolder = None,
    encoder: Annotated[
        str, typer.Option(help='Landmark network of the weights that ship: full or heavy.')
    ] = 'heavy',
    weights: Annotated[
        Path | None,
        typer.Option(
            exists=True, help='Weights file, its trained encoder beside it; else one that ships.'
        ),
    ] = None,
    seed: ImageSeed = 0,
) -> None:
    """Measure mesh recovery on persons and clips that training never saw."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import track

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.detection.landmark_network import LandmarkNetwork
    from biopose_ros.evaluation.mesh_recovery.errors import (
        mesh_errors,
        recover_samples,
        stage_times,
    )
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.mesh_recovery.crop_encoder import open_encoder
    from biopose_ros.mesh_recovery.mesh_file import encoder_of
    from biopose_ros.mesh_recovery.predictor import MeshPredictor
    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    console = Console()
    own = open_encoder(weights, 'cpu', threads=2) if weights else None
    encoder = encoder_of(weights) if weights else encoder
    network = LandmarkNetwork('full' if own else encoder, 'cpu', threads=2, with_maps=own is None)
    predictor = MeshPredictor(encoder, weights, 'cpu', threads=2)
    generator = build_generator(SynthesisConfig('test', seed, motion, synthetic_clips=500))
    pairs = []
    for number in track(range(-(-images // CHUNK)), 'draw and recover', console=console):
        pairs += recover_samples(generator.chunk(number), network, predictor, own)
    errors = mesh_errors(pairs)
    times = stage_times(pairs[0].sample, network, predictor, own)
    figures = {kind: asdict(error) for kind, error in errors.items()}
    console.print(side_by_side(figures, _FIGURES, 'held-out synthetic persons'))
    console.print(
        f'one person, two threads: encoder {times.encoder_ms:.1f} ms, decoder '
        f'{times.decoder_ms:.1f} ms, body {times.body_ms:.1f} ms'
    )
    write_figures(json_file, {**figures, 'stages_ms': asdict(times), 'encoder': encoder})
