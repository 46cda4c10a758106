"""``biopose synth``: synthetic training images or sequences, as a contact sheet or as shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import ClusterAddress, MotionFolder, Split

if TYPE_CHECKING:
    from biopose_ros.training.synthesis.on_cluster import Drawing
    from biopose_ros.training.synthesis.records import SyntheticSample

_SHEET_COLUMNS = 10  # images of one sequence


def synth(
    count: Annotated[int, typer.Option(min=1, help='How many images or sequences.')] = 64,
    sheet: Annotated[Path | None, typer.Option(help='Write a contact sheet here (.png).')] = None,
    shards: Annotated[Path | None, typer.Option(help='Write tar shards to this folder.')] = None,
    seed: Annotated[int, typer.Option(min=0, help='Of the stream.')] = 0,
    split: Split = 'train',
    motion: MotionFolder = None,
    activity: Annotated[
        list[str] | None, typer.Option(help='Word in the activity; may repeat.')
    ] = None,
    backgrounds: Annotated[
        Path | None, typer.Option(exists=True, help='Folder of photographs to put behind people.')
    ] = None,
    skeleton: Annotated[
        bool, typer.Option('--skeleton', help='Add skeleton coordinates and scales (slower).')
    ] = False,
    sequences: Annotated[
        bool, typer.Option('--sequences', help='Draw people who move, 1 to 3 seconds each.')
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help='Processes that draw.')] = 2,
    address: ClusterAddress = None,
) -> None:
    """Draw dressed people in scenes, with exact truth."""
    from biopose_ros.training.synthesis.on_cluster import Drawing
    from biopose_ros.training.synthesis.setup import SynthesisConfig

    if (sheet is None) == (shards is None):
        raise typer.BadParameter('give either --sheet FILE or --shards FOLDER')
    with shown_errors(ValueError, ConnectionError, ImportError):
        config = SynthesisConfig(
            split=split,
            seed=seed,
            motion_folder=motion,
            activities=tuple(activity or ()),
            backgrounds=backgrounds,
        )
        chunks = _drawn(Drawing(config, sequences, skeleton), count, workers, address)
        if sheet is not None:
            _write_sheet(chunks, sheet, _SHEET_COLUMNS if sequences else None)
        elif shards is not None:
            _write_shards(chunks, shards)


def _drawn(
    drawing: Drawing, count: int, workers: int, address: str | None
) -> Iterator[list[SyntheticSample]]:
    """Draw under a progress bar, here or on a cluster."""
    from rich.progress import track

    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.on_cluster import cluster_chunks
    from biopose_ros.training.synthesis.stream import chunks

    if drawing.is_sequence and drawing.config.backgrounds is not None:
        raise ValueError('a photograph cannot move with the camera: no --backgrounds here')
    wanted = count if drawing.is_sequence else -(-count // CHUNK)
    if address is None:
        drawn = chunks(drawing.build(), 0, wanted, workers)
    else:
        drawn = cluster_chunks(drawing, wanted, address)
    left = count
    for chunk in track(drawn, 'Drawing', total=wanted, transient=True):
        yield chunk if drawing.is_sequence else chunk[:left]
        left -= CHUNK


def _write_sheet(chunks: Iterator[list[SyntheticSample]], path: Path, columns: int | None) -> None:
    import cv2

    from biopose_ros.training.synthesis.sheet import contact_sheet

    shown = [sample for chunk in chunks for sample in _spread(chunk, columns)]
    picture = contact_sheet(shown, columns=columns)
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise ValueError(f'cannot write the contact sheet to {path}')
    typer.echo(f'{len(shown)} images in {path}; joints on every second row')


def _spread(chunk: list[SyntheticSample], wanted: int | None) -> list[SyntheticSample]:
    """Take a number of samples evenly; None takes all."""
    if wanted is None:
        return chunk
    return [chunk[round(k * (len(chunk) - 1) / (wanted - 1))] for k in range(wanted)]


def _write_shards(chunks: Iterator[list[SyntheticSample]], folder: Path) -> None:
    from itertools import chain

    from biopose_ros.training.synthesis.shards import write_shards

    written = sum(1 for _ in write_shards(chain.from_iterable(chunks), folder))
    typer.echo(f'{written} images in {folder}')
