"""``biopose evaluate body``: the body layer, its markers, and the skeleton in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.options import JsonFile

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.body import BodyModel


def evaluate_body(
    json_file: JsonFile = None,
    body: Annotated[
        Path | None,
        typer.Option(exists=True, help="A user's body file; the default body if absent."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help='Draw markers, shapes, correctives and skeleton here.')
    ] = None,
    poses: Annotated[
        int, typer.Option(min=2, help='Poses to fit the skeleton to, half random, half recorded.')
    ] = 10000,
    compared: Annotated[
        int, typer.Option(min=1, help='How many of them OpenSim fits again.')
    ] = 200,
    motion: Annotated[
        Path | None,
        typer.Option(
            exists=True, help='Folder of recorded motion; default ../shared/data/motion.'
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='A model to compare with; default LaiUhlrich2022 beside the checkout.',
        ),
    ] = None,
) -> None:
    """Compare body layer and smplx; check markers; fit the skeleton and compare with OpenSim."""
    from rich.console import Console

    from biopose_ros.body import load_body
    from biopose_ros.cli.evaluate.video import default_data
    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.body.layer import milliseconds, smplx_max_error_m
    from biopose_ros.evaluation.tables import side_by_side
    from biopose_ros.virtual_markers import load_markers
    from biopose_ros.virtual_markers.checks import marker_faults

    model, console = load_body(body), Console()
    figures: dict[str, float] = {}
    try:
        figures['smplx_max_error_m'] = smplx_max_error_m(model)
    except ImportError:
        console.print('smplx is not installed: not compared with it')
    figures |= {f'ms_per_{bodies}_bodies': milliseconds(model, bodies) for bodies in (1, 64)}
    markers = load_markers(model.topology)
    faults = marker_faults(markers, model)
    figures |= {'markers': len(markers.names), 'marker_faults': len(faults)}
    data = default_data().parent
    figures |= _label_figures(
        model,
        poses,
        compared,
        motion or _existing(data / 'motion'),
        reference or _existing(data / 'reference' / 'LaiUhlrich2022.osim'),
        console,
    )
    if body is None:
        figures |= _detector_figures(console)
    console.print(side_by_side({'value': figures}, title='Body'))
    for fault in faults:
        console.print(fault, markup=False)
    if pictures is not None:
        from biopose_ros.evaluation.body.label_pictures import write_skeleton_sheet
        from biopose_ros.evaluation.body.pictures import write_pictures

        write_pictures(pictures, model, markers)
        write_skeleton_sheet(pictures, model)
    write_figures(json_file, figures)


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _label_figures(
    model: BodyModel,
    poses: int,
    compared: int,
    motion: Path | None,
    reference: Path | None,
    console: Console,
) -> dict[str, float]:
    """How well the skeleton sits in the body, standing and in motion."""
    from rich.progress import Progress

    from biopose_ros.evaluation.body.label_report import measure_labels, tables

    with Progress(console=console, transient=True) as progress:
        report = measure_labels(model, poses, compared, motion, reference, progress)
    console.print(*tables(report))
    return report.figures()


def _detector_figures(console: Console) -> dict[str, float]:
    """How surely BlazePose finds drawn persons, where its network is imported."""
    from biopose_ros.evaluation.speed.synthesis import default_agreement
    from biopose_ros.inference.onnx_runtime import NetworkFileError

    try:
        agreement = default_agreement()
    except NetworkFileError as error:
        console.print(f'{error}; no presence_rate', markup=False)
        return {}
    return {
        'presence_rate': agreement.presence_rate,
        'detector_pck_01': agreement.pck_01,
        'detector_pck_02': agreement.pck_02,
    }
