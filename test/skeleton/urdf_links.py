"""A reader of URDF of its own: places links as robot_state_publisher would."""

import xml.etree.ElementTree as ET

import numpy as np
from scipy.spatial.transform import Rotation


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
    origin, axis = joint.find('origin'), joint.find('axis')
    move = np.eye(4)
    move[:3, :3] = Rotation.from_euler('xyz', numbers(origin, 'rpy')).as_matrix()
    move[:3, 3] = numbers(origin, 'xyz')
    if axis is None:
        return move
    value = values[joint.get('name')]
    step = np.eye(4)
    if joint.get('type') == 'prismatic':
        step[:3, 3] = numbers(axis, 'xyz') * value
    else:
        step[:3, :3] = Rotation.from_rotvec(numbers(axis, 'xyz') * value).as_matrix()
    return move @ step


def numbers(element, key):
    return np.array(element.get(key).split(), dtype=float)
