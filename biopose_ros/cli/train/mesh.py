"""``biopose train mesh``: draw images, run the encoder once, train the decoder, write weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.options import Activities, ClusterAddress, MotionFolder, TrainingMinutes

if TYPE_CHECKING:
    from rich.progress import Progress

_FIRST_CHUNKS = 64  # of 16 images: learning begins with these
_HELD_OUT_CHUNKS = 96
_FINE_TUNING_RATE, _FINE_TUNING_BATCH = 3e-4, 32  # small steps, many of them
_USES = 6.0  # of each image


def _progress(bar: Progress, name: str) -> Callable[[int, int], None]:
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


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
        Path | None,
        typer.Option(exists=True, help='State dict of a published ViT, to begin with.'),
    ] = None,
    finetune_encoder: Annotated[
        int,
        typer.Option(min=0, help='Number of the last steps of full or heavy to train, too.'),
    ] = 0,
    real: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            help='Video or folder of photos of persons, without labels: fine-tuned encoders keep '
            'their 2D keypoints on it. May be given again.',
        ),
    ] = None,
    images: Annotated[
        int, typer.Option(min=16, help='Newest synthetic images that are kept to learn from.')
    ] = 12800,
    activities: Activities = 300,
    minutes: TrainingMinutes = 60.0,
    start: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='Weights to begin with where they fit, also those of another encoder.',
        ),
    ] = None,
    address: ClusterAddress = None,
    seed: Annotated[int, typer.Option(help='Of images and weights.')] = 0,
) -> None:
    """Train the network that recovers bodies from the landmark network's feature maps."""
    from rich.console import Console

    from biopose_ros.cli.progress import Bars
    from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
    from biopose_ros.mesh_recovery.encoders import VIT_SIZES
    from biopose_ros.mesh_recovery.mesh_file import load_mesh_recovery, save_mesh_recovery
    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.mesh.data import MeshData
    from biopose_ros.training.mesh.fine_tuning import train_on_images
    from biopose_ros.training.mesh.map_store import StoreConfig, fill_store, streamed_store
    from biopose_ros.training.mesh.training import MeshTraining, trained_network
    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.setup import SynthesisConfig
    from biopose_ros.training.timed import LogLine, TimedConfig

    console = Console(markup=False)
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
    drawn = {
        split: SynthesisConfig(split, seed, motion, synthetic_clips=activities)
        for split in ('train', 'validation')
    }
    room = StoreConfig(drawn['train'], encoder, images // CHUNK)
    checked = min(_HELD_OUT_CHUNKS, room.chunks)
    with Bars(console=console) as bar:
        held_out = fill_store(
            folder / f'validation_{encoder}',
            StoreConfig(drawn['validation'], encoder, checked),
            advance=_progress(bar, 'images to check with'),
            address=address,
        )
        with streamed_store(
            folder / f'train_{encoder}',
            room,
            _FIRST_CHUNKS,
            advance=_progress(bar, 'first images'),
            address=address,
        ) as store:
            task = bar.add_task('train', total=60 * minutes)
            goes_on = begin is not None and begin.config.encoder == encoder
            rate, batch = (_FINE_TUNING_RATE, _FINE_TUNING_BATCH) if goes_on else (1e-3, 96)
            training = MeshTraining(
                MeshData(store),
                MeshData(held_out),
                folder / f'training_{encoder}',
                network,
                TimedConfig(minutes=minutes, learning_rate=rate, seed=seed),
                batch,
                start=begin,
                uses=_USES,
            )

            def report(line: LogLine) -> None:
                bar.update(task, completed=line.elapsed_s)
                console.print(f'{training.data.drawn} images, {line.text()}', soft_wrap=True)
                best = trained_network(training.folder, network)
                save_mesh_recovery(output, best)

            training.run(report)
    draw_curve(training.log, training.folder / 'curve.png')
    console.print(f'{output} written; curve in {training.folder}/curve.png')
