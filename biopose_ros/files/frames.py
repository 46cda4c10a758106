"""Pictures with their time stamps, whatever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Camera

NANOSECONDS = 1_000_000_000


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
    """

    name: str
    frames: Callable[[], Iterator[Frame]]
    frame_count: int | None = None
    rate_hz: float | None = None
    is_wall_clock: bool = False
    camera: Camera | None = None

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()


def strictly_increasing(frames: Iterator[Frame]) -> Iterator[Frame]:
    """
    Drop pictures whose stamp is not after the one before (damaged files), and number the rest.

    :param frames: pictures in any state.
    :returns: pictures with growing stamps and indices.
    """
    last_ns, index = None, 0
    for frame in frames:
        if last_ns is None or frame.stamp_ns > last_ns:
            yield Frame(frame.image_bgr, frame.stamp_ns, index)
            last_ns, index = frame.stamp_ns, index + 1
