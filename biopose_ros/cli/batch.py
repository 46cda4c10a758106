"""``biopose batch``: many recordings at once, on this machine or on a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import JsonFile

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.batch.recordings import Recording


def batch(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar='FOLDER|LIST',
            exists=True,
            help='Folder of videos and bags, or a list.',
        ),
    ],
    out: Annotated[Path, typer.Option(help='Folder for the results; what is done there stays.')],
    workers: Annotated[
        int | None,
        typer.Option(min=1, help='Recordings at once on this machine; default one a processor.'),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help='Ray cluster: auto or HOST:6379; its machines share the folders.'),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """
    Run `biopose run` on every recording; its options may follow, for example --overlay --report.

    Started again, it goes on where it stopped. Ends with one table, results.csv and .parquet.
    """
    import time

    from rich.console import Console

    from biopose_ros.batch.recordings import find_recordings
    from biopose_ros.batch.table import read_rows, write_table
    from biopose_ros.batch.work import clear_unfinished
    from biopose_ros.cli.figures import write_figures

    console = Console(markup=False)
    try:
        from biopose_ros.batch import cluster
    except ImportError as error:
        message = f"{error}; pip install 'biopose_ros[cluster]'"
        raise typer.BadParameter(message, param_hint='batch') from error
    start = time.monotonic()
    with shown_errors(OSError, ValueError):
        recordings = find_recordings(source, out)
        todo = [recording for recording in recordings if not recording.is_done]
        if done := len(recordings) - len(todo):
            console.print(f'{done} of {len(recordings)} recordings are done already')
        out.mkdir(parents=True, exist_ok=True)
        processors = cluster.connect(workers, address)
    errors: dict[Path, str] = {}
    try:
        _work_off(todo, context.args, errors, console)
    except KeyboardInterrupt:
        console.print('interrupted; start the same command again to go on')
    finally:
        cluster.disconnect()
    clear_unfinished(out)
    rows = read_rows(recordings, errors)
    for path in write_table(rows, out):
        console.print(f'table: {path}', soft_wrap=True)
    fresh = {str(recording.source) for recording in todo}
    images = {row['recording']: row.get('images', 0) for row in rows if row['recording'] in fresh}
    figures = {
        'videos': len(recordings),
        'failed': len({row['recording'] for row in rows if row['error']}),
        'images_per_s': round(sum(images.values()) / (time.monotonic() - start), 3),
        'workers': processors,
    }
    console.print(', '.join(f'{name}: {value}' for name, value in figures.items()))
    write_figures(json_file, figures)
    if figures['failed']:
        raise typer.Exit(1)


def _work_off(
    todo: list[Recording], options: list[str], errors: dict[Path, str], console: Console
) -> None:
    """Show what is done, and what failed as soon as it does."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from biopose_ros.batch.cluster import work_off

    columns = (
        TextColumn('recordings'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('{task.description}', markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task('', total=len(todo))
        for outcome in work_off(todo, options):
            name = outcome.recording.source.name
            if outcome.error:
                errors[outcome.recording.source] = outcome.error
                progress.console.print(f'{name}: {outcome.error}', style='red', soft_wrap=True)
            progress.update(task, advance=1, description=f'{name} {outcome.seconds:.0f} s')
