"""The launch file, where ROS 2's launch packages are installed."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('launch_ros', reason='launch_ros is not installed (it is in any ROS 2)')

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.utilities import perform_substitutions
from launch_ros.actions import Node

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'pose.launch.py'
ARGUMENTS = {
    'namespace',
    'params_file',
    'use_sim_time',
    'image_topic',
    'camera_info_topic',
    'imu_topic',
    'image_transport',
    'device',
    'autostart',
    'rviz',
    'record',
    'bag',
    'person_id_prefix',
    'respawn',
    'publish_tf',
    'robot_state_publisher',
    'log_level',
}


@pytest.fixture(scope='module')
def launch_file():
    spec = importlib.util.spec_from_file_location('pose_launch', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared(description):
    return {e.name: e for e in description.entities if isinstance(e, DeclareLaunchArgument)}


def started(launch_file, **values):
    """Run the launch file's decisions without starting anything; give what would be started."""
    context = LaunchContext()
    for name, argument in declared(launch_file.generate_launch_description()).items():
        default = perform_substitutions(context, argument.default_value)
        context.launch_configurations[name] = values.get(name, default)
    return context, launch_file.start(context)


def executables(actions):
    return [action.node_executable for action in actions if isinstance(action, Node)]


def test_every_argument_is_described(launch_file):
    arguments = declared(launch_file.generate_launch_description())
    assert set(arguments) == ARGUMENTS
    assert all(len(argument.description) > 10 for argument in arguments.values())


def test_only_the_node_starts_by_default(launch_file):
    _, actions = started(launch_file)
    assert executables(actions) == ['pose_node']


def test_companions_start_on_request(launch_file, monkeypatch):
    wanted = dict.fromkeys(('rviz', 'robot_state_publisher', 'record'), 'true')
    monkeypatch.setattr(launch_file, 'is_installed', lambda package: not package.startswith('ros'))
    _, actions = started(launch_file, **wanted)
    assert executables(actions) == ['pose_node', 'robot_state_publisher', 'rviz2', 'recorder']


def test_rosbag2_records_persons_who_come_later(launch_file, monkeypatch):
    monkeypatch.setattr(launch_file, 'is_installed', lambda package: True)
    context, actions = started(launch_file, record='true', namespace='left')
    words = [perform_substitutions(context, word) for word in actions[-1].cmd]
    pattern = words[words.index('--regex') + 1]
    for topic in ('/left/persons/left_person_7/joint_states', '/tf', '/left/camera_info'):
        assert re.match(pattern, topic)
    assert not re.match(pattern, '/joint_states')


@pytest.mark.parametrize(
    ('values', 'complaint'),
    [
        ({'rviz': 'true'}, 'rviz:=true needs the package rviz2.*apt install ros-.*-rviz2'),
        ({'robot_state_publisher': 'true'}, 'apt install ros-.*-robot-state-publisher'),
        ({'publish_hri': 'true'}, 'publish_hri:=true needs the package hri_msgs'),
        ({'device': 'gpu'}, 'device'),
        ({'person_id_prefix': 'a b'}, 'person_id_prefix'),
        ({'params_file': '/none.yaml'}, '/none.yaml cannot be read'),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(launch_file, values, complaint):
    with pytest.raises((RuntimeError, ValueError), match=complaint):
        started(launch_file, **values)


def test_a_bag_is_not_recorded_into_an_existing_folder(launch_file, tmp_path):
    (tmp_path / 'old').touch()
    with pytest.raises(RuntimeError, match='exists already; choose another one with bag:='):
        started(launch_file, record='true', bag=str(tmp_path))


@pytest.mark.parametrize(
    ('image_topic', 'expected'),
    [
        ('image', 'camera_info'),
        ('/cam/image_raw', '/cam/camera_info'),
        ('/cam/image_raw/compressed', '/cam/camera_info'),
    ],
)
def test_calibration_topic_lies_beside_the_image_topic(launch_file, image_topic, expected):
    values = {'image_topic': image_topic, 'camera_info_topic': ''}
    assert launch_file.camera_info_topic(values.__getitem__) == expected
    values['camera_info_topic'] = '/elsewhere'
    assert launch_file.camera_info_topic(values.__getitem__) == '/elsewhere'


@pytest.mark.parametrize(
    ('topic', 'namespace', 'expected'),
    [('markers', '', '/markers'), ('markers', '/a/', '/a/markers'), ('/tf', 'a', '/tf')],
)
def test_recorded_topics_are_absolute(launch_file, topic, namespace, expected):
    assert launch_file.absolute(topic, namespace) == expected


def test_profile_is_set_unless_the_user_has_chosen(launch_file, monkeypatch):
    def variables():
        entities = launch_file.generate_launch_description().entities
        return [
            perform_substitutions(LaunchContext(), entity.name)
            for entity in entities
            if isinstance(entity, SetEnvironmentVariable)
        ]

    for name in list(os.environ):
        if name.startswith(('FASTDDS_', 'FASTRTPS_')):
            monkeypatch.delenv(name)
    assert len(variables()) == 1
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'LARGE_DATA')
    assert variables() == []


def test_node_starts_in_its_namespace_and_stops_clean(launch_file, tmp_path):
    """Launch for real; the node needs no networks to come up unconfigured."""
    code = (
        'import sys\n'
        'from launch import LaunchDescription, LaunchService\n'
        'from launch.actions import IncludeLaunchDescription, TimerAction, Shutdown\n'
        'from launch.launch_description_sources import PythonLaunchDescriptionSource\n'
        f'source = PythonLaunchDescriptionSource({str(LAUNCH_FILE)!r})\n'
        "arguments = {'namespace': 'launched', 'autostart': 'false'}.items()\n"
        'service = LaunchService()\n'
        'service.include_launch_description(LaunchDescription([\n'
        '    IncludeLaunchDescription(source, launch_arguments=arguments),\n'
        '    TimerAction(period=20.0, actions=[Shutdown()]),\n'
        ']))\n'
        'sys.exit(service.run())\n'
    )
    environment = {'AMENT_PREFIX_PATH': sys.prefix, **os.environ, 'ROS_LOG_DIR': str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, '-c', code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output, _ = process.communicate(timeout=240.0)
    assert 'process has finished cleanly' in output, output
    assert 'Traceback' not in output
