"""``biopose train appearance``: draw figures, follow real persons, learn to tell them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Activities, Encoder, MotionFolder


def train_appearance(
    output: Annotated[Path, typer.Argument(help='Weights file to write, .safetensors.')],
    encoder: Encoder = 'heavy',
    motion: MotionFolder = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help='Real video of persons alone; may be given again.'),
    ] = None,
    activities: Activities = 200,
    scenes: Annotated[int, typer.Option(min=4, help='Drawn scenes, four figures each.')] = 2000,
    seed: Annotated[int, typer.Option(min=0, help='Of the scenes.')] = 0,
) -> None:
    """Train what tells persons from humanoid robots and mannequins."""
    from functools import partial

    import numpy as np
    from rich.console import Console

    from biopose_ros.cli.errors import shown_errors
    from biopose_ros.cli.progress import Bars
    from biopose_ros.detection.landmark_network import LandmarkNetwork
    from biopose_ros.training.appearance import draw_figures, film_persons, fit_appearance
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    console = Console(markup=False)
    network = LandmarkNetwork(encoder, 'cpu', 1, with_maps=True)
    counts = {'train': scenes, 'validation': max(scenes // 6, 2)}
    with Bars(console=console) as bar:
        tasks = {split: bar.add_task(f'draw, {split}', total=n) for split, n in counts.items()}
        drawn = {}
        for split, task in tasks.items():
            generator = build_generator(
                SynthesisConfig(split, seed, motion, synthetic_clips=activities)
            )
            advance = partial(bar.advance, task)
            drawn[split] = draw_figures(generator, network, counts[split], advance)
        task = bar.add_task('follow persons', total=len(video or []))
        filmed = []
        for path in video or []:
            filmed.append(film_persons(path, network))
            bar.advance(task)
    crops = np.concatenate(filmed) if filmed else drawn['train'].features[:0]
    with shown_errors(ValueError):
        learnt = fit_appearance(drawn['train'], crops, drawn['validation'])
    learnt.save(output, f'{scenes} drawn scenes, seed {seed}; {len(crops)} crops of real persons')
    held_out = drawn['validation']
    is_passed = held_out.features @ learnt.weights + learnt.bias >= 0.0
    shares = (np.mean(is_passed[held_out.is_person == truth]) for truth in (True, False))
    console.print(
        '{}: {:.0%} of held-out persons look like persons, {:.0%} of the other figures'.format(
            output, *shares
        )
    )
