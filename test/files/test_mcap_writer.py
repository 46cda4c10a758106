import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from biopose_ros.files.mcap_writer import McapWriter, TopicQos

TYPE = 'some_msgs/msg/Angles'
DEFINITION = (
    f'some_msgs/Label label\nfloat64[] position\n{"=" * 80}\nMSG: some_msgs/Label\nstring text\n'
)


@pytest.fixture
def serialise():
    store = get_typestore(Stores.EMPTY)
    store.register(get_types_from_msg(DEFINITION, TYPE))
    label = store.types['some_msgs/msg/Label']

    def _serialise(*position):
        message = store.types[TYPE](label=label(text='hip'), position=np.array(position))
        return bytes(store.serialize_cdr(message, TYPE))

    return _serialise


@pytest.fixture
def bag(tmp_path, serialise):
    with McapWriter(tmp_path / 'bag') as writer:
        for second in range(3):
            stamp_ns = 1_700_000_000_000_000_000 + second * 1_000_000_000
            writer.write('/angles', TYPE, DEFINITION, serialise(second, 0.5), stamp_ns)
        writer.write(
            '/model',
            TYPE,
            DEFINITION,
            serialise(9.0),
            stamp_ns,
            TopicQos(is_latched=True, depth=1),
        )
        assert writer.message_count == 4
    return tmp_path / 'bag'


@pytest.mark.parametrize('name', ['', 'bag_0.mcap'])
def test_rosbags_reads_folder_and_file(bag, name):
    with AnyReader([bag / name]) as reader:
        rows = [
            (connection.topic, stamp_ns, reader.deserialize(raw, connection.msgtype))
            for connection, stamp_ns, raw in reader.messages()
        ]
        qos = {c.topic: c.ext.offered_qos_profiles[0] for c in reader.connections}
    assert [topic for topic, _, _ in rows] == ['/angles'] * 3 + ['/model']
    assert [row.position.tolist() for _, _, row in rows] == [[0, 0.5], [1, 0.5], [2, 0.5], [9]]
    assert rows[1][1] == 1_700_000_001_000_000_000
    assert rows[0][2].label.text == 'hip'
    assert qos['/angles'].durability.name == 'VOLATILE'
    assert qos['/model'].durability.name == 'TRANSIENT_LOCAL'
    assert qos['/model'].reliability.name == 'RELIABLE'


def test_metadata_tells_what_is_inside(bag):
    text = (bag / 'metadata.yaml').read_text()
    assert '&' not in text  # no YAML anchors: rosbag2 need not follow them
    information = yaml.safe_load(text)['rosbag2_bagfile_information']
    assert information['version'] == 5
    assert information['relative_file_paths'] == ['bag_0.mcap']
    assert information['duration']['nanoseconds'] == 2_000_000_000
    assert information['message_count'] == 4
    counts = {
        topic['topic_metadata']['name']: topic['message_count']
        for topic in information['topics_with_message_count']
    }
    assert counts == {'/angles': 3, '/model': 1}


def test_a_simulated_clock_may_start_at_zero(tmp_path, serialise):
    with McapWriter(tmp_path / 'bag') as writer:
        for second in range(3):
            writer.write('/angles', TYPE, DEFINITION, serialise(1.0), second * 1_000_000_000)
    text = (tmp_path / 'bag' / 'metadata.yaml').read_text()
    information = yaml.safe_load(text)['rosbag2_bagfile_information']
    assert information['starting_time']['nanoseconds_since_epoch'] == 0
    assert information['duration']['nanoseconds'] == 2_000_000_000


def test_an_empty_bag_is_whole(tmp_path):
    McapWriter(tmp_path / 'bag').close()
    with AnyReader([tmp_path / 'bag' / 'bag_0.mcap']) as reader:
        assert reader.message_count == 0


def test_closing_twice_is_harmless(tmp_path):
    writer = McapWriter(tmp_path / 'bag')
    writer.close()
    once = (tmp_path / 'bag' / 'bag_0.mcap').read_bytes()
    writer.close()
    assert (tmp_path / 'bag' / 'bag_0.mcap').read_bytes() == once


def test_old_bags_are_not_overwritten(bag):
    with pytest.raises(FileExistsError, match='give the bag another name'):
        McapWriter(bag)


def test_one_topic_one_type(tmp_path, serialise):
    with McapWriter(tmp_path / 'bag') as writer:
        writer.write('/angles', TYPE, DEFINITION, serialise(1.0), 1)
        with pytest.raises(ValueError, match='/angles carries some_msgs/msg/Angles, a other'):
            writer.write('/angles', 'other_msgs/msg/B', DEFINITION, serialise(1.0), 2)
