"""One picture of a live session: frames with the skeleton drawn, and the angles over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biopose_ros.ros.live_monitor import AngleHistory, LiveMonitor

COLUMNS = 4
# Both sides of one coordinate share a panel: right orange, left blue, as in the drawing.
PANELS = ('hip_flexion', 'knee_angle', 'ankle_angle', 'elbow_flex')
SIDES = (('_r', 'right', '#e07b00'), ('_l', 'left', '#1f77d0'))


def save_session_picture(monitor: LiveMonitor, path: Path) -> bool:
    """
    Draw what a session saw.

    :param monitor: after the session.
    :param path: PNG file to write.
    :returns: whether somebody was seen; without, no file is written.
    """
    history = monitor.history()
    if history is None or not monitor.pictures:
        return False
    figure = Figure(figsize=(16, 7), layout='constrained')
    axes = figure.subplots(2, COLUMNS, height_ratios=(3, 2.7))
    chosen = np.linspace(0, len(monitor.pictures) - 1, COLUMNS + 2).round().astype(int)[1:-1]
    start_ns = monitor.pictures[0][0]
    for axis, index in zip(axes[0], chosen, strict=True):
        stamp_ns, image_bgr = monitor.pictures[index]
        axis.imshow(_around_the_middle(image_bgr)[..., ::-1])
        axis.set_title(f'{(stamp_ns - start_ns) * 1e-9:.1f} s')
        axis.axis('off')
    for axis, name in zip(axes[1], PANELS, strict=True):
        _draw_angles(axis, name, history)
    figure.savefig(path, dpi=80)
    return True


def _around_the_middle(image_bgr: np.ndarray) -> np.ndarray:
    """Cut wide pictures to a 4:3 middle, so that persons are large enough to judge."""
    height, width, _ = image_bgr.shape
    keep = min(width, height * 4 // 3)
    left = (width - keep) // 2
    return image_bgr[:, left : left + keep]


def _draw_angles(axis: Axes, name: str, history: AngleHistory) -> None:
    for suffix, label, colour in SIDES:
        if name + suffix not in history.names:
            continue
        column = history.names.index(name + suffix)
        angle = np.degrees(history.positions[:, column])
        sigma = np.degrees(history.stddev[:, column])
        axis.plot(history.times_s, angle, color=colour, label=label)
        axis.fill_between(history.times_s, angle - sigma, angle + sigma, color=colour, alpha=0.2)
    axis.set_title(f'{name} (degrees, band: 1 sigma)')
    axis.set_xlabel('s')
    axis.grid(alpha=0.3)
    axis.legend(loc='upper right')
