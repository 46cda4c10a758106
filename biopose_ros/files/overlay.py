"""Write a video whose pictures keep their time stamps."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.files.closing import Closing
from biopose_ros.files.frames import NANOSECONDS, UNKNOWN_RATE_HZ

# 90 kHz, the clock of MPEG video: exact to 11 microseconds.
TIME_BASE = Fraction(1, 90_000)
# A fragment comes to the disk as a whole.
FRAGMENT_PICTURES = 30
CODECS = ('libx264', 'mpeg4')


class VideoWriter(Closing):
    """
    Encode pictures as they come, H.264 where the build of FFmpeg has it.

    :param path: an ``.mp4`` file to write.
    :param rate_hz: nominal rate for the header, None where unknown; the stamps are what
        counts.
    """

    def __init__(self, path: Path, rate_hz: float | None = None) -> None:
        self.path = path
        # In fragments, so that what is written plays even if nobody closes the file; a late start
        # is kept in the movie's time scale, milliseconds unless told otherwise.
        options = {
            'movflags': 'frag_keyframe+delay_moov+default_base_moof',
            'movie_timescale': str(TIME_BASE.denominator),
            'flush_packets': '1',
        }
        self._container = av.open(str(path), 'w', options=options)
        codec = next(name for name in CODECS if name in av.codecs_available)
        rate = Fraction(rate_hz or UNKNOWN_RATE_HZ).limit_denominator(1001)
        # Pictures do not wait in the encoder for those to come.
        tuning = {'tune': 'zerolatency'} if codec == 'libx264' else {}
        self._stream = cast(Any, self._container.add_stream(codec, rate=rate, options=tuning))
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = TIME_BASE
        self._stream.codec_context.gop_size = FRAGMENT_PICTURES
        self._last_pts = -1

    def write(self, image_bgr: NDArray[np.uint8], stamp_ns: int) -> None:
        """
        Append a picture.

        :param image_bgr: [height, width, 3]; an odd last row or column is cut, since the colours
            of yuv420p come in pairs. A picture of another size than the first is made as large.
        :param stamp_ns: not below 0, increasing.
        """
        height, width = (side // 2 * 2 for side in image_bgr.shape[:2])
        if self._last_pts < 0:
            self._stream.height, self._stream.width = height, width
        size = self._stream.width, self._stream.height
        if size != (width, height):
            image_bgr = cv2.resize(image_bgr, size).astype(np.uint8, copy=False)
            width, height = size
        pts = round(Fraction(stamp_ns, NANOSECONDS) / TIME_BASE)
        if pts <= self._last_pts:
            raise ValueError(f'{self.path}: the stamp {stamp_ns} ns does not follow the last one')
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(image_bgr[:height, :width]), format='bgr24'
        )
        frame.pts, frame.time_base = pts, TIME_BASE
        self._container.mux(self._stream.encode(frame))
        self._last_pts = pts

    def close(self) -> None:
        """Flush the encoder and finish the file."""
        if self._last_pts >= 0:
            self._container.mux(self._stream.encode())
        self._container.close()
