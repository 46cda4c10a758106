"""``biopose train mesh``: draw images, run the encoder once, train the decoder, write weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import MotionFolder, TrainingMinutes


def train_mesh(
    output: Annotated[Path, typer.Argument(help='Weights file to write, .safetensors.')],
    motion: MotionFolder = None,
    folder: Annotated[
        Path, typer.Option(help='Maps, checkpoint, log and curve; a stopped training resumes.')
    ] = Path('mesh_training'),
    encoder: Annotated[
        str,
        typer.Option(
            help='Landmark network full or heavy; or vit_tiny, vit_b, vit_h, trained too.'
        ),
    ] = 'heavy',
    encoder_weights: Annotated[
        Path | None, typer.Option(help='State dict of a published ViT, to begin with.')
    ] = None,
    finetune_encoder: Annotated[
        int,
        typer.Option(min=0, help='Also train so many of the last steps of full or heavy.'),
    ] = 0,
    real: Annotated[
        list[Path] | None,
        typer.Option(
            help='Video or folder of photos of persons, without labels: fine-tuned encoders keep '
            'their 2D keypoints on it. May be given again.'
        ),
    ] = None,
    images: Annotated[int, typer.Option(min=16, help='Synthetic images to learn from.')] = 25600,
    minutes: TrainingMinutes = 60.0,
    start: Annotated[
        Path | None,
        typer.Option(help='Weights to begin with where they fit, also those of another encoder.'),
    ] = None,
    seed: Annotated[int, typer.Option(help='Of images and weights.')] = 0,
) -> None:
    """Train the network that recovers bodies from the landmark network's feature maps."""
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
    from biopose_ros.mesh_recovery.encoders import VIT_SIZES
    from biopose_ros.mesh_recovery.mesh_file import load_mesh_recovery, save_mesh_recovery
    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.mesh.data import MeshData
    from biopose_ros.training.mesh.fine_tuning import train_on_images
    from biopose_ros.training.mesh.map_store import StoreConfig, fill_store
    from biopose_ros.training.mesh.training import MeshTraining, trained_network
    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.setup import SynthesisConfig
    from biopose_ros.training.timed import LogLine, TimedConfig

    console = Console()
    network = MeshRecoveryConfig(encoder=encoder)
    begin = load_mesh_recovery(start)[0] if start else None
    if real and not finetune_encoder:
        raise typer.BadParameter('a frozen encoder forgets nothing: add --finetune-encoder')
    if finetune_encoder or encoder in VIT_SIZES:
        try:
            train_on_images(
                output,
                motion,
                folder / f'images_{encoder}',
                encoder,
                finetune_encoder,
                encoder_weights,
                real or [],
                begin,
                TimedConfig(minutes=minutes, learning_rate=2e-4, seed=seed),
                console,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return
    with Progress(console=console) as bar:
        data = {}
        for split, count in (('train', images), ('validation', max(2 * images // 25, CHUNK))):
            task = bar.add_task(f'draw and encode, {split}', total=None)
            drawn = SynthesisConfig(split, seed, motion, synthetic_clips=500)
            store = fill_store(
                folder / f'{split}_{encoder}',
                StoreConfig(drawn, encoder, -(-count // CHUNK)),
                advance=lambda done, total, task=task: bar.update(  # type: ignore[misc]
                    task, completed=done, total=total
                ),
            )
            data[split] = MeshData(store)
            bar.update(task, completed=1, total=1)
        task = bar.add_task('train', total=60 * minutes)
        config = TimedConfig(minutes=minutes, seed=seed)
        training = MeshTraining(
            data['train'],
            data['validation'],
            folder / f'training_{encoder}',
            network,
            config,
            start=begin,
        )

        def report(line: LogLine) -> None:
            bar.update(task, completed=line.elapsed_s)
            console.print(line.text(), soft_wrap=True)

        training.run(report)
    draw_curve(training.log, training.folder / 'curve.png')
    save_mesh_recovery(output, trained_network(training.folder, network))
    console.print(f'{output} written; curve in {training.folder}/curve.png')
