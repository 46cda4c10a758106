"""The users' way: a colcon build into a workspace."""

import math
import os
import subprocess
import sys

import pytest

pytest.importorskip('colcon_core', reason='colcon is not installed')


@pytest.fixture(scope='module')
def environment():
    """What a shell has that sourced ROS 2: the wheels do not set these themselves."""
    prefix = os.environ.get('AMENT_PREFIX_PATH', sys.prefix)
    return {
        **os.environ,
        'AMENT_PREFIX_PATH': prefix,
        'CMAKE_PREFIX_PATH': prefix,
        'PATH': f'{sys.prefix}/bin:{os.environ["PATH"]}',
    }


@pytest.fixture(scope='module')
def workspace(source_tree, environment):
    workspace = source_tree.parents[1]
    subprocess.run(
        [sys.executable, '-m', 'colcon', 'build'],
        cwd=workspace,
        env=environment,
        check=True,
    )
    return workspace


def sourced(workspace, *command):
    """A command in a shell that sourced the workspace."""
    setup = workspace / 'install' / 'setup.bash'
    return ['bash', '-c', f'source {setup} && exec "$@"', 'bash', *map(str, command)]


@pytest.mark.parametrize('place', ['inside the checkout', 'outside'])
def test_message_travels_between_processes(exchange, workspace, environment, tmp_path, place):
    source = workspace / 'src' / 'biopose_ros'
    prefix = workspace / 'install' / 'biopose_ros'
    inside = place == 'inside the checkout'

    python = sourced(workspace, sys.executable)
    got = exchange(python, source if inside else tmp_path, environment)

    frame_id, person_id, *angles = got['messages'][0]
    assert (frame_id, person_id) == ('camera', 'person_1')
    assert angles[:3] == ['knee_angle_r', 'elbow_flex_r', 0.5]
    assert math.isnan(angles[3])
    assert got['package'].startswith(str(source if inside else prefix))
    assert got['generated'].startswith(str(prefix))


def test_files_are_where_ros_looks_for_them(workspace):
    prefix = workspace / 'install' / 'biopose_ros'
    for relative in (
        'lib/biopose_ros/pose_node',
        'bin/biopose',
        'share/biopose_ros/package.xml',
        'share/biopose_ros/launch/pose.launch.py',
        'share/biopose_ros/config/pose.yaml',
        'share/biopose_ros/weights',
        'share/biopose_ros/msg/JointAngleArray.msg',
        'share/ament_index/resource_index/packages/biopose_ros',
    ):
        assert (prefix / relative).exists(), relative
    assert os.access(prefix / 'lib/biopose_ros/pose_node', os.X_OK)


def test_command_line_runs_from_the_workspace(workspace, environment, tmp_path):
    command = sourced(workspace, 'biopose', '--help')
    output = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    assert 'Joint angles of an OpenSim skeleton' in output


def test_node_starts_as_ros2_run_starts_it(names_of_nodes, workspace, environment, tmp_path):
    executable = workspace / 'install/biopose_ros/lib/biopose_ros/pose_node'
    start = sourced(workspace, executable, '--ros-args', '-p', 'autostart:=false')
    python = sourced(workspace, sys.executable)
    assert 'pose_node' in names_of_nodes(python, start, tmp_path, environment)
