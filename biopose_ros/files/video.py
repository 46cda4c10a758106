"""Pictures with their true time stamps, from a video file, image folder, webcam or bag."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from biopose_ros.files.frames import (
    NANOSECONDS,
    Frame,
    FrameSource,
    ImageArray,
    SourceError,
    strictly_increasing,
)

IMAGE_SUFFIXES = {'.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp'}
BAG_SUFFIXES = {'.mcap', '.db3', '.bag'}
TIMESTAMP_FILE = 'timestamps.txt'


def open_frames(
    source: str | Path, *, rate_hz: float | None = None, topic: str | None = None
) -> FrameSource:
    """
    Open anything that holds pictures.

    :param source: a video file, a folder of images, a bag (``.mcap``, ``.db3`` or its folder), or
        the number of a webcam.
    :param rate_hz: images per second of an image folder that has no ``timestamps.txt``.
    :param topic: the image topic of a bag that holds several.
    :returns: the source; the pictures are read while it is iterated.
    :raises SourceError: when there is nothing readable.
    """
    if str(source).isdigit():
        return _open_webcam(int(str(source)))
    path = Path(source).expanduser()
    if not path.exists():
        raise SourceError(f'{path}: no such file or folder; check the path')
    if path.suffix in BAG_SUFFIXES or (path / 'metadata.yaml').exists():
        from biopose_ros.files.bags import open_bag  # heavy, and needed for bags alone

        return open_bag(path, topic)
    if path.is_dir():
        return _open_folder(path, rate_hz)
    return _open_video(path)


def _open_video(path: Path) -> FrameSource:
    with _container(path) as container:
        stream = container.streams.video[0]
        rate_hz = float(stream.average_rate) if stream.average_rate else None
        count = stream.frames or _expected_count(container.duration, rate_hz)
    next(_video_frames(path))  # fail now, and clearly, where not one picture can be decoded
    return FrameSource(str(path), lambda: strictly_increasing(_video_frames(path)), count, rate_hz)


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
        frame = None
        for index, frame in enumerate(_decode(container, stream)):
            yield Frame(_upright_bgr(frame), _stamp_ns(frame, path), index)
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


def _upright_bgr(frame: Any) -> ImageArray:
    """Apply the display matrix: phones store portrait videos lying on their side."""
    image: ImageArray = frame.to_ndarray(format='bgr24')
    quarter_turns = round(frame.rotation / 90) % 4  # counter-clockwise, as numpy counts them
    return np.ascontiguousarray(np.rot90(image, quarter_turns))


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

    def frames() -> Iterator[Frame]:
        for index, (file, stamp_ns) in enumerate(zip(files, stamps_ns, strict=True)):
            yield Frame(_read_image(file), stamp_ns, index)

    return FrameSource(str(path), lambda: strictly_increasing(frames()), len(files), rate_hz)


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

    return FrameSource(
        f'webcam {number}', lambda: strictly_increasing(frames()), is_wall_clock=True
    )


def _captured(capture: cv2.VideoCapture) -> Iterator[Frame]:
    index = 0
    while True:
        is_read, image = capture.read()
        if not is_read:
            return
        yield Frame(image.astype(np.uint8, copy=False), time.time_ns(), index)
        index += 1
