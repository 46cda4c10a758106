"""Pictures and intrinsics from a ROS bag, without ROS."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

from biopose_ros.files.frames import (
    BAG_SUFFIXES,
    NANOSECONDS,
    Frame,
    FrameSource,
    ImageArray,
    SourceError,
    strictly_increasing,
)
from biopose_ros.files.mcap_recovery import recover_mcap
from biopose_ros.records import Camera
from biopose_ros.sensor_messages.camera_info import CalibrationError, camera_from_info
from biopose_ros.sensor_messages.images import ImageError, decode_compressed, decode_image

_LOG = logging.getLogger(__name__)
DECODERS: dict[str, Callable[[Any], ImageArray]] = {
    'sensor_msgs/msg/Image': decode_image,
    'sensor_msgs/msg/CompressedImage': decode_compressed,
}
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'


def open_bag(path: Path, topic: str | None = None, is_rectified: bool = False) -> FrameSource:
    """
    Open the pictures of a bag; stamps are those of the image headers.

    :param path: a ``.mcap``, ``.db3`` or ROS 1 ``.bag`` file, or a folder of them.
    :param topic: the image topic, needed where the bag holds several.
    :param is_rectified: the pictures are rectified: the camera has no distortion.
    :returns: the source, with the camera where the bag holds its CameraInfo.
    :raises SourceError: when the bag or topic cannot be read.
    """
    path, recovered = _whole(path)
    with open_bag_reader(path) as reader:
        topic = _image_topic(reader, topic, path)
        count = reader.topics[topic].msgcount
        camera = _camera(reader, topic, path, is_rectified)
    left_out: Counter[str] = Counter()
    return FrameSource(
        f'{path} {topic}',
        lambda: strictly_increasing(_stamped(_images(path, topic, left_out, recovered)), left_out),
        count,
        is_wall_clock=True,
        camera=camera,
        left_out=left_out,
    )


def _whole(path: Path) -> tuple[Path, TemporaryDirectory[str] | None]:
    """
    Give a bag that can be read: the one given, or what is whole in an MCAP file cut short.

    :returns: the bag, and the folder that it lies in as long as somebody keeps it.
    """
    files = sorted(path.glob('*.mcap')) if path.is_dir() else [path]
    if [file.suffix for file in files] != ['.mcap'] or not files[0].is_file():
        return path, None
    try:
        with open_bag_reader(path):
            return path, None
    except SourceError:
        folder = TemporaryDirectory(prefix='biopose_bag_')
    target = Path(folder.name) / files[0].name
    try:
        count = recover_mcap(files[0], target)
    except (ValueError, OSError):
        return path, None  # reading it raises the error
    _LOG.warning('%s was cut short; its %d whole messages are read', path, count)
    return target, folder


@contextmanager
def open_bag_reader(path: Path) -> Iterator[AnyReader]:
    """
    Open a bag; older ones carry no definitions, and get those of ROS 2 Humble.

    :param path: of the bag.
    :raises SourceError: when it cannot be read.
    """
    files = _files(path)
    try:
        reader = AnyReader(files, default_typestore=get_typestore(Stores.ROS2_HUMBLE))
        reader.open()
    except Exception as error:  # the storage plug-ins raise whatever their parsers do
        raise SourceError(
            f'{path}: not a readable bag ({error}); if the recording was cut short, repair it '
            'with "ros2 bag reindex" or "mcap recover"'
        ) from None
    try:
        yield reader
    finally:
        reader.close()


def _files(path: Path) -> list[Path]:
    """Name what to open: a folder with its table of contents, else its files one by one."""
    is_folder = path.is_dir() and not (path / 'metadata.yaml').exists()
    files = sorted(path.glob('*.*')) if is_folder else [path]
    packed = next((file for file in files if file.suffix == '.zstd'), None)
    if packed is not None:
        raise SourceError(
            f'{packed}: packed, and without its metadata.yaml; unpack it ("zstd -d {packed}"), or '
            f'write the metadata again ("ros2 bag reindex {packed.parent}")'
        )
    return [file for file in files if file.suffix in BAG_SUFFIXES] if is_folder else files


def _image_topic(reader: AnyReader, topic: str | None, path: Path) -> str:
    topics = sorted(
        name for name, info in reader.topics.items() if info.msgtype in DECODERS and info.msgcount
    )
    if topic is not None:
        if topic not in topics:
            raise SourceError(f'{path}: no images on {topic!r}; topics with images: {topics}')
        return topic
    if not topics:
        raise SourceError(f'{path}: holds no images; topics: {sorted(reader.topics)}')
    if len({_camera_name(name) for name in topics}) > 1:
        raise SourceError(f'{path}: several image topics, choose one with --topic: {topics}')
    return topics[0]  # the raw one sorts before its /compressed twin


def _camera_name(topic: str) -> str:
    return topic.removesuffix('/compressed')


def _camera(reader: AnyReader, topic: str, path: Path, is_rectified: bool) -> Camera | None:
    """Read the first CameraInfo with numbers beside the images, as image_transport names it."""
    name = _camera_name(topic).rpartition('/')[0] + '/camera_info'
    connections = [
        connection
        for connection in reader.connections
        if connection.msgtype == CAMERA_INFO and connection.topic == name
    ]
    for connection, _, raw in reader.messages(connections) if connections else ():
        try:
            message: Any = reader.deserialize(raw, connection.msgtype)
            camera = camera_from_info(_with_small_names(message), is_rectified)
        except AnyReaderError:
            continue
        except CalibrationError as error:
            raise SourceError(f'{path}: {name}: {error}') from None
        if camera is not None:  # drivers send zeros until they have loaded a calibration
            return camera
    return None


def _with_small_names(message: Any) -> Any:
    """ROS 1 calls the matrices D, K, R and P."""
    if hasattr(message, 'k'):
        return message
    return SimpleNamespace(**{name.lower(): value for name, value in vars(message).items()})


@dataclass(frozen=True)
class _BagImage:
    """A picture with both its times, nanoseconds."""

    image_bgr: ImageArray
    header_ns: int
    receipt_ns: int


def _images(
    path: Path, topic: str, left_out: Counter[str], kept: TemporaryDirectory[str] | None
) -> Iterator[_BagImage]:
    """Decode one by one, keeping the bag's folder; a damaged picture costs itself only."""
    error: ImageError | AnyReaderError | None = None
    is_empty = True
    with open_bag_reader(path) as reader:
        for connection, receipt_ns, raw in reader.messages(reader.topics[topic].connections):
            try:
                message: Any = reader.deserialize(raw, connection.msgtype)
                image = DECODERS[connection.msgtype](message)
            except (ImageError, AnyReaderError) as image_error:
                error = image_error
                left_out[f'cannot be decoded: {error}'] += 1
                continue
            stamp = message.header.stamp
            nanoseconds = stamp.nanosec if hasattr(stamp, 'nanosec') else stamp.nsec
            yield _BagImage(image, stamp.sec * NANOSECONDS + nanoseconds, receipt_ns)
            is_empty = False
    if error is not None and is_empty:
        raise SourceError(
            f'{path}: no image on {topic} can be decoded: {error}; where metadata.yaml is '
            'missing, which says how messages are packed, put it back or run "ros2 bag reindex"'
        )


def _stamped(images: Iterator[_BagImage]) -> Iterator[Frame]:
    """
    Take the headers' stamps, or the times of receipt where the driver leaves stamps at 0.

    A single stamp of 0, the first, is the start of a simulation.
    """
    first = next(images, None)
    if first is None:
        return
    second = next(images, None)
    has_stamps = first.header_ns > 0 or (second is not None and second.header_ns > 0)
    start = [first] if second is None else [first, second]
    for image in chain(start, images):
        stamp_ns = image.header_ns if has_stamps else image.receipt_ns
        yield Frame(image.image_bgr, stamp_ns, 0)
