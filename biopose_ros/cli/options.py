"""Options that several commands share: one name, one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonFile = Annotated[Path | None, typer.Option('--json', help='Write the figures to this file.')]
MotionFolder = Annotated[
    Path | None,
    typer.Option(help='Folder of recorded motion; without it synthesised activities alone.'),
]
RealClips = Annotated[
    Path | None,
    typer.Option(help='Folder with pose2sim_blender/; default ../shared/data/real.'),
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
    typer.Option(help="Weights of one's own for biopose, its trained encoder beside it."),
]
Weights = Annotated[Path | None, typer.Option(help='Weights file; without it the one that ships.')]
Height = Annotated[float | None, typer.Option(help='Standing height of the person, metres.')]
Mass = Annotated[float | None, typer.Option(help='Mass of the person, kilograms.')]
Split = Annotated[str, typer.Option(help='train, validation or test.')]
TrainingMinutes = Annotated[float, typer.Option(min=0.01, help='Length of the training.')]
ImageCount = Annotated[int, typer.Option(min=16, help='Synthetic images to draw.')]
ImageSeed = Annotated[int, typer.Option(min=0, help='Of the images.')]
NodeParameters = Annotated[
    list[str] | None, typer.Option('-p', help="The node's, as NAME:=VALUE; may repeat.")
]
