"""Pictures and intrinsics from a ROS bag, without ROS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from biopose_ros.files.frames import (
    NANOSECONDS,
    Frame,
    FrameSource,
    ImageArray,
    SourceError,
    strictly_increasing,
)
from biopose_ros.records import Camera
from biopose_ros.sensor_messages.camera_info import CalibrationError, camera_from_info
from biopose_ros.sensor_messages.images import ImageError, decode_compressed, decode_image

DECODERS: dict[str, Callable[[Any], ImageArray]] = {
    'sensor_msgs/msg/Image': decode_image,
    'sensor_msgs/msg/CompressedImage': decode_compressed,
}
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'


def open_bag(path: Path, topic: str | None = None) -> FrameSource:
    """
    Open the pictures of a bag; stamps are those of the image headers.

    :param path: a ``.mcap``, ``.db3`` or ROS 1 ``.bag`` file, or a bag's folder.
    :param topic: the image topic, needed where the bag holds several.
    :returns: the source, with the camera where the bag holds its CameraInfo.
    :raises SourceError: when the bag or topic cannot be read.
    """
    with _reader(path) as reader:
        topic = _image_topic(reader, topic, path)
        count = reader.topics[topic].msgcount
        camera = _camera(reader, topic, path)
    return FrameSource(
        f'{path} {topic}',
        lambda: strictly_increasing(_frames(path, topic)),
        count,
        is_wall_clock=True,
        camera=camera,
    )


@contextmanager
def _reader(path: Path) -> Iterator[AnyReader]:
    """Open a bag; older ones carry no definitions, and get those of ROS 2 Humble."""
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
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


def _camera(reader: AnyReader, topic: str, path: Path) -> Camera | None:
    """Read the first CameraInfo beside the images, as image_transport names it."""
    name = _camera_name(topic).rpartition('/')[0] + '/camera_info'
    connections = [
        connection
        for connection in reader.connections
        if connection.msgtype == CAMERA_INFO and connection.topic == name
    ]
    for _, _, raw in reader.messages(connections) if connections else ():
        message: Any = reader.deserialize(raw, CAMERA_INFO)
        try:
            return camera_from_info(message)
        except CalibrationError as error:
            raise SourceError(f'{path}: {name}: {error}') from None
    return None


def _frames(path: Path, topic: str) -> Iterator[Frame]:
    """Decode one by one; a damaged picture costs itself only."""
    error: ImageError | None = None
    count = 0
    with _reader(path) as reader:
        for connection, receipt_ns, raw in reader.messages(reader.topics[topic].connections):
            message: Any = reader.deserialize(raw, connection.msgtype)
            try:
                image = DECODERS[connection.msgtype](message)
            except ImageError as image_error:
                error = image_error
                continue
            stamp = message.header.stamp
            yield Frame(image, stamp.sec * NANOSECONDS + stamp.nanosec or receipt_ns, count)
            count += 1
    if error is not None and count == 0:
        raise SourceError(f'{path}: no image on {topic} can be decoded: {error}')
