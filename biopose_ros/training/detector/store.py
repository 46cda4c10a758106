"""Windows on disk: drawn once, used in every pass of the training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from biopose_ros.training.detector.windows import LabelledWindow, WindowSource


class WindowStore:
    """
    Chunks of windows, drawn when they are first asked for.

    :param build_source: of what draws them; called where a chunk is missing, once.
    :param folder: where they are kept; one folder per source.
    """

    def __init__(self, build_source: Callable[[], WindowSource], folder: Path) -> None:
        self.build_source = build_source
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def source(self) -> WindowSource:
        """What draws the windows."""
        return self.build_source()

    def chunk(self, number: int) -> list[LabelledWindow]:
        """
        Give some windows.

        :param number: of the chunk, from 0.
        :returns: :data:`~.windows.CHUNK` windows.
        """
        path = self.folder / f'{number:05d}.npz'
        if not path.exists():
            write_windows(path, self.source.chunk(number))
        return read_windows(path)


def write_windows(path: Path, windows: list[LabelledWindow]) -> None:
    """
    Write windows.

    :param path: ends in ``.npz``.
    :param windows: at least one.
    """
    part = path.with_suffix('.part.npz')
    np.savez(
        part,
        images=np.stack([window.image_bgr for window in windows]),
        points=np.concatenate([window.points_px for window in windows]).astype(np.float32),
        visible=np.concatenate([window.visible for window in windows]).astype(np.float32),
        counts=np.array([len(window.visible) for window in windows]),
    )
    part.replace(path)


def read_windows(path: Path) -> list[LabelledWindow]:
    """
    Read windows.

    :param path: written by :func:`write_windows`.
    """
    with np.load(path) as file:
        images, points, visible, counts = (
            file[name] for name in ('images', 'points', 'visible', 'counts')
        )
    ends = np.cumsum(counts)[:-1]
    return [
        LabelledWindow(*parts)
        for parts in zip(images, np.split(points, ends), np.split(visible, ends), strict=True)
    ]
