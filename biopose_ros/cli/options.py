"""Options that several commands share: one name, one help text."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.settings import Setting, build, settings_of

JsonFile = Annotated[Path | None, typer.Option('--json', help='Write the figures to this file.')]
MotionFolder = Annotated[
    Path | None,
    typer.Option(
        exists=True, help='Folder of recorded motion; without it synthesised activities alone.'
    ),
]
ClusterAddress = Annotated[
    str | None, typer.Option(help='Ray cluster that draws: auto or HOST:6379.')
]
RealClips = Annotated[
    Path | None,
    typer.Option(exists=True, help='Folder with pose2sim_blender/; default ../shared/data/real.'),
]
SceneVideo = Annotated[
    Path | None,
    typer.Option(exists=True, help='Video with a person in full view; default: the demo.'),
]
Device = Annotated[str, typer.Option(help='auto, cpu, cuda or cuda:N.')]
Method = Annotated[str, typer.Option(help='How angles are estimated.')]
AnyNetwork = Annotated[str, typer.Option(help='Landmark network: auto, lite, full, heavy.')]
Encoder = Annotated[str, typer.Option(help='Landmark network: full or heavy.')]
MeshWeights = Annotated[
    Path | None,
    typer.Option(exists=True, help='Your own weights for biopose, a trained encoder beside them.'),
]
NeurikWeights = Annotated[
    Path | None, typer.Option(exists=True, help='Your own weights for NeurIK.')
]
Body = Annotated[Path | None, typer.Option(exists=True, help='Your own SMPL file, .pkl or .npz.')]
Osim = Annotated[
    Path | None, typer.Option(exists=True, help='Your own OpenSim model to carry over to.')
]
Weights = Annotated[
    Path | None, typer.Option(exists=True, help='Weights file; without it the one that ships.')
]
Height = Annotated[float | None, typer.Option(help='Standing height of the person, metres.')]
Split = Annotated[str, typer.Option(help='train, validation or test.')]
TrainingMinutes = Annotated[float, typer.Option(min=0.01, help='Length of the training.')]
Activities = Annotated[int, typer.Option(min=20, help='Synthesised activities to learn from.')]
ImageCount = Annotated[int, typer.Option(min=16, help='Synthetic images to draw.')]
ImageSeed = Annotated[int, typer.Option(min=0, help='Of the images.')]
NodeParameters = Annotated[
    list[str] | None, typer.Option('-p', help="The node's, as NAME:=VALUE; may repeat.")
]


def with_settings(record: type, parameter: str) -> Callable[[Callable[..., None]], Callable]:
    """
    Give a command one option for each setting of a record, and the record in one piece.

    :param record: with its settings; see :mod:`biopose_ros.settings`.
    :param parameter: of the command, which takes the record.
    """
    settings = settings_of(record)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            each.replace(annotation=hints[name])
            for name, each in inspect.signature(command).parameters.items()
            if name != parameter
        ]

        @wraps(command)
        def with_options(**values: Any) -> None:
            given = {setting.name: values.pop(setting.name) for setting in settings}
            with shown_errors(ValueError):
                config: Any = build(record, given)
            command(**values, **{parameter: config})

        parameters = [*own, *(_option(setting) for setting in settings)]
        with_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
        )
        with_options.__annotations__ = {each.name: each.annotation for each in parameters}
        return with_options

    return decorate


def _option(setting: Setting) -> inspect.Parameter:
    """Make a setting an option of typer's."""
    allowed = f' ({setting.range_text})' if setting.range_text else ''
    name = setting.option
    option = typer.Option(
        f'{name}/--no-{name.removeprefix("--")}' if setting.kind is bool else name,
        help=setting.description + allowed,
        show_default=setting.default != setting.unset,
    )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=setting.default,
        annotation=Annotated[setting.kind, option],
    )
