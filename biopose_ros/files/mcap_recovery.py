"""Bags whose recording was cut short: what is whole in them becomes a readable bag."""

from __future__ import annotations

import struct
from pathlib import Path

from mcap.exceptions import McapError
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import Writer


def recover_mcap(path: Path, target: Path) -> int:
    """
    Copy all messages before the place where a file breaks off.

    :param path: an MCAP file without its end.
    :param target: file to write.
    :returns: number of messages.
    :raises ValueError: where there is none.
    """
    count = 0
    schemas: dict[int, int] = {}
    channels: dict[int, int] = {}
    with path.open('rb') as source, target.open('wb') as stream:
        writer = Writer(stream)
        writer.start(profile='ros2', library='biopose_ros')
        try:
            for record in StreamReader(source, emit_chunks=False).records:
                if isinstance(record, Schema):
                    schemas[record.id] = writer.register_schema(
                        record.name, record.encoding, record.data
                    )
                elif isinstance(record, Channel):
                    channels[record.id] = writer.register_channel(
                        record.topic,
                        record.message_encoding,
                        schemas.get(record.schema_id, 0),
                        record.metadata,
                    )
                elif isinstance(record, Message):
                    writer.add_message(
                        channels[record.channel_id],
                        record.log_time,
                        record.data,
                        record.publish_time,
                        record.sequence,
                    )
                    count += 1
        except (McapError, ValueError, KeyError, struct.error):
            pass  # here it breaks off
        writer.finish()
    if count == 0:
        raise ValueError('no whole message in it')
    return count
