"""``biopose synth``: synthetic training images or sequences, as a contact sheet or as shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import MotionFolder, Split

if TYPE_CHECKING:
    from biopose_ros.training.synthesis.records import SyntheticSample
    from biopose_ros.training.synthesis.setup import SynthesisConfig
    from biopose_ros.training.synthesis.stream import ChunkGenerator
    from biopose_ros.training.synthesis.tie import LabelTie

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
        Path | None, typer.Option(help='Folder of photographs to put behind people.')
    ] = None,
    skeleton: Annotated[
        bool, typer.Option('--skeleton', help='Add skeleton coordinates and scales (slower).')
    ] = False,
    sequences: Annotated[
        bool, typer.Option('--sequences', help='Draw people who move, 1 to 3 seconds each.')
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help='Processes that draw.')] = 2,
) -> None:
    """Draw dressed people in scenes, with exact truth."""
    from biopose_ros.training.synthesis.setup import SynthesisConfig

    if (sheet is None) == (shards is None):
        raise typer.BadParameter('give either --sheet FILE or --shards FOLDER')
    with shown_errors(ValueError):
        config = SynthesisConfig(
            split=split,
            seed=seed,
            motion_folder=motion,
            activities=tuple(activity or ()),
            backgrounds=backgrounds,
        )
        draw = _sequences if sequences else _images
        chunks = draw(config, count, workers, skeleton)
        if sheet is not None:
            _write_sheet(chunks, sheet, _SHEET_COLUMNS if sequences else None)
        elif shards is not None:
            _write_shards(chunks, shards)


def _images(
    config: SynthesisConfig, count: int, workers: int, skeleton: bool
) -> Iterator[list[SyntheticSample]]:
    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.setup import build_generator

    generator = build_generator(config, tie=_skeleton_tie() if skeleton else None)
    left = count
    for chunk in _tracked(generator, -(-count // CHUNK), workers):
        yield chunk[:left]
        left -= CHUNK


def _sequences(
    config: SynthesisConfig, count: int, workers: int, skeleton: bool
) -> Iterator[list[SyntheticSample]]:
    from biopose_ros.training.synthesis.setup import build_sequence_generator

    if config.backgrounds is not None:
        raise ValueError('a photograph cannot move with the camera: no --backgrounds here')
    tie = _skeleton_tie().motion if skeleton else None
    yield from _tracked(build_sequence_generator(config, tie=tie), count, workers)


def _skeleton_tie() -> LabelTie:
    from biopose_ros.body import load_body
    from biopose_ros.training.synthesis.tie import LabelTie

    return LabelTie(load_body())


def _tracked(
    generator: ChunkGenerator, count: int, workers: int
) -> Iterator[list[SyntheticSample]]:
    """Draw chunks under a progress bar."""
    from rich.progress import track

    from biopose_ros.training.synthesis.stream import chunks

    drawn = chunks(generator, 0, count, workers)
    yield from track(drawn, 'Drawing', total=count, transient=True)


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
