"""What the soaked node is shown: people who come and go, broken images, a camera that stalls."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from biopose_ros.evaluation.speed.scenes import IMAGE_PX
from biopose_ros.ros.camera_messages import image_message
from biopose_ros.ros.stamps import NANOSECONDS, to_time
from biopose_ros.sensor_messages.images import BgrImage

RATE_HZ = 30
STEP_NS = NANOSECONDS // RATE_HZ
FRAME_ID = 'camera_optical_frame'
# One round, in images. The second person stands beside the first one for a while.
ROUND_IMAGES = 300
BROKEN_AT = 150
# The camera stalls at the end of the first round and then of every third; seconds.
STALL_S = 2.5
STALL_EVERY = 3
_GREY = 96


@dataclass(frozen=True)
class Appearance:
    """
    One person on the stage.

    :param first: image of the round in which they come.
    :param last: image of the round in which they are gone.
    :param left_px: where their cell begins.
    """

    first: int
    last: int
    left_px: int


APPEARANCES = (Appearance(30, 270, 160), Appearance(90, 240, 800))


@dataclass(frozen=True)
class Step:
    """
    One thing to do.

    :param messages: images to publish, one after the other.
    :param is_broken: the node has to refuse these.
    :param stall_s: time without an image before them.
    :param visible: places in :data:`APPEARANCES` of those in the image.
    """

    messages: Sequence[Image]
    is_broken: bool = False
    stall_s: float = 0.0
    visible: tuple[int, ...] = ()


class SoakScript:
    """
    An endless script.

    :param cells: pictures of one person in the order of time, of any size.
    :param start_ns: stamp of the first image.
    """

    def __init__(self, cells: Sequence[BgrImage], start_ns: int) -> None:
        size = IMAGE_PX[0] // 4, IMAGE_PX[1] // 2
        self._cells = [
            cv2.resize(cell, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
            for cell in cells
        ]
        self._stamp_ns = start_ns

    def rounds(self) -> Iterator[Iterator[Step]]:
        """Give one round after the other, without end."""
        number = 0
        while True:
            yield self._round(has_stall=number % STALL_EVERY == 0)
            number += 1

    def _round(self, has_stall: bool) -> Iterator[Step]:
        for number in range(ROUND_IMAGES):
            if number == BROKEN_AT:
                yield Step([make(self._header()) for make in BROKEN], is_broken=True)
            stall_s = STALL_S if has_stall and number == ROUND_IMAGES - 1 else 0.0
            self._stamp_ns += STEP_NS + round(stall_s * NANOSECONDS)
            visible = tuple(
                place for place, who in enumerate(APPEARANCES) if who.first <= number < who.last
            )
            image = self._image(number, visible)
            yield Step([image_message(image, self._header())], False, stall_s, visible)

    def _header(self) -> Header:
        return Header(stamp=to_time(self._stamp_ns), frame_id=FRAME_ID)

    def _image(self, number: int, visible: Sequence[int]) -> BgrImage:
        canvas = np.full((IMAGE_PX[1], IMAGE_PX[0], 3), _GREY, np.uint8)
        top = IMAGE_PX[1] // 4
        period = 2 * len(self._cells) - 2
        time = number % period
        cell = self._cells[min(time, period - time)]
        for place in visible:
            left = APPEARANCES[place].left_px
            canvas[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
        return canvas


def _unknown_encoding(header: Header) -> Image:
    data = array.array('B', bytes(4 * 4 * 3))
    return Image(header=header, height=4, width=4, encoding='no_such', step=12, data=data)


def _cut_short(header: Header) -> Image:
    data = array.array('B', bytes(100))
    return Image(header=header, height=720, width=1280, encoding='bgr8', step=3840, data=data)


def _empty(header: Header) -> Image:
    return Image(header=header, encoding='bgr8')


def _seen_before(header: Header) -> Image:
    return image_message(np.zeros((720, 1280, 3), np.uint8), header)


# Each has the stamp of the image before.
BROKEN: tuple[Callable[[Header], Image], ...] = (
    _unknown_encoding,
    _cut_short,
    _empty,
    _seen_before,
)
