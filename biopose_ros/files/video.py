"""Pictures with their true time stamps, from a video file, image folder, webcam or bag."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.files.frames import (
    NANOSECONDS,
    Frame,
    FrameSource,
    ImageArray,
    SourceError,
    is_bag,
    strictly_increasing,
)

IMAGE_SUFFIXES = {'.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp'}
TIMESTAMP_FILE = 'timestamps.txt'


def open_frames(
    source: str | Path,
    *,
    rate_hz: float | None = None,
    topic: str | None = None,
    is_rectified: bool = False,
) -> FrameSource:
    """
    Open anything that holds pictures.

    :param source: a video file, a folder of images, a bag (``.mcap``, ``.db3``, ``.bag`` or a
        folder of them), or the number of a webcam.
    :param rate_hz: images per second of an image folder that has no ``timestamps.txt``.
    :param topic: the image topic of a bag that holds several.
    :param is_rectified: the pictures of a bag are rectified, as on ``image_rect``.
    :returns: the source; the pictures are read while it is iterated.
    :raises SourceError: when there is nothing readable.
    """
    if str(source).isdigit():
        return _open_webcam(int(str(source)))
    path = Path(source).expanduser()
    if not path.exists():
        raise SourceError(f'{path}: no such file or folder; check the path')
    if is_bag(path):
        from biopose_ros.files.bags import open_bag  # heavy, and needed for bags alone

        return open_bag(path, topic, is_rectified)
    if path.is_dir():
        return _open_folder(path, rate_hz)
    return _open_video(path)


def _open_video(path: Path) -> FrameSource:
    with _container(path) as container:
        stream = container.streams.video[0]
        rate_hz = float(stream.average_rate) if stream.average_rate else None
        count = stream.frames or _expected_count(container.duration, rate_hz)
        shape = _pixel_shape(stream)
    next(_video_frames(path))  # fail now, and clearly, where not one picture can be decoded
    note = f'its pixels are not square; pictures are made {shape} times as wide' * (shape != 1)
    left_out: Counter[str] = Counter()
    return FrameSource(
        str(path),
        lambda: strictly_increasing(_video_frames(path), left_out),
        count,
        rate_hz,
        note=note,
        left_out=left_out,
    )


def _pixel_shape(stream: Any) -> Fraction:
    """Width over height of one pixel; unknown is square."""
    shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(shape) if shape else Fraction(1)


def _container(path: Path) -> Any:
    if path.stat().st_size == 0:
        raise SourceError(f'{path}: the file is empty; record or download it again')
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        raise SourceError(
            f'{path}: not a readable video ({error.strerror}); if it was cut short while being '
            'recorded or downloaded, fetch it again, else convert it to MP4'
        ) from None
    if not container.streams.video:
        container.close()
        raise SourceError(f'{path}: holds no video stream; give a file with pictures')
    return container


def _expected_count(duration: int | None, rate_hz: float | None) -> int | None:
    return round(duration / av.time_base * rate_hz) if duration and rate_hz else None


def _video_frames(path: Path) -> Iterator[Frame]:
    with _container(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = 'AUTO'
        frame, shape = None, _pixel_shape(stream)
        matrix, rotation = None, None
        for index, frame in enumerate(_decode(container, stream)):
            # Side data keep a picture in memory until Python looks for circles, so that hundreds
            # pile up: they are asked for where the rotation changes only.
            if frame.rotation != rotation:
                matrix, rotation = _display_matrix(frame), frame.rotation
            yield Frame(_shown_bgr(frame, shape, matrix), _stamp_ns(frame, path), index)
        if frame is None:
            raise SourceError(
                f'{path}: not one picture could be decoded; the file is damaged or its codec '
                f'({stream.codec_context.name}) is incomplete, convert it to H.264'
            )


def _decode(container: Any, stream: Any) -> Iterator[Any]:
    """Decode packet by packet, so that a damaged one costs its own pictures only."""
    packets = container.demux(stream)
    while True:
        try:
            yield from next(packets).decode()
        except StopIteration:
            return
        except av.error.FFmpegError:
            continue


def _stamp_ns(frame: Any, path: Path) -> int:
    """Presentation time: the demuxer has applied edit lists and start offsets already."""
    if frame.pts is None:
        raise SourceError(
            f'{path}: its pictures carry no time stamps; wrap it in a container that has them '
            f'(ffmpeg -r RATE -i {path.name} -c copy video.mp4)'
        )
    return round(frame.pts * frame.time_base * NANOSECONDS)


def _display_matrix(frame: Any) -> NDArray[np.int32] | None:
    """Give the nine numbers that turn and mirror a picture, None where there are none."""
    matrix = next((data for data in frame.side_data if data.type.name == 'DISPLAYMATRIX'), None)
    return None if matrix is None else np.frombuffer(bytes(matrix), np.int32)


def _shown_bgr(frame: Any, pixel_shape: Fraction, matrix: NDArray[np.int32] | None) -> ImageArray:
    """
    Show a picture as a player does: square pixels, then the display matrix.

    Phones store portrait videos lying on their side, and some front cameras a mirror image.
    """
    image: ImageArray = frame.to_ndarray(format='bgr24')
    if pixel_shape != 1:
        size = round(image.shape[1] * pixel_shape), image.shape[0]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if matrix is None:
        return image
    # Of its nine 32-bit numbers a b u / c d v / x y w, a to d tell where the pixel at column p
    # and row q is shown: column a p + c q, row b p + d q.
    a, b, _, c, d = matrix[:5]
    if abs(a) + abs(d) < abs(b) + abs(c):
        image, (a, d) = image.swapaxes(0, 1), (c, b)
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _open_folder(path: Path, rate_hz: float | None) -> FrameSource:
    files = sorted(
        (file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES),
        key=lambda file: _natural_key(file.name),
    )
    if not files:
        kinds = ', '.join(sorted(IMAGE_SUFFIXES))
        raise SourceError(f'{path}: no images in the folder (looked for {kinds})')
    stamps_ns = _folder_stamps(path, len(files), rate_hz)
    _read_image(files[0])

    left_out: Counter[str] = Counter()

    def frames() -> Iterator[Frame]:
        for index, (file, stamp_ns) in enumerate(zip(files, stamps_ns, strict=True)):
            yield Frame(_read_image(file), stamp_ns, index)

    return FrameSource(
        str(path),
        lambda: strictly_increasing(frames(), left_out),
        len(files),
        rate_hz,
        left_out=left_out,
    )


def _natural_key(name: str) -> list[tuple[int, str]]:
    """Sort img2 before img10."""
    return [(int(part or 0), '') if part.isdigit() else (-1, part) for part in _PARTS.split(name)]


_PARTS = re.compile(r'(\d+)')


def _folder_stamps(path: Path, count: int, rate_hz: float | None) -> list[int]:
    table = path / TIMESTAMP_FILE
    if rate_hz is not None:
        if not rate_hz > 0:
            raise SourceError(f'the rate must be above 0 images per second, got {rate_hz}')
        return [round(index / rate_hz * NANOSECONDS) for index in range(count)]
    if not table.exists():
        raise SourceError(
            f'{path}: images carry no time; give --rate (images per second) or put a '
            f'{TIMESTAMP_FILE} into the folder, one time in seconds per image'
        )
    try:
        stamps_ns = [round(float(line) * NANOSECONDS) for line in table.read_text().split()]
    except ValueError as error:
        raise SourceError(f'{table}: {error}; write one time in seconds per line') from None
    if len(stamps_ns) != count:
        raise SourceError(f'{table}: {len(stamps_ns)} times for {count} images')
    return stamps_ns


def _read_image(file: Path) -> ImageArray:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(f'{file}: not a readable image; remove it from the folder or replace it')
    return image.astype(np.uint8, copy=False)


def _open_webcam(number: int) -> FrameSource:
    def frames() -> Iterator[Frame]:
        capture = cv2.VideoCapture(number)
        try:
            if not capture.isOpened():
                raise SourceError(
                    f'webcam {number} cannot be opened; check that it is plugged in, not in use, '
                    f'and that you may read /dev/video{number}'
                )
            yield from _captured(capture)
        finally:
            capture.release()

    left_out: Counter[str] = Counter()
    return FrameSource(
        f'webcam {number}',
        lambda: strictly_increasing(frames(), left_out),
        is_wall_clock=True,
        left_out=left_out,
    )


def _captured(capture: cv2.VideoCapture) -> Iterator[Frame]:
    index = 0
    while True:
        is_read, image = capture.read()
        if not is_read:
            return
        yield Frame(image.astype(np.uint8, copy=False), time.time_ns(), index)
        index += 1
