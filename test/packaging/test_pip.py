"""The plain Python way: a wheel, installed by pip into an environment of its own."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytest.importorskip('rosidl_generator_py', reason='the ROS 2 wheels are not installed')


ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """A wheel of the checkout; its messages are built once, by this or by ``make venv``."""
    folder = tmp_path_factory.mktemp('wheel')
    words = ['wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', folder, ROOT]
    subprocess.run([sys.executable, '-m', 'pip', *words], check=True)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope='module')
def prefix(wheel, tmp_path_factory):
    """An environment that borrows every dependency from ours, and holds only biopose_ros."""
    prefix = tmp_path_factory.mktemp('environment')
    venv.create(prefix, symlinks=True)
    site_packages = sysconfig.get_path('purelib')
    own = sysconfig.get_path('purelib', vars={'base': str(prefix)})
    with open(os.path.join(own, 'borrowed.pth'), 'w') as file:
        file.write(f'import site; site.addsitedir({site_packages!r})\n')
    # Else pip finds ours among what is borrowed, and leaves it at that.
    pip(prefix, 'install', '--no-deps', '--ignore-installed', wheel)
    return prefix


def environment(prefix):
    """Our libraries lead; the borrowed ones lie where our own process finds them."""
    libraries = os.environ.get('LD_LIBRARY_PATH', '')
    return {**os.environ, 'LD_LIBRARY_PATH': f'{prefix}/lib:{libraries}'}


def pip(prefix, *words):
    command = [prefix / 'bin' / 'python', '-m', 'pip', '--disable-pip-version-check', *words]
    return subprocess.run(command, env=environment(prefix), check=True)


@pytest.mark.parametrize('place', ['inside the checkout', 'outside'])
def test_message_travels_between_processes(exchange, prefix, source_tree, tmp_path, place):
    inside = place == 'inside the checkout'
    python = [str(prefix / 'bin' / 'python')]

    got = exchange(python, source_tree if inside else tmp_path, environment(prefix))

    assert got['messages'][0][:4] == ['camera', 'person_1', 'knee_angle_r', 'elbow_flex_r']
    assert got['package'].startswith(str(source_tree if inside else prefix))
    assert got['generated'].startswith(str(prefix))
    assert got['libraries']
    assert all(path.startswith(str(prefix)) for path in got['libraries'])


def test_generated_transform_message_has_the_real_name(prefix, tmp_path):
    code = (
        'from tf2_msgs.msg import TFMessage; import tf2_msgs; '
        'print(tf2_msgs.__file__, TFMessage.__module__, TFMessage().get_fields_and_field_types())'
    )
    output = subprocess.check_output(
        [prefix / 'bin' / 'python', '-c', code],
        cwd=tmp_path,
        env=environment(prefix),
        text=True,
    )
    assert output.startswith(str(prefix))
    assert "{'transforms': 'sequence<geometry_msgs/TransformStamped>'}" in output


def test_files_are_where_ros_looks_for_them(prefix):
    for relative in (
        'bin/biopose',
        'lib/biopose_ros/pose_node',
        'lib/libbiopose_ros__rosidl_typesupport_c.so',
        'share/biopose_ros/package.xml',
        'share/biopose_ros/launch/pose.launch.py',
        'share/biopose_ros/config/pose.yaml',
        'share/biopose_ros/msg/JointAngleArray.msg',
        'share/ament_index/resource_index/packages/biopose_ros',
        'share/ament_index/resource_index/packages/tf2_msgs',
    ):
        assert (prefix / relative).exists(), relative


def test_node_starts_as_ros2_run_starts_it(names_of_nodes, prefix, tmp_path):
    start = [prefix / 'lib/biopose_ros/pose_node', '--ros-args', '-p', 'autostart:=false']
    python = [prefix / 'bin' / 'python']
    assert 'pose_node' in names_of_nodes(python, start, tmp_path, environment(prefix))


def test_uninstall_takes_every_file_away(prefix):
    # Last in this file: the tests above need what it removes.
    pip(prefix, 'uninstall', '--yes', 'biopose_ros')
    left = [path for path in prefix.rglob('*') if path.is_file()]
    assert not [path for path in left if 'biopose' in str(path.relative_to(prefix))]
    assert not [path for path in left if 'tf2_msgs' in str(path.relative_to(prefix))]
