"""Pictures with their time stamps, whatever they come from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Camera

NANOSECONDS = 1_000_000_000
# Pictures per second of sources that do not say.
UNKNOWN_RATE_HZ = 30.0
BAG_SUFFIXES = {'.mcap', '.db3', '.bag'}

ImageArray = NDArray[np.uint8]


class SourceError(ValueError):
    """A video, image folder, webcam or bag that cannot be read; names it and the remedy."""


@dataclass(frozen=True)
class Frame:
    """
    One picture.

    :param image_bgr: [height, width, 3], uint8, upright as a viewer would show it.
    :param stamp_ns: presentation time, nanoseconds; see :attr:`FrameSource.is_wall_clock`.
    :param index: counts the pictures of the source from 0.
    """

    image_bgr: ImageArray
    stamp_ns: int
    index: int


@dataclass(frozen=True)
class FrameSource:
    """
    Pictures in the order of their stamps, which strictly increase.

    :param name: what the user gave.
    :param frames: starts a fresh pass over the pictures; a webcam's never ends.
    :param frame_count: how many to expect (a hint for progress bars), None where unknown.
    :param rate_hz: nominal pictures per second, None where unknown; the stamps are what counts.
    :param is_wall_clock: stamps count from the Unix epoch (webcam, bag), not from the start of
        the video's own time line.
    :param camera: intrinsics that came with the pictures (a bag's CameraInfo), else None.
    :param note: what was done to the pictures that their maker may not expect; '' for nothing.
    :param left_out: how many pictures the passes so far had to leave out, by reason.
    """

    name: str
    frames: Callable[[], Iterator[Frame]]
    frame_count: int | None = None
    rate_hz: float | None = None
    is_wall_clock: bool = False
    camera: Camera | None = None
    note: str = ''
    left_out: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()


def is_bag(path: Path) -> bool:
    """
    Return whether a path is a recording of ROS.

    :param path: of a file or a folder.
    """
    if not path.is_dir():
        return path.suffix in BAG_SUFFIXES or path.name.endswith('.db3.zstd')
    return (path / 'metadata.yaml').exists() or any(
        file.is_file() and is_bag(file) for file in path.iterdir()
    )


def strictly_increasing(frames: Iterator[Frame], left_out: Counter[str]) -> Iterator[Frame]:
    """
    Drop pictures whose stamp is not after the one before (damaged files), and number the rest.

    :param frames: pictures in any state.
    :param left_out: counts what is dropped.
    :returns: pictures with growing stamps and indices.
    """
    last_ns, index = None, 0
    for frame in frames:
        if last_ns is None or frame.stamp_ns > last_ns:
            yield Frame(frame.image_bgr, frame.stamp_ns, index)
            last_ns, index = frame.stamp_ns, index + 1
        else:
            left_out['stamp not after the one before'] += 1


def part_of(source: FrameSource, span: str) -> FrameSource:
    """
    Take a part of a source.

    :param source: the whole.
    :param span: ``START-END`` in seconds, from the start of the video's time line, else from the
        first picture; one of them may be left out.
    :returns: the pictures from START to END; they keep their stamps and indices.
    :raises ValueError: when the text is no such span.
    """
    found = _SPAN.fullmatch(span)
    start_s = float(found[1] or 0.0) if found else np.nan
    end_s = float(found[2] or np.inf) if found else np.nan
    if not start_s < end_s:
        raise ValueError(f'a part is START-END in seconds, for example 3.5-12, got {span!r}')

    def frames() -> Iterator[Frame]:
        origin_ns, is_empty, time_s = None, True, np.nan
        for frame in source:
            if origin_ns is None:
                origin_ns = frame.stamp_ns if source.is_wall_clock else 0
            time_s = (frame.stamp_ns - origin_ns) / NANOSECONDS
            if time_s > end_s:
                break
            if time_s >= start_s:
                is_empty = False
                yield frame
        if is_empty:
            raise SourceError(
                f'{source.name}: no pictures from {start_s:g} to {end_s:g} s; there is one at '
                f'{time_s:.2f} s'
            )

    return replace(source, frames=frames, frame_count=None)


_SPAN = re.compile(r'\s*(\d+\.?\d*)?\s*-\s*(\d+\.?\d*)?\s*')
