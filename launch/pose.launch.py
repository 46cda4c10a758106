"""
Start the pose node, and on request RViz, a robot_state_publisher and a recorder.

For example: ros2 launch biopose_ros pose.launch.py image_topic:=/camera/image_raw rviz:=true
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from biopose_ros.resources import resource_path
from biopose_ros.ros.dds_profile import large_image_environment
from biopose_ros.ros.interrupts import ends_with_parent
from biopose_ros.ros.topics import RESULT_TOPICS
from biopose_ros.settings import NodeConfig, build
from biopose_ros.settings.parameter_file import check_parameter_file

SHOWN_TOPICS = ('markers', 'debug_image')
SHOWN_PERSON = 'persons/person_1/robot_description'
BOOLEANS = ['true', 'false']
# A launch that gets SIGTERM leaves its processes alone: the kernel ends them.
WITH_LAUNCH = ends_with_parent()
# An empty value leaves a parameter as the parameter file has it.
AS_IN_FILE = ''


def arguments():
    yes_no_or_file = [*BOOLEANS, AS_IN_FILE]
    return [
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of all nodes and topics.'
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=str(resource_path('config/pose.yaml')),
            description='YAML file with the parameters of the node.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=BOOLEANS,
            description='Take the time from /clock (simulation, bags).',
        ),
        DeclareLaunchArgument(
            'image_topic',
            default_value='image',
            description='Raw image topic of the camera; compressed images lie below it.',
        ),
        DeclareLaunchArgument(
            'camera_info_topic',
            default_value='',
            description='Calibration topic; empty: camera_info beside the image topic.',
        ),
        DeclareLaunchArgument(
            'imu_topic', default_value='imu', description='Imu topic, for ground_from: imu.'
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value=AS_IN_FILE,
            choices=['raw', 'compressed', AS_IN_FILE],
            description='raw, or compressed (JPEG, for cameras on another machine); '
            'empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'device',
            default_value=AS_IN_FILE,
            description='auto, cpu, cuda or cuda:N; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value=AS_IN_FILE,
            choices=yes_no_or_file,
            description='Configure and activate at start; false leaves it to a lifecycle '
            'manager; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'rviz', default_value='false', choices=BOOLEANS, description='Start RViz.'
        ),
        DeclareLaunchArgument(
            'record',
            default_value='false',
            choices=BOOLEANS,
            description='Record all results into an MCAP bag.',
        ),
        DeclareLaunchArgument(
            'bag', default_value='biopose_bag', description='Folder of the bag to record.'
        ),
        DeclareLaunchArgument(
            'person_id_prefix',
            default_value=AS_IN_FILE,
            description='Put before person ids and the names of all frames; empty: as in '
            'params_file.',
        ),
        DeclareLaunchArgument(
            'respawn',
            default_value='false',
            choices=BOOLEANS,
            description='Start the node again, two seconds after it has died.',
        ),
        DeclareLaunchArgument(
            'publish_tf',
            default_value=AS_IN_FILE,
            choices=yes_no_or_file,
            description='Broadcast the segment frames; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'publish_hri',
            default_value=AS_IN_FILE,
            choices=yes_no_or_file,
            description='Publish persons as REP-155 (ROS4HRI) has them, too, below '
            '/humans/bodies; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'robot_state_publisher',
            default_value='false',
            choices=BOOLEANS,
            description='Start a robot_state_publisher for whoever is present for longest; the '
            'node then leaves the frames of that person to it.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='What the node logs.',
        ),
    ]


def start(context: LaunchContext):
    def value(name):
        return LaunchConfiguration(name).perform(context)

    def is_set(name):
        return value(name) == 'true'

    check_start(value, is_set)
    common = {
        'namespace': value('namespace'),
        'output': 'screen',
        'parameters': [{'use_sim_time': is_set('use_sim_time')}],
        # None leaves it to `ros2 launch --launch-prefix`.
        'prefix': None if context.launch_configurations.get('launch-prefix') else WITH_LAUNCH,
    }
    actions = [pose_node(value, is_set, common)]
    if is_set('robot_state_publisher'):
        actions.append(robot_state_publisher(common))
    if is_set('rviz'):
        actions.append(rviz(value, is_set, common))
    if is_set('record'):
        actions.append(recorder(value, common))
    return actions


def check_start(value, is_set):
    """Refuse what cannot work before anything runs: a launch that fails halfway leaves nodes."""
    needs = {
        'rviz': 'rviz2',
        'robot_state_publisher': 'robot_state_publisher',
        'publish_hri': 'hri_msgs',
    }
    for argument, package in needs.items():
        if is_set(argument) and not is_installed(package):
            name = package.replace('_', '-')
            raise RuntimeError(
                f'{argument}:=true needs the package {package}, which is not installed: '
                f'apt install ros-$ROS_DISTRO-{name}'
            )
    bag = Path(value('bag'))
    if is_set('record') and bag.exists() and any(bag.iterdir()):
        raise RuntimeError(f'record:=true: {bag} exists already; choose another one with bag:=')
    check_parameter_file(Path(value('params_file')), absolute('pose_node', value('namespace')))
    given = {name: value(name) for name in ('device', 'person_id_prefix') if value(name)}
    build(NodeConfig, given)


def pose_node(value, is_set, common):
    texts = ('image_transport', 'device', 'person_id_prefix')
    overrides = {name: value(name) for name in texts if value(name)}
    switches = ('autostart', 'publish_tf', 'publish_hri')
    overrides |= {name: is_set(name) for name in switches if value(name)}
    overrides['robot_state_publisher'] = is_set('robot_state_publisher')
    return Node(
        package='biopose_ros',
        executable='pose_node',
        exec_name='pose_node',
        name='pose_node',
        **{**common, 'parameters': [value('params_file'), *common['parameters'], overrides]},
        remappings=[
            ('image', value('image_topic')),
            ('camera_info', camera_info_topic(value)),
            ('imu', value('imu_topic')),
        ],
        arguments=['--ros-args', '--log-level', f'pose_node:={value("log_level")}'],
        respawn=is_set('respawn'),
        respawn_delay=2.0,
    )


def camera_info_topic(value):
    folder, slash, _ = value('image_topic').removesuffix('/compressed').rpartition('/')
    return value('camera_info_topic') or f'{folder}{slash}camera_info'


def robot_state_publisher(common):
    # Heavy, and needed for this alone. The node sends the model of whoever comes.
    from biopose_ros.skeleton import load_skeleton, write_urdf

    urdf = write_urdf(load_skeleton(), prefix='person_1/')
    description = {'robot_description': ParameterValue(urdf, value_type=str)}
    return Node(
        package='robot_state_publisher',
        executable='robot_state_publisher',
        exec_name='robot_state_publisher',
        name='robot_state_publisher',
        **{**common, 'parameters': [*common['parameters'], description]},
        # The plain names belong to the robot.
        remappings=[
            (name, f'robot_state_publisher/{name}')
            for name in ('robot_description', 'joint_states')
        ],
    )


def rviz(value, is_set, common):
    if is_set('robot_state_publisher'):
        shown = 'robot_state_publisher/robot_description'
    else:
        shown = SHOWN_PERSON.replace('person_1', f'{value("person_id_prefix")}person_1')
    return Node(
        package='rviz2',
        executable='rviz2',
        exec_name='rviz2',
        name='rviz',
        arguments=['-d', str(resource_path('config/pose.rviz'))],
        remappings=[(f'/{topic}', topic) for topic in SHOWN_TOPICS]
        + [(f'/{SHOWN_PERSON}', shown)],
        **common,
    )


def recorder(value, common):
    names = [name for name in RESULT_TOPICS if name != 'camera_info']
    bag, names = value('bag'), [*names, camera_info_topic(value)]
    topics = [absolute(topic, common['namespace']) for topic in names]
    if is_installed('ros2bag') and is_installed('rosbag2_storage_mcap'):
        wanted = '|'.join(topic.replace('*', '[^/]+') for topic in topics)
        command = ['ros2', 'bag', 'record', '--storage', 'mcap', '--output', bag]
        return ExecuteProcess(
            cmd=[*command, '--regex', f'^({wanted})$'],
            name='ros2_bag',
            output=common['output'],
            prefix=common['prefix'],
        )
    return Node(
        package='biopose_ros',
        executable='recorder',
        exec_name='recorder',
        name='recorder',
        **{**common, 'parameters': [*common['parameters'], {'bag': bag, 'topics': topics}]},
    )


def absolute(topic, namespace):
    if topic.startswith('/'):
        return topic
    return f'/{namespace.strip("/")}/{topic}' if namespace.strip('/') else f'/{topic}'


def is_installed(package):
    try:
        get_package_share_directory(package)
    except PackageNotFoundError:
        return False
    return True


def generate_launch_description():
    # Before any node starts; camera drivers that the same launch includes profit as well.
    profile = [SetEnvironmentVariable(*item) for item in large_image_environment().items()]
    return LaunchDescription([*arguments(), *profile, OpaqueFunction(function=start)])
