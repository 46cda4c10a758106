"""Bags hold their definitions, so that anybody reads them without this package."""

import json
import subprocess
import sys

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from ros_graph import ONE, NodeProcess
from std_msgs.msg import Bool, String

from biopose_ros.files.message_definitions import definition_text
from biopose_ros.ros.recorder import Recorder

OF_PERSONS = ('joint_states', 'robot_description')
PLAIN = ('joint_angles', 'subject_model', 'tracked_persons')
TOPICS = (*PLAIN, *(f'persons/*/{name}' for name in OF_PERSONS))
# Our package is made impossible to import: whoever reads the bag does not have it.
FOREIGN = """
import json, sys
sys.modules['biopose_ros'] = None
path = sys.argv[1]
"""
READ_WITH_ROSBAGS = (
    FOREIGN
    + """
from pathlib import Path
from rosbags.highlevel import AnyReader
found = {}
with AnyReader([Path(path)]) as reader:
    for connection, stamp_ns, data in reader.messages():
        message = reader.deserialize(data, connection.msgtype)
        topic = found.setdefault(connection.topic.rsplit('/')[-1], [connection.msgtype, 0])
        topic[1] += 1
        if topic[0].endswith('JointAngleArray'):
            found['knee'] = float(message.position[list(message.name).index('knee_angle_r')])
print(json.dumps(found))
"""
)
READ_WITH_MCAP = (
    FOREIGN
    + """
from mcap_ros2.reader import read_ros2_messages
found = {}
for item in read_ros2_messages(path):
    topic = found.setdefault(item.channel.topic.rsplit('/')[-1], [item.schema.name, 0])
    topic[1] += 1
    if item.schema.name.endswith('JointAngleArray'):
        message = item.ros_msg
        found['knee'] = float(message.position[list(message.name).index('knee_angle_r')])
print(json.dumps(found))
"""
)


@pytest.fixture(scope='module')
def recording(active_node, shared_probe, tmp_path_factory):
    """A bag of some seconds of the active node, and the last message that went into it."""
    probe = shared_probe
    probe.begin()
    folder = tmp_path_factory.mktemp('record') / 'bag'
    node = rclpy.create_node(
        'recorder_test', context=probe.node.context, namespace=active_node.namespace
    )
    executor = SingleThreadedExecutor(context=probe.node.context)
    executor.add_node(node)
    recorder = Recorder(node, folder, TOPICS)

    def show():
        probe.show(ONE)
        for _ in range(10):
            executor.spin_once(timeout_sec=0.002)

    topics = [name.replace('*', 'left_person_1') for name in TOPICS]
    probe.wait_for(lambda: subscribes(probe, 'recorder_test', topics), step=show)
    enough = recorder.message_count + 60
    probe.wait_for(lambda: recorder.message_count > enough, step=show)
    recorder.close()
    executor.shutdown()
    node.destroy_node()
    return recorder, probe.received['joint_angles'][-1]


def subscribes(probe, name, topics):
    """Whether a node of this name has subscribed to all of them."""
    absolute = map(probe.node.resolve_topic_name, topics)
    ends = map(probe.node.get_subscriptions_info_by_topic, absolute)
    return all(any(end.node_name == name for end in of_topic) for of_topic in ends)


def read(code, path):
    command = [sys.executable, '-c', code, str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ('code', 'place'), [(READ_WITH_ROSBAGS, 'folder'), (READ_WITH_MCAP, 'file')]
)
def test_others_read_the_bag_without_this_package(recording, code, place):
    recorder, last = recording
    found = read(code, recorder.path.parent if place == 'folder' else recorder.path)
    knee = found.pop('knee')
    assert knee == pytest.approx(last.position[last.name.index('knee_angle_r')])
    assert set(found) == {*PLAIN, *OF_PERSONS}
    assert found['joint_angles'][0] == 'biopose_ros/msg/JointAngleArray'
    assert found['joint_angles'][1] > 5
    assert sum(count for _, count in found.values()) == recorder.message_count


def test_a_topic_of_an_unknown_type_costs_itself_only(shared_probe, tmp_path, monkeypatch):
    def only_bool(type_name):
        if type_name != 'std_msgs/msg/Bool':
            raise LookupError(f'the definition of {type_name} is not installed')
        return definition_text(type_name)

    monkeypatch.setattr('biopose_ros.ros.recorder.definition_text', only_bool)
    node = shared_probe.node
    publishers = [
        node.create_publisher(kind, topic, 10) for kind, topic in ((Bool, 'kept'), (String, 'odd'))
    ]
    recorder = Recorder(node, tmp_path / 'bag', ('kept', 'odd'))
    try:
        shared_probe.wait_for(
            lambda: recorder.message_count, step=lambda: publishers[0].publish(Bool())
        )
    finally:
        recorder.close()
        for publisher in publishers:
            node.destroy_publisher(publisher)
    found = read(READ_WITH_MCAP, recorder.path)
    assert [*found] == ['kept']


def test_a_recorder_interrupted_twice_leaves_a_whole_bag(active_node, shared_probe, tmp_path):
    """Ctrl-C on a launch: once from the terminal, once from the launch."""
    folder = tmp_path / 'bag'
    code = 'import sys; from biopose_ros.ros.recorder import main; sys.exit(main(sys.argv))'
    process = NodeProcess(
        tmp_path / 'log.txt',
        *('-r', f'__ns:={active_node.namespace}', '-p', f'bag:={folder}'),
        command=[sys.executable, '-c', code],
    )
    try:
        shared_probe.show_until(
            ONE, lambda: subscribes(shared_probe, 'recorder', ['joint_angles'])
        )
        for _ in range(10):
            shared_probe.result_of(ONE)
        process.send_interrupt()
        shared_probe.spin(0.002)
        assert process.interrupt() == 0, process.log
    finally:
        process.close()
    assert 'Traceback' not in process.log
    found = read(READ_WITH_ROSBAGS, folder)
    assert found['joint_angles'][1] > 0
