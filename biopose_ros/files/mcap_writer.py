"""Bags in MCAP with the message definitions inside, in the folder layout of rosbag2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import Writer

from biopose_ros.files.closing import Closing

# The layout of Humble: every later rosbag2 reads it, while Humble refuses the later ones.
METADATA_VERSION = 5
# Values of the rmw enumerations; see rmw/types.h.
RMW_RELIABLE, RMW_BEST_EFFORT = 1, 2
RMW_TRANSIENT_LOCAL, RMW_VOLATILE = 1, 2
RMW_KEEP_LAST = 1
FOREVER: Mapping[str, int] = {'sec': 9223372036, 'nsec': 854775807}


@dataclass(frozen=True)
class TopicQos:
    """
    What ``ros2 bag play`` should offer on a topic.

    :param is_reliable: else best effort.
    :param is_latched: transient local: late subscribers get the last message.
    :param depth: queue length.
    """

    is_reliable: bool = True
    is_latched: bool = False
    depth: int = 10

    def profiles(self) -> str:
        """Write the profile as rosbag2 stores it."""
        profile = {
            'history': RMW_KEEP_LAST,
            'depth': self.depth,
            'reliability': RMW_RELIABLE if self.is_reliable else RMW_BEST_EFFORT,
            'durability': RMW_TRANSIENT_LOCAL if self.is_latched else RMW_VOLATILE,
            'deadline': dict(FOREVER),
            'lifespan': dict(FOREVER),
            'liveliness': 1,
            'liveliness_lease_duration': dict(FOREVER),
            'avoid_ros_namespace_conventions': False,
        }
        return yaml.safe_dump([profile], sort_keys=False)


@dataclass
class _Topic:
    channel_id: int
    type_name: str
    qos: TopicQos
    count: int = 0


class McapWriter(Closing):
    """
    Write a bag that ``ros2 bag play``, Foxglove, ``mcap`` and ``rosbags`` read without us.

    The MCAP file grows in whole chunks, so that a crash costs the last seconds only; the folder's
    ``metadata.yaml`` is written on closing.

    :param folder: the bag; made here.
    :raises FileExistsError: when the folder exists and is not empty.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise FileExistsError(f'{self.folder} exists already; give the bag another name')
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / f'{self.folder.name}_0.mcap'
        self._file = self.path.open('wb')
        self._writer = Writer(self._file)
        self._writer.start(profile='ros2', library='biopose_ros')
        self._schemas: dict[str, int] = {}
        self._topics: dict[str, _Topic] = {}
        self._first_ns: int | None = None
        self._last_ns = 0

    def write(
        self,
        topic: str,
        type_name: str,
        definition_text: str,
        serialized_cdr_bytes: bytes,
        stamp_ns: int,
        qos: TopicQos | None = None,
    ) -> None:
        """
        Append a message.

        :param topic: absolute name, for example ``/joint_angles``.
        :param type_name: for example ``biopose_ros/msg/JointAngleArray``.
        :param definition_text: see :func:`biopose_ros.files.message_definitions.definition_text`;
            read at the first message of a type.
        :param serialized_cdr_bytes: with the four bytes of encapsulation, as raw subscriptions
            and ``rclpy.serialization.serialize_message`` give them.
        :param stamp_ns: time of receipt, nanoseconds since the epoch.
        :param qos: read at the first message of a topic; default reliable, volatile.
        :raises ValueError: when the topic carried another type before.
        """
        known = self._topics.get(topic) or self._add_topic(
            topic, type_name, definition_text, qos or TopicQos()
        )
        if known.type_name != type_name:
            raise ValueError(
                f'{topic} carries {known.type_name}, a {type_name} cannot be recorded on it'
            )
        self._writer.add_message(
            known.channel_id, stamp_ns, serialized_cdr_bytes, stamp_ns, known.count
        )
        known.count += 1
        self._first_ns = stamp_ns if self._first_ns is None else min(stamp_ns, self._first_ns)
        self._last_ns = max(stamp_ns, self._last_ns)

    @property
    def message_count(self) -> int:
        """Messages written so far."""
        return sum(topic.count for topic in self._topics.values())

    def close(self) -> None:
        """Finish the file and write ``metadata.yaml``; a second call does nothing."""
        if self._file.closed:
            return
        self._writer.finish()
        self._file.close()
        text = yaml.safe_dump({'rosbag2_bagfile_information': self._metadata()}, sort_keys=False)
        (self.folder / 'metadata.yaml').write_text(text)

    def _add_topic(self, topic: str, type_name: str, text: str, qos: TopicQos) -> _Topic:
        if type_name not in self._schemas:
            self._schemas[type_name] = self._writer.register_schema(
                type_name, SchemaEncoding.ROS2, text.encode()
            )
        channel_id = self._writer.register_channel(
            topic,
            MessageEncoding.CDR,
            self._schemas[type_name],
            {'offered_qos_profiles': qos.profiles()},
        )
        self._topics[topic] = _Topic(channel_id, type_name, qos)
        return self._topics[topic]

    def _metadata(self) -> dict[str, Any]:
        return {
            'version': METADATA_VERSION,
            'storage_identifier': 'mcap',
            **self._span(),
            'topics_with_message_count': [
                _topic_metadata(name, topic) for name, topic in self._topics.items()
            ],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [self.path.name],
            'files': [{'path': self.path.name, **self._span()}],
        }

    def _span(self) -> dict[str, Any]:
        start_ns = self._first_ns or 0
        return {
            'duration': {'nanoseconds': self._last_ns - start_ns},
            'starting_time': {'nanoseconds_since_epoch': start_ns},
            'message_count': self.message_count,
        }


def _topic_metadata(name: str, topic: _Topic) -> dict[str, Any]:
    return {
        'topic_metadata': {
            'name': name,
            'type': topic.type_name,
            'serialization_format': 'cdr',
            'offered_qos_profiles': topic.qos.profiles(),
        },
        'message_count': topic.count,
    }
