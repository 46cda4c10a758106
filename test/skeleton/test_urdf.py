"""URDF read back by a reader of its own, and compared with the skeleton's kinematics."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.frames import REP103_FROM_OPENSIM, segment_rotation_to_rep103
from biopose_ros.skeleton import load_skeleton, write_urdf


def place_links(text, values):
    """Give each link's 4x4 pose in the root link, as robot_state_publisher would."""
    robot = ET.fromstring(text)
    children = {joint.find('child').get('link') for joint in robot.iter('joint')}
    (root,) = {link.get('name') for link in robot.iter('link')} - children
    placed = {root: np.eye(4)}
    for joint in robot.iter('joint'):  # parents are written before their children
        above = placed[joint.find('parent').get('link')]
        placed[joint.find('child').get('link')] = above @ joint_transform(joint, values)
    return root, placed


def joint_transform(joint, values):
    origin, axis, mimic = joint.find('origin'), joint.find('axis'), joint.find('mimic')
    move = np.eye(4)
    move[:3, :3] = Rotation.from_euler('xyz', numbers(origin, 'rpy')).as_matrix()
    move[:3, 3] = numbers(origin, 'xyz')
    if axis is None:
        return move
    value = values[joint.get('name') if mimic is None else mimic.get('joint')]
    if mimic is not None:
        value = value * float(mimic.get('multiplier')) + float(mimic.get('offset'))
    step = np.eye(4)
    if joint.get('type') == 'prismatic':
        step[:3, 3] = numbers(axis, 'xyz') * value
    else:
        step[:3, :3] = Rotation.from_rotvec(numbers(axis, 'xyz') * value).as_matrix()
    return move @ step


def numbers(element, key):
    return np.array(element.get(key).split(), dtype=float)


def worst_difference(skeleton, pose, scales, prefix, segments):
    values = {
        prefix + name: float(value)
        for name, value in zip(skeleton.coordinate_names, pose, strict=True)
    }
    root, placed = place_links(write_urdf(skeleton, scales, prefix), values)
    assert root == prefix + 'pelvis'
    frames = skeleton.forward_kinematics(pose, torch.from_numpy(scales))
    turns = segment_rotation_to_rep103(frames.rotations.numpy())
    worst_m, worst_turn = 0.0, 0.0
    for name in segments:
        index = skeleton.segment_index(name)
        offset_m = turns[0].T @ (frames.positions_m[index] - frames.positions_m[0]).numpy()
        found = placed[prefix + name]
        worst_m = max(worst_m, np.abs(found[:3, 3] - offset_m).max())
        worst_turn = max(worst_turn, np.abs(found[:3, :3] - turns[0].T @ turns[index]).max())
    return worst_m, worst_turn


def test_links_lie_where_the_skeleton_has_its_segments(skeleton, draw_poses):
    scales = np.random.default_rng(0).uniform(0.9, 1.1, (21, 3))
    exact = [
        name for name in skeleton.segment_names if not re.match('tibia|talus|calcn|toes', name)
    ]
    for pose in draw_poses(skeleton, 10):
        distance_m, turn = worst_difference(skeleton, pose, scales, 'person_1/', exact)
        assert distance_m < 1e-5
        assert turn < 1e-5


def test_the_knees_line_stays_near_its_curve(skeleton):
    scales = np.ones((21, 3))
    for angle in np.linspace(0, 2.6, 14):
        pose = skeleton.default_coordinates.clone()
        pose[skeleton.coordinate_index('knee_angle_r')] = angle
        distance_m, turn = worst_difference(skeleton, pose, scales, '', ['tibia_r'])
        assert distance_m < 0.006
        assert turn < np.radians(7)


def test_joints_carry_the_coordinates_names_and_limits(skeleton):
    joints = {
        joint.get('name'): joint for joint in ET.fromstring(write_urdf(skeleton)).iter('joint')
    }
    assert set(skeleton.coordinate_names[6:]) <= set(joints)
    limit = joints['elbow_flex_l'].find('limit')
    assert float(limit.get('upper')) == pytest.approx(np.radians(155), abs=1e-5)
    assert joints['elbow_flex_l'].get('type') == 'revolute'


def test_every_segment_is_drawn(skeleton):
    links = ET.fromstring(write_urdf(skeleton)).iter('link')
    drawn = {link.get('name') for link in links if link.find('visual') is not None}
    assert drawn == set(skeleton.segment_names)


def test_stock_models_are_written_too(reference_path, draw_poses):
    skeleton = load_skeleton(reference_path)
    pose = draw_poses(skeleton, 1)[0]
    scales = np.ones((len(skeleton.segment_names), 3))
    arms = [name for name in skeleton.segment_names if re.match('torso|humerus|ulna|hand', name)]
    distance_m, turn = worst_difference(skeleton, pose, scales, '', arms)
    assert max(distance_m, turn) < 1e-5


def test_visuals_lie_in_rep103_axes(skeleton):
    femur = next(
        link
        for link in ET.fromstring(write_urdf(skeleton)).iter('link')
        if link.get('name') == 'femur_r'
    )
    centre = numbers(femur.find('visual/origin'), 'xyz')
    assert centre[2] == pytest.approx(-0.205)  # down the thigh
    assert REP103_FROM_OPENSIM[2].tolist() == [0, 1, 0]


def test_wrong_scales_are_refused(skeleton):
    with pytest.raises(ValueError, match=r'expected finite scales \[21, 3\]'):
        write_urdf(skeleton, np.full((21, 3), np.nan))
