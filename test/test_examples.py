"""The examples run on messages, and build where rclcpp is."""

import importlib.util
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the examples need ROS 2')

import rclpy
from biopose_ros.msg import BodyPoint, BodyPoints, JointAngleArray, TrackedPerson
from geometry_msgs.msg import Point, Vector3
from rclpy.executors import ExternalShutdownException

EXAMPLES = Path(__file__).parents[1] / 'examples'


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def point(name, at, velocity=(0.0, 0.0, 0.0), stddev_m=0.05):
    return BodyPoint(
        name=name,
        position=Point(**dict(zip('xyz', at, strict=True))),
        velocity=Vector3(**dict(zip('xyz', velocity, strict=True))),
        covariance=(np.eye(3) * stddev_m**2).reshape(9),
    )


def test_a_robot_slows_by_distance_uncertainty_and_approach():
    example = load('slow_near_hands')
    resting = example.bound_m(point('left_hand', (0.0, 0.0, 1.0)))
    assert resting == pytest.approx(0.9)
    coming = example.bound_m(point('left_hand', (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)))
    assert coming == pytest.approx(0.6)
    going = example.bound_m(point('left_hand', (0.0, 0.0, 1.0), (0.0, 0.0, 1.0)))
    assert going == resting
    assert example.bound_m(point('left_hand', (math.nan, 0.0, 1.0))) == 0.0
    assert [example.speed_share(m) for m in (0.2, 0.5, 1.0, 9.0)] == [0.0, 0.0, 0.5, 1.0]


def test_a_robot_stops_for_people_who_are_listed_without_points():
    example = load('slow_near_hands')
    persons = [
        TrackedPerson(person_id='person_1', tracking_state=JointAngleArray.STATE_TRACKED),
        TrackedPerson(person_id='person_2', tracking_state=JointAngleArray.STATE_OCCLUDED),
        TrackedPerson(person_id='person_3', tracking_state=JointAngleArray.STATE_LOST),
    ]
    known = {'person_1': 1.2, 'person_3': 0.4, 'person_4': 0.3}
    assert example.present(persons, known) == {'person_1': 1.2, 'person_2': 0.0}
    assert example.present([], known) == {}


def arm(hand_z_m, speed_m_s=0.0):
    return BodyPoints(
        points=[
            point('right_shoulder', (0.0, 0.0, 2.0)),
            point('right_elbow', (0.0, 0.05, (2.0 + hand_z_m) / 2)),
            point('right_wrist', (0.0, 0.0, hand_z_m)),
            point('right_hand', (0.0, 0.0, hand_z_m - 0.05), (speed_m_s, 0.0, 0.0)),
        ]
    )


def test_an_object_is_held_out_to_a_stretched_resting_hand():
    example = load('hand_over')
    np.testing.assert_allclose(example.offered_hand(arm(1.45), 'right'), [0.0, 0.0, 1.4])
    assert example.offered_hand(arm(1.45, speed_m_s=0.5), 'right') is None
    assert example.offered_hand(arm(2.55), 'right') is None  # behind


def test_an_arm_follows_within_its_limits_and_keeps_what_is_not_known():
    example = load('retarget_arm')
    joints = example.joints((EXAMPLES / 'arm7.urdf').read_text())
    names = [name for name, _ in example.COORDINATES]
    message = JointAngleArray(
        name=names,
        position=[0.5, -0.2, 0.1, 9.0, math.pi / 2, math.nan, 0.3],
        stddev=[0.1] * 6 + [2.0],
    )
    angles = example.retarget(message, joints, [0.7] * 7)
    assert angles == pytest.approx([0.5, -0.2, 0.1, 2.5, 0.0, 0.7, 0.7])


def test_the_retargeted_arm_points_where_the_persons_does(tmp_path):
    """The shoulder's three axes of the robot are those of the skeleton."""
    yourdfpy = pytest.importorskip('yourdfpy')
    from biopose_ros.skeleton import load_skeleton, write_urdf
    from biopose_ros.skeleton.urdf_joints import joint_positions, moving_joints

    skeleton, example = load_skeleton(), load('retarget_arm')
    path = EXAMPLES / 'arm7.urdf'
    joints = example.joints(path.read_text())
    coordinates = skeleton.default_coordinates.numpy().copy()
    for name, value in {'arm_flex_r': 0.8, 'arm_add_r': -0.5, 'arm_rot_r': 0.3}.items():
        coordinates[skeleton.coordinate_index(name)] = value
    message = JointAngleArray(
        name=list(skeleton.coordinate_names), position=coordinates, stddev=[0.1] * 40
    )
    robot = yourdfpy.URDF.load(str(path))
    robot.update_cfg(example.retarget(message, joints, [0.0] * 7))
    robots = robot.get_transform('upper_arm')[:3, 2]
    body = tmp_path / 'person.urdf'
    body.write_text(write_urdf(skeleton))
    person = yourdfpy.URDF.load(str(body), load_meshes=False)
    values = joint_positions(skeleton, coordinates, np.ones((21, 3)))
    names = [joint.name for joint in moving_joints(skeleton)]
    person.update_cfg(dict(zip(names, values, strict=True)))
    persons = person.get_transform('humerus_r', 'torso')[:3, 2]
    assert robots @ persons > math.cos(math.radians(3.0))


@pytest.mark.parametrize('name', ['hand_over', 'retarget_arm', 'slow_near_hands'])
@pytest.mark.parametrize('end', [KeyboardInterrupt, ExternalShutdownException])
def test_an_example_ends_quietly_by_ctrl_c_and_by_kill(name, end, monkeypatch):
    spun = []

    def spin(node):
        spun.append(node.get_name())
        raise end

    monkeypatch.setattr(rclpy, 'spin', spin)
    try:
        load(name).main()
    finally:
        rclpy.try_shutdown()
    assert spun == [name]


def test_the_c_plus_plus_example_builds(tmp_path):
    if shutil.which('cmake') is None:
        pytest.skip('cmake is not installed')
    if not (Path(sys.prefix) / 'share' / 'rclcpp').is_dir():
        pytest.skip('rclcpp is not among the ROS 2 wheels')
    for command in (['-S', str(EXAMPLES), '-B', str(tmp_path)], ['--build', str(tmp_path)]):
        subprocess.run(['cmake', *command], check=True)
