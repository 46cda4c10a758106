"""``biopose build certainty``: learn from rendered footage how sure poses are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import MotionFolder, RealClips


def build_certainty(
    folder: Annotated[
        Path, typer.Argument(help='For the footage; sequences that exist are kept.')
    ],
    sequences: Annotated[int, typer.Option(min=1, help='Of the validation split.')] = 48,
    motion: MotionFolder = None,
    data: RealClips = None,
    out: Annotated[
        Path | None, typer.Option(help='JSON file; else config/certainty.json.')
    ] = None,
) -> None:
    """Run the pipeline over rendered footage and two real views, and fit the model."""
    from rich.console import Console

    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.progress import Bars, track_frames
    from biopose_ros.evaluation.person.real_views import CHOOSING, view_errors, with_real_floors
    from biopose_ros.person.certainty import FILE
    from biopose_ros.resources import resource_path
    from biopose_ros.skeleton import load_skeleton
    from biopose_ros.training.certainty.fit import fit_spreads, with_confidence
    from biopose_ros.training.certainty.footage import film, load

    console = Console(markup=False)
    with Bars(console=console) as bar:
        task = bar.add_task('Footage', total=sequences)
        film(folder, 'validation', sequences, motion, lambda: bar.advance(task))
    footage = load(folder, 'validation')
    path = out or resource_path(FILE)
    seen, skeleton = len(set(footage.sequence.tolist())), load_skeleton()
    views = view_errors(
        data or default_data(),
        CHOOSING,
        partial(track_frames, console=console),
    )
    model = with_real_floors(fit_spreads(footage, skeleton), views)
    with_confidence(model, footage, skeleton).save(
        path,
        f'biopose build certainty: {len(footage.sequence)} images of {seen} rendered sequences '
        f'of the validation split; floors also from the real views {", ".join(CHOOSING)}',
    )
    console.print(f'{len(footage.sequence)} images of {seen} sequences: {path}')
