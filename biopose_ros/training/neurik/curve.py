"""Draw a training's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from biopose_ros.training.neurik.loop import Progress

matplotlib.use('Agg')  # no display


def draw_curve(log: Sequence[Progress], path: Path) -> None:
    """
    Draw losses and validation error over time.

    :param log: of a training.
    :param path: of the picture.
    """
    from matplotlib import pyplot

    minutes = [line.elapsed_s / 60 for line in log]
    figure, (losses, error) = pyplot.subplots(1, 2, figsize=(11, 4), layout='constrained')
    for name in sorted({name for line in log for name in line.losses} - {'likelihood'}):
        seen = [
            (m, line.losses[name]) for m, line in zip(minutes, log, strict=True) if line.losses
        ]
        losses.plot(*zip(*seen, strict=True), label=name)
    losses.set(xlabel='minutes', ylabel='loss', yscale='log')
    losses.legend()
    error.plot(minutes, [line.validation_deg for line in log], color='black')
    error.set(xlabel='minutes', ylabel='mean angle error with mesh noise, degrees')
    error.set_ylim(bottom=0)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
