"""``biopose view``: results, bags and live topics in three dimensions and on one time line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.errors import shown_errors

LIVE = 'live'


def view(
    source: Annotated[
        str,
        typer.Argument(
            metavar='DIR|BAG|live', help='Results of biopose run, a bag, or a running node.'
        ),
    ],
    save: Annotated[
        Path | None, typer.Option(help='Write this .rrd file, and open nothing.')
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(exists=True, help='The pictures, where they lie elsewhere by now.'),
    ] = None,
    namespace: Annotated[str, typer.Option(help='Of the running node.')] = '',
) -> None:
    """Show picture, skeletons, floor and angles with their uncertainty in rerun's viewer."""
    from rich.console import Console

    try:
        import rerun
    except ImportError as error:
        message = f"{error}; pip install 'biopose_ros[viewer]'"
        raise typer.BadParameter(message, param_hint='view') from error
    from biopose_ros.viewer.messages import MessageView
    from biopose_ros.viewer.scene import APPLICATION, Scene
    from biopose_ros.viewer.sources import show_bag, show_run

    console = Console(markup=False)
    path = Path(source).expanduser()
    with shown_errors(FileNotFoundError):
        if source != LIVE and not path.exists():
            raise FileNotFoundError(f'{path}: no such folder or bag')
    stream = rerun.RecordingStream(APPLICATION)
    if save is None:
        stream.spawn()
    else:
        save.parent.mkdir(parents=True, exist_ok=True)
        stream.save(save)
    scene = Scene(stream)
    try:
        with shown_errors(OSError, ValueError):
            if source == LIVE:
                from biopose_ros.ros.live_view import watch

                console.print('watching the node; Ctrl-C ends it')
                watch(MessageView(scene).handler, namespace)
            elif (path / 'summary.json').exists():
                show_run(scene, path, video)
            else:
                show_bag(scene, path)
    finally:
        stream.flush()
        stream.disconnect()
    if save is not None:
        console.print(f'recording: {save}; open it with: rerun {save}', soft_wrap=True)
