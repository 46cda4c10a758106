"""Draw a training's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from biopose_ros.training.timed import LogLine

matplotlib.use('Agg')  # no display


def draw_curve(log: Sequence[LogLine], path: Path) -> None:
    """
    Draw losses and validation errors over time.

    :param log: of a training.
    :param path: of the picture.
    """
    from matplotlib import pyplot

    minutes = [line.elapsed_s / 60 for line in log]
    figure, (losses, errors) = pyplot.subplots(1, 2, figsize=(11, 4), layout='constrained')
    for name in sorted({name for line in log for name in line.losses} - {'likelihood'}):
        losses.plot(minutes, [line.losses[name] for line in log], label=name)
    losses.set(xlabel='minutes', ylabel='loss, weighted', yscale='log')
    for name in log[0].validation if log else ():
        errors.plot(minutes, [line.validation[name] for line in log], label=name)
    errors.set(xlabel='minutes', ylabel='mean angle error with mesh noise, degrees')
    errors.set_ylim(bottom=0)
    for part in (losses, errors):
        part.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
