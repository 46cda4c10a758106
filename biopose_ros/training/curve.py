"""Draw a training's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from biopose_ros.training.timed import LogLine

matplotlib.use('Agg')  # no display


def draw_curve(log: Sequence[LogLine], path: Path) -> None:
    """
    Draw losses and validation figures over time.

    :param log: of a training; at least one line.
    :param path: of the picture.
    """
    from matplotlib import pyplot

    minutes = [line.elapsed_s / 60 for line in log]
    names = list(log[0].validation)
    marker = 'o' if len(log) == 1 else ''  # one line of the log is a point
    figure, axes = pyplot.subplots(
        1, 1 + len(names), figsize=(4 + 3 * len(names), 3.6), layout='constrained'
    )
    for name in log[0].losses:
        axes[0].plot(minutes, [line.losses[name] for line in log], marker=marker, label=name)
    axes[0].set(xlabel='minutes', title='losses', yscale='symlog')
    axes[0].legend(fontsize=7)
    for axis, name in zip(axes[1:], names, strict=True):
        axis.plot(minutes, [line.validation[name] for line in log], marker=marker, color='black')
        axis.set(xlabel='minutes', title=name)
        axis.set_ylim(bottom=0)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
