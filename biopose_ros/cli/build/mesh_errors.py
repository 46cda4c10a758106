"""``biopose build mesh-errors``: how the mesh network errs, for the training of NeurIK."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def build_mesh_errors(
    output: Annotated[Path, typer.Argument(help='File to write, .npz.')],
    maps: Annotated[
        Path,
        typer.Option(exists=True, help='Maps that `biopose train mesh` drew to check with.'),
    ] = Path('mesh_training/validation_heavy'),
    weights: Annotated[
        Path | None, typer.Option(exists=True, help='Of mesh recovery; else those that ship.')
    ] = None,
) -> None:
    """Measure the errors of mesh recovery on held-out images, for `biopose train neurik`."""
    from rich.console import Console

    from biopose_ros.mesh_recovery.mesh_file import default_weights, load_mesh_recovery
    from biopose_ros.training.mesh.data import MeshData
    from biopose_ros.training.mesh.map_store import MapStore
    from biopose_ros.training.neurik.measure_errors import measure_errors

    network, _ = load_mesh_recovery(weights or default_weights('heavy'))
    data = MeshData(MapStore(maps))
    measure_errors(network, data).save(output)
    Console().print(f'{output}: errors of {len(data)} images')
