"""``biopose train detector``: draw windows, label videos, train, write the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Activities, MotionFolder, TrainingMinutes

_CHECKED_CHUNKS = 8  # of held-out windows


def train_detector(
    output: Annotated[Path, typer.Argument(help='Weights file to write, .safetensors.')],
    motion: MotionFolder = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, help='Real video to learn from, without labels; may be given again.'
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help='Windows, checkpoint, log and curve; a stopped training resumes.')
    ] = Path('detector_training'),
    minutes: TrainingMinutes = 25.0,
    activities: Activities = 120,
    chunks: Annotated[int, typer.Option(min=1, help='Rendered windows, in sixteens.')] = 640,
    seed: Annotated[int, typer.Option(min=0, help='Of scenes, order and augmentation.')] = 0,
) -> None:
    """Train the network that finds persons."""
    from rich.console import Console

    from biopose_ros.cli.progress import Bars
    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.detector.loop import DetectorTraining, TrainConfig
    from biopose_ros.training.detector.real_frames import follow_video
    from biopose_ros.training.detector.store import WindowStore
    from biopose_ros.training.detector.windows import WindowSource
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator
    from biopose_ros.training.timed import LogLine

    console = Console(markup=False)
    splits = {
        'train': SynthesisConfig('train', seed, motion, synthetic_clips=activities),
        'validation': SynthesisConfig('validation', seed, synthetic_clips=activities // 2),
    }
    stores = {
        name: WindowStore(
            lambda config=config: WindowSource(build_generator(config)),  # type: ignore[misc]
            folder / name,
        )
        for name, config in splits.items()
    }
    checked = min(_CHECKED_CHUNKS, chunks)
    with Bars(console=console) as bar:
        task = bar.add_task('draw windows', total=chunks + checked)
        for number in range(chunks):
            stores['train'].chunk(number)
            bar.advance(task)
        held_out = []
        for number in range(checked):
            held_out += stores['validation'].chunk(number)
            bar.advance(task)
        task = bar.add_task('label videos', total=len(video or []))
        real = []
        for path in video or []:
            real += follow_video(path)
            bar.advance(task)
        task = bar.add_task('train', total=60 * minutes)
        config = TrainConfig(minutes=minutes, chunks=chunks, seed=seed)
        training = DetectorTraining(stores['train'], held_out, real, folder, config)

        def report(line: LogLine) -> None:
            bar.update(task, completed=line.elapsed_s)
            console.print(
                f'step {line.step}: loss {line.validation["total"]:.3f} on held-out windows'
            )

        training.run(report)
    training.write(output)
    draw_curve(training.log, folder / 'curve.png')
    console.print(f'{output}: {training.step} steps; curve in {folder}/curve.png')
