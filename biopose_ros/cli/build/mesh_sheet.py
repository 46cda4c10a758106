"""``biopose build mesh-sheet``: recovered bodies over the videos that they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def mesh_sheet(
    output: Annotated[Path, typer.Argument(help='Picture to write (.jpg or .png).')],
    videos: Annotated[list[Path], typer.Argument(exists=True, help='Videos of real persons.')],
    count: Annotated[int, typer.Option(min=1, help='Moments per video.')] = 8,
    step: Annotated[int, typer.Option(min=1, help='Look at every n-th image.')] = 3,
    quality: Annotated[int, typer.Option(min=1, max=100, help='Of a .jpg.')] = 55,
) -> None:
    """Draw a contact sheet of meshes, to be looked at: the picture, and the body over it."""
    import cv2
    from rich.console import Console
    from rich.progress import track

    from biopose_ros.evaluation.mesh_recovery.pictures import body_cells, sheet
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.settings import DetectionConfig, PipelineConfig

    config = PipelineConfig(method='biopose', detection=DetectionConfig(max_persons=1))
    pipeline = Pipeline(config)
    cells = [
        cell
        for video in track(videos, 'videos')
        for cell in body_cells(video, pipeline, count, step)
    ]
    if not cells:
        raise typer.BadParameter('nobody was found in the videos', param_hint='videos')
    if not cv2.imwrite(str(output), sheet(cells), [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise typer.BadParameter(f'{output} could not be written')
    Console().print(f'{len(cells)} bodies drawn to {output}')
