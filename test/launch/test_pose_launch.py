"""The launch file, where ROS 2's launch packages are installed."""

import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('launch_ros', reason='launch_ros is not installed (it is in any ROS 2)')

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.utilities import perform_substitutions
from launch_ros.actions import Node

from biopose_ros.ros.interrupts import ends_with_parent

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
    'publish_hri',
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


def launched(tmp_path, arguments, end_s, **environment):
    """Start the launch file as `ros2 launch` does: in the main thread of a process of its own."""
    code = (
        'import sys\n'
        'from launch import LaunchDescription, LaunchService\n'
        'from launch.actions import IncludeLaunchDescription, TimerAction, Shutdown\n'
        'from launch.launch_description_sources import PythonLaunchDescriptionSource\n'
        f'source = PythonLaunchDescriptionSource({str(LAUNCH_FILE)!r})\n'
        'service = LaunchService()\n'
        'service.include_launch_description(LaunchDescription([\n'
        f'    IncludeLaunchDescription(source, launch_arguments={arguments!r}.items()),\n'
        f'    TimerAction(period={end_s}, actions=[Shutdown()]),\n'
        ']))\n'
        'sys.exit(service.run())\n'
    )
    return subprocess.Popen(
        [sys.executable, '-c', code],
        env={
            'AMENT_PREFIX_PATH': sys.prefix,
            **os.environ,
            'ROS_LOG_DIR': str(tmp_path),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_node_starts_in_its_namespace_and_stops_clean(tmp_path):
    """Launch for real; the node needs no networks to come up unconfigured."""
    process = launched(tmp_path, {'namespace': 'launched', 'autostart': 'false'}, 20.0)
    output, _ = process.communicate(timeout=240.0)
    assert '[pose_node-1]: process has finished cleanly' in output, output
    assert 'Traceback' not in output


def install_stand_ins(folder, names):
    """Install packages of one executable each, which only stays."""
    for name in names:
        index = folder / 'share/ament_index/resource_index/packages' / name
        executable = folder / 'lib' / name / name
        for path in (index, executable, folder / 'share' / name / 'package.xml'):
            path.parent.mkdir(parents=True, exist_ok=True)
        index.touch()
        executable.write_text('#!/bin/sh\nexec sleep 600\n')
        executable.chmod(0o755)


def command_of(pid):
    """:returns: the words; none where the process has ended."""
    try:
        return Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def wait_until(is_so, within_s=60.0):
    deadline_s = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline_s:
        time.sleep(0.1)


@pytest.mark.skipif(not ends_with_parent(), reason='Linux alone tells of it')
def test_nothing_outlives_a_launch_that_gets_sigterm(tmp_path):
    companions = ('robot_state_publisher', 'rviz2')
    install_stand_ins(tmp_path, companions)
    prefixes = os.environ.get('AMENT_PREFIX_PATH', sys.prefix)
    arguments = {'autostart': 'false', 'rviz': 'true', 'robot_state_publisher': 'true'}
    process = launched(
        tmp_path, arguments, 600.0, AMENT_PREFIX_PATH=f'{tmp_path}{os.pathsep}{prefixes}'
    )
    pids = {}
    while len(pids) < 3 and (line := process.stdout.readline()):
        if found := re.search(r'\[(\w+)-\d\]: process started with pid \[(\d+)\]', line):
            pids[found[1]] = int(found[2])
    assert list(pids) == ['pose_node', *companions]
    wait_until(lambda: all(command_of(pid)[:1] not in ([], [b'setpriv']) for pid in pids.values()))
    process.terminate()
    process.wait(60.0)
    wait_until(lambda: not any(map(command_of, pids.values())))
    assert not any(map(command_of, pids.values()))
