"""The body of REP-155 as URDF, read by a reader of its own, beside the skeleton's joints."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from urdf_links import place_links

from biopose_ros.frames import segment_rotation_to_rep103
from biopose_ros.skeleton.hri_model import BodyPlaces, hri_angles, hri_joints, hri_urdf

ENDS = {'shoulder': 'humerus', 'elbow': 'ulna', 'wrist': 'hand'}
ENDS |= {'hip': 'femur', 'knee': 'tibia', 'ankle': 'talus'}
REP_LINKS = {'body', 'waist', 'torso', 'r_head', 'y_head', 'p_head', 'head'} | {
    f'{side}_{name}'
    for side in 'lr'
    for name in (
        *('y_shoulder', 'p_shoulder', 'shoulder', 'elbow', 'wrist'),
        *('y_hip', 'p_hip', 'hip', 'knee', 'ankle'),
    )
}


def posed(skeleton, **degrees):
    pose = skeleton.default_coordinates.numpy().copy()
    for name, value in degrees.items():
        pose[skeleton.coordinate_index(name)] = np.deg2rad(value)
    return torch.from_numpy(pose)


def compare(skeleton, pose, scales):
    """Give the joint centres of the URDF and of the skeleton in the root, by REP-155's names."""
    frames = skeleton.forward_kinematics(pose, torch.from_numpy(scales))
    rotations, positions = frames.rotations.numpy(), frames.positions_m.numpy()
    angles = hri_angles(BodyPlaces.of(skeleton, rotations, positions))
    text = hri_urdf(hri_joints(skeleton, scales), 'person_1')
    values = {f'{name}_person_1': angle for name, angle in angles.items()}
    root, placed = place_links(text, values)
    assert root == 'body_person_1'
    index = {name: place for place, name in enumerate(skeleton.segment_names)}
    pelvis = segment_rotation_to_rep103(rotations[index['pelvis']])
    hips = (positions[index['femur_l']] + positions[index['femur_r']]) / 2
    found, true = {}, {}
    for name, segment in ENDS.items():
        for side in 'lr':
            found[f'{side}_{name}'] = placed[f'{side}_{name}_person_1'][:3, 3]
            true[f'{side}_{name}'] = (positions[index[f'{segment}_{side}']] - hips) @ pelvis
    return found, true, angles


def worst_m(found, true):
    return max(np.linalg.norm(found[name] - true[name]) for name in true)


@pytest.fixture
def scales():
    return np.random.default_rng(0).uniform(0.95, 1.05, (21, 3))


def test_links_and_joints_have_the_names_of_the_rep(skeleton):
    robot = ET.fromstring(hri_urdf(hri_joints(skeleton, np.ones((21, 3))), 'ab'))
    assert {link.get('name') for link in robot.iter('link')} == {f'{n}_ab' for n in REP_LINKS}
    assert len(list(robot.iter('joint'))) == len(REP_LINKS) - 1


def test_an_upright_body_lies_on_the_skeleton(skeleton, scales):
    pose = posed(skeleton, hip_flexion_r=80, knee_angle_r=90, hip_adduction_l=-15)
    pose += posed(skeleton, arm_flex_l=70, elbow_flex_l=60, arm_add_r=-40, elbow_flex_r=100)
    pose -= skeleton.default_coordinates
    found, true, _ = compare(skeleton, pose, scales)
    assert worst_m(found, true) < 0.03


def test_limbs_point_where_the_skeletons_do_in_any_pose(skeleton, draw_poses, scales):
    for pose in draw_poses(skeleton, 20):
        found, true, angles = compare(skeleton, pose, scales)
        assert all(np.isfinite(value) for value in angles.values())
        for side in 'lr':
            for above, below, most in (
                *(('shoulder', 'elbow', 0.1), ('elbow', 'wrist', 8.0)),
                *(('hip', 'knee', 0.1), ('knee', 'ankle', 8.0)),
            ):
                one = found[f'{side}_{below}'] - found[f'{side}_{above}']
                other = true[f'{side}_{below}'] - true[f'{side}_{above}']
                cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
                assert np.degrees(np.arccos(min(cosine, 1.0))) < most


def test_signs_are_those_of_the_reference_model(skeleton):
    ones = np.ones((21, 3))
    _, _, angles = compare(skeleton, posed(skeleton, hip_flexion_r=60, knee_angle_r=90), ones)
    assert np.degrees(angles['r_r_hip']) == pytest.approx(60, abs=5)
    assert np.degrees(angles['r_knee']) == pytest.approx(-90, abs=8)
    _, _, angles = compare(skeleton, posed(skeleton, arm_flex_l=90, elbow_flex_l=80), ones)
    assert np.degrees(angles['l_y_shoulder']) == pytest.approx(90, abs=8)
    assert np.degrees(angles['l_p_shoulder']) == pytest.approx(90, abs=8)
    assert np.degrees(angles['l_elbow']) == pytest.approx(80, abs=10)
    _, _, angles = compare(skeleton, posed(skeleton, arm_add_r=-60), ones)
    assert np.degrees(angles['r_p_shoulder']) == pytest.approx(60, abs=5)
    assert np.degrees(angles['r_y_shoulder']) == pytest.approx(0, abs=10)
    _, _, angles = compare(skeleton, posed(skeleton, lumbar_extension=-40), ones)
    assert np.degrees(angles['waist']) == pytest.approx(25, abs=10)  # it turns below the back
    _, _, angles = compare(skeleton, posed(skeleton, neck_rotation=30), ones)
    assert np.degrees(angles['y_head']) == pytest.approx(30, abs=5)


def test_an_unknown_segment_spoils_the_joints_that_rest_on_it_alone(skeleton):
    frames = skeleton.forward_kinematics(skeleton.default_coordinates)
    positions = frames.positions_m.numpy().copy()
    positions[skeleton.segment_names.index('talus_r')] = np.nan
    angles = hri_angles(BodyPlaces.of(skeleton, frames.rotations.numpy(), positions))
    unknown = {name for name, value in angles.items() if np.isnan(value)}
    assert unknown == {'r_y_hip', 'r_p_hip', 'r_r_hip', 'r_knee'}
