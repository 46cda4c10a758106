"""``biopose evaluate files``: whether the files of real clips hold together in OpenSim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import Device, JsonFile, Method, RealClips


def evaluate_files(
    data: RealClips = None,
    json_file: JsonFile = None,
    method: Method = 'biopose',
    clip: Annotated[
        list[str] | None, typer.Option(help='Clip to run, for example sports2d/demo.mp4.')
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help='Keep the files in this folder, new or empty.')
    ] = None,
    device: Device = 'auto',
) -> None:
    """Run clips of single persons, and check their files with OpenSim, also after a kill."""
    import tempfile
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.files.clips import (
        CLIPS,
        STATED_HEIGHT_M,
        clip_files,
        figures,
        rows_after_kill,
    )
    from biopose_ros.settings import PipelineConfig

    console = Console()
    data = data or default_data()
    config = PipelineConfig(method=method, device=device, height_m=STATED_HEIGHT_M)
    found = {}
    table = Table('clip', 'person', 'missing', 'IK, mm', 'IK, deg', 'stature, m', 'mass, kg')
    with tempfile.TemporaryDirectory() as scratch:
        folder = out or Path(scratch)
        for name in clip or CLIPS:
            found[name] = clip_files(data / name, folder / Path(name).with_suffix(''), config)
            for person, check in found[name].persons.items():
                table.add_row(
                    name,
                    person,
                    str(check.markers_missing),
                    f'{check.ik_rms_mm:.1f}',
                    f'{check.ik_angle_difference_deg:.2f}',
                    f'{check.model_stature_m:.3f}',
                    f'{check.mass_kg:.1f}',
                )
            console.print(f'{name}: {found[name].images} images, {found[name].ghosts} ghosts')
        first = next(iter(found))
        rows_share = rows_after_kill(data / first, folder / 'killed', config)
    console.print(table)
    worst = figures(list(found.values()), rows_share)
    for key, value in worst.items():
        console.print(f'{key}: {value:.3g}')
    clips = {name: asdict(files) | {'ghosts': files.ghosts} for name, files in found.items()}
    write_figures(json_file, {**worst, 'clips': clips})
