"""``biopose evaluate body``: the body layer and its markers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console


def evaluate_body(
    json_file: Annotated[
        Path | None, typer.Option('--json', help='Write the figures to this file.')
    ] = None,
    body: Annotated[
        Path | None, typer.Option(help="A user's body file; the default body if absent.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help='Draw markers, shapes and correctives into this folder.')
    ] = None,
) -> None:
    """Compare the body layer with smplx, time it, and check the markers' places."""
    import json

    from rich.console import Console
    from rich.table import Table

    from biopose_ros.body import load_body
    from biopose_ros.evaluation.body import milliseconds, smplx_max_error_m
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
    if body is None:
        figures |= _detector_figures(console)
    table = Table('figure', 'value', title='Body')
    for name, value in figures.items():
        table.add_row(name, f'{value:.3g}')
    console.print(table)
    for fault in faults:
        console.print(fault, markup=False)
    if pictures is not None:
        from biopose_ros.evaluation.body_pictures import write_pictures

        write_pictures(pictures, model, markers)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')


def _detector_figures(console: Console) -> dict[str, float]:
    """How surely BlazePose finds drawn persons, where its network is imported."""
    from biopose_ros.evaluation.synthesis import default_agreement
    from biopose_ros.onnx_runtime import NetworkFileError

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
