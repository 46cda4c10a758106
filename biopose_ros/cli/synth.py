"""``biopose synth``: synthetic training images, as a contact sheet or as shards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biopose_ros.training.synthesis.generator import SampleGenerator, SkeletonTie
    from biopose_ros.training.synthesis.records import SyntheticSample


def synth(
    count: Annotated[int, typer.Option(min=1, help='How many images.')] = 64,
    sheet: Annotated[Path | None, typer.Option(help='Write a contact sheet here (.png).')] = None,
    shards: Annotated[Path | None, typer.Option(help='Write tar shards to this folder.')] = None,
    seed: Annotated[int, typer.Option(min=0, help='Of the stream.')] = 0,
    split: Annotated[str, typer.Option(help='train, validation or test.')] = 'train',
    motion: Annotated[
        Path | None, typer.Option(help='Folder of recorded motion (*.npz), beside synthetic.')
    ] = None,
    activity: Annotated[
        list[str] | None, typer.Option(help='Word in the activity; may repeat.')
    ] = None,
    backgrounds: Annotated[
        Path | None, typer.Option(help='Folder of photographs to put behind people.')
    ] = None,
    skeleton: Annotated[
        bool, typer.Option('--skeleton', help='Add skeleton coordinates and scales (slower).')
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help='Processes that draw.')] = 2,
) -> None:
    """Draw dressed people in scenes, with exact truth."""
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    if (sheet is None) == (shards is None):
        raise typer.BadParameter('give either --sheet FILE or --shards FOLDER')
    try:
        config = SynthesisConfig(
            split=split,
            seed=seed,
            motion_folder=motion,
            activities=tuple(activity or ()),
            backgrounds=backgrounds,
        )
        generator = build_generator(config, tie=_skeleton_tie() if skeleton else None)
        if sheet is not None:
            _write_sheet(generator, count, sheet, workers)
        elif shards is not None:
            _write_shards(generator, count, shards, workers)
    except ValueError as error:
        typer.secho(str(error), err=True, fg='red')
        raise typer.Exit(1) from None


def _skeleton_tie() -> SkeletonTie:
    from biopose_ros.body import load_body
    from biopose_ros.training.synthesis.tie import LabelTie

    return LabelTie(load_body())


def _write_sheet(generator: SampleGenerator, count: int, path: Path, workers: int) -> None:
    import cv2

    from biopose_ros.training.synthesis.sheet import contact_sheet

    picture = contact_sheet(list(_tracked(generator, count, workers)))
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise ValueError(f'cannot write the contact sheet to {path}')
    typer.echo(f'{count} images in {path}; joints on every second row')


def _write_shards(generator: SampleGenerator, count: int, folder: Path, workers: int) -> None:
    from biopose_ros.training.synthesis.shards import write_shards

    for _ in write_shards(_tracked(generator, count, workers), folder):
        pass
    typer.echo(f'{count} images in {folder}')


def _tracked(generator: SampleGenerator, count: int, workers: int) -> Iterator[SyntheticSample]:
    """Draw so many samples under a progress bar."""
    from rich.progress import track

    from biopose_ros.training.synthesis.generator import CHUNK
    from biopose_ros.training.synthesis.stream import samples

    drawn = islice(samples(generator, 0, -(-count // CHUNK), workers), count)
    yield from track(drawn, 'Drawing', total=count, transient=True)
