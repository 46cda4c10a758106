"""``biopose train neurik``: label motion, train, calibrate, write the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Activities, MotionFolder, TrainingMinutes


def train_neurik(
    output: Annotated[Path, typer.Argument(help='Weights file to write, .safetensors.')],
    motion: MotionFolder = None,
    folder: Annotated[
        Path, typer.Option(help='Labels, checkpoint, log and curve; a stopped training resumes.')
    ] = Path('neurik_training'),
    minutes: TrainingMinutes = 110.0,
    activities: Activities = 300,
    seed: Annotated[int, typer.Option(help='Of persons, activities, weights and noise.')] = 0,
    start: Annotated[
        Path | None,
        typer.Option(
            exists=True, help='Weights file of a network to go on from, without single frames.'
        ),
    ] = None,
    mesh_errors: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='File of `biopose build mesh-errors`: most windows are given such errors.',
        ),
    ] = None,
    rendered: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='Folder with train.npz and validation.npz of `biopose build evidence`, for every '
            'other window.',
        ),
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='validation.npz of `biopose build evidence`, to scale standard deviations by; '
            'once more on a finished training it does only that.',
        ),
    ] = None,
    bounded: Annotated[
        bool, typer.Option(help='Keep angles within their limits; without, only to compare.')
    ] = True,
) -> None:
    """Train the network that turns virtual markers into joint angles."""
    from rich.console import Console

    from biopose_ros.cli.progress import Bars
    from biopose_ros.inverse_kinematics.config import NeurikConfig
    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.motion.splits import Split
    from biopose_ros.training.neurik.label_store import stored_motion
    from biopose_ros.training.neurik.loop import NeurikTraining, TrainConfig, finish
    from biopose_ros.training.neurik.mesh_errors import MeshErrors
    from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
    from biopose_ros.training.timed import LogLine

    console = Console(markup=False)
    with Bars(console=console) as bar:
        motions = {}
        for split, count in ((Split.TRAIN, activities), (Split.VALIDATION, activities // 10)):
            task = bar.add_task(f'label {split.value}', total=None)
            motions[split] = stored_motion(
                folder,
                split,
                motion,
                count,
                seed,
                lambda done, total, task=task: bar.update(task, completed=done, total=total),  # type: ignore[misc]
            )
            bar.update(task, completed=1, total=1)
        task = bar.add_task('train', total=60 * minutes)
        single_share = 0.0 if start else TrainConfig.single_share
        config = TrainConfig(minutes=minutes, seed=seed, single_share=single_share)
        seen = None
        calibration = RenderedEvidence.load(calibrate) if calibrate else None
        if rendered is not None:
            seen = (
                RenderedEvidence.load(rendered / 'train.npz'),
                RenderedEvidence.load(rendered / 'validation.npz'),
            )
        training = NeurikTraining(
            motions[Split.TRAIN],
            motions[Split.VALIDATION],
            folder,
            config,
            NeurikConfig(is_bounded=bounded),
            start=start,
            rendered=seen,
            errors=MeshErrors.load(mesh_errors) if mesh_errors else None,
        )

        def report(line: LogLine) -> None:
            bar.update(task, completed=line.elapsed_s)
            console.print(f'{line.text()} (degrees on held-out windows)', soft_wrap=True)

        training.run(report)
    draw_curve(training.log, folder / 'curve.png')
    finish(training, motions[Split.VALIDATION], output, calibration or (seen and seen[1]))
    console.print(f'{output}: best {training.best:.2f} degrees; curve in {folder}/curve.png')
