"""``biopose evaluate files``: whether the files of real clips hold together in OpenSim."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.options import Device, JsonFile, Method, RealClips

if TYPE_CHECKING:
    from rich.table import Table

    from biopose_ros.evaluation.files.clips import ClipFiles


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
    """Run real clips, and check their files with OpenSim, also after a kill."""
    import tempfile
    from dataclasses import asdict

    from rich.console import Console

    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.evaluation.files.clips import (
        CLIPS,
        KILLED_CLIP,
        STATED_HEIGHT_M,
        clip_files,
        figures,
        killed_run,
    )
    from biopose_ros.settings import PipelineConfig

    console, data = Console(markup=False), data or default_data()
    watch = partial(track_frames, console=console)
    names = clip or list(CLIPS)
    if unknown := set(names) - set(CLIPS):
        raise ValueError(f'unknown clip {sorted(unknown)[0]!r}; choose from {", ".join(CLIPS)}')
    config = PipelineConfig(method=method, device=device, height_m=STATED_HEIGHT_M)
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = out or Path(scratch)
        for name in names:
            folder_of_clip = folder / Path(name).with_suffix('')
            found[name] = clip_files(data / name, folder_of_clip, config, CLIPS[name], watch)
            console.print(f'{name}: {found[name].images} images, {found[name].ghosts} ghosts')
        whole = folder / Path(KILLED_CLIP).with_suffix('')
        killed = killed_run(data / KILLED_CLIP, whole, folder / 'killed', config)
    console.print(_files_table(found), _residuals_table(found))
    worst = figures(list(found.values()), killed)
    for key, value in worst.items():
        console.print(f'{key}: {value:.3g}')
    clips = {name: asdict(one) for name, one in found.items()}
    write_figures(json_file, {**worst, 'clips': clips})


def _files_table(found: Mapping[str, ClipFiles]) -> Table:
    from rich.table import Table

    columns = ('missing', 'IK mm', 'deg', 'mesh mm', 'deg', 'stature', 'kg')
    table = Table('clip', 'person', *columns, title="OpenSim's inverse kinematics on our files")
    for name, clip in found.items():
        for person, check in clip.persons.items():
            files, mesh = check.files, check.mesh
            table.add_row(
                Path(name).stem,
                person,
                str(files.markers_missing),
                f'{files.own.rms_mm:.1f}',
                f'{files.own.angle_difference_deg:.2f}',
                f'{mesh.rms_mm:.1f}' if mesh else '-',
                f'{mesh.angle_difference_deg:.2f}' if mesh else '-',
                f'{files.model_stature_m:.3f}',
                f'{files.mass_kg:.1f}',
            )
    return table


def _residuals_table(found: Mapping[str, ClipFiles]) -> Table | str:
    from rich.table import Table

    persons = {
        (Path(name).stem, person): check.residuals
        for name, clip in found.items()
        for person, check in clip.persons.items()
        if check.residuals
    }
    if not persons:
        return 'no motion is long and dense enough for inverse dynamics'
    ways = next(iter(persons.values()))
    title = 'Pelvis: force beyond the weight / moment, % of weight (times 1 m), RMS'
    table = Table('clip', 'person', *ways, title=title)
    for key, of_person in persons.items():
        cells = (f'{100 * one.force:.0f} / {100 * one.moment:.0f}' for one in of_person.values())
        table.add_row(*key, *cells)
    return table
