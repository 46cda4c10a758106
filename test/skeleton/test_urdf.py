"""URDF read back by a reader of its own, and compared with the skeleton's kinematics."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from urdf_links import numbers, place_links

from biopose_ros.frames import segment_rotation_to_rep103
from biopose_ros.skeleton import load_skeleton, write_urdf
from biopose_ros.skeleton.urdf_joints import joint_positions, joint_velocities, moving_joints


def worst_difference(skeleton, pose, scales, prefix=''):
    """Compare all links with the skeleton's own kinematics."""
    names = [prefix + joint.name for joint in moving_joints(skeleton)]
    values = joint_positions(skeleton, pose.numpy(), scales)
    root, placed = place_links(
        write_urdf(skeleton, scales, prefix), dict(zip(names, values, strict=True))
    )
    assert root == prefix + skeleton.segment_names[0]
    frames = skeleton.forward_kinematics(pose, torch.from_numpy(scales))
    turns = segment_rotation_to_rep103(frames.rotations.numpy())
    worst_m, worst_turn = 0.0, 0.0
    for index, name in enumerate(skeleton.segment_names):
        offset_m = turns[0].T @ (frames.positions_m[index] - frames.positions_m[0]).numpy()
        found = placed[prefix + name]
        worst_m = max(worst_m, np.abs(found[:3, 3] - offset_m).max())
        worst_turn = max(worst_turn, np.abs(found[:3, :3] - turns[0].T @ turns[index]).max())
    return worst_m, worst_turn


def test_links_lie_where_the_skeleton_has_its_segments(skeleton, draw_poses):
    scales = np.random.default_rng(0).uniform(0.9, 1.1, (21, 3))
    for pose in draw_poses(skeleton, 10):
        assert max(worst_difference(skeleton, pose, scales, 'person_1/')) < 2e-5


def test_joint_velocities_are_the_slopes_of_the_positions(skeleton, draw_poses):
    before, after = draw_poses(skeleton, 2).numpy()
    scales = np.full((21, 3), 1.1)
    rates = joint_velocities(skeleton, before, after - before, scales)
    step = 1e-6
    ahead = joint_positions(skeleton, before + step * (after - before), scales)
    slope = (ahead - joint_positions(skeleton, before, scales)) / step
    np.testing.assert_allclose(rates, slope, atol=1e-3)


def test_an_unknown_coordinate_spoils_no_other_joint(skeleton):
    pose = skeleton.default_coordinates.numpy().copy()
    pose[skeleton.coordinate_index('knee_angle_r')] = np.nan
    values = joint_positions(skeleton, pose, np.ones((21, 3)))
    unknown = {
        joint.name
        for joint, value in zip(moving_joints(skeleton), values, strict=True)
        if np.isnan(value)
    }
    assert 'knee_angle_r' in unknown
    assert all(name == 'knee_angle_r' or name.startswith('tibia_r_') for name in unknown)


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
    scales = np.ones((len(skeleton.segment_names), 3))
    assert max(worst_difference(skeleton, draw_poses(skeleton, 1)[0], scales)) < 2e-5


def test_every_segment_has_mass_and_something_to_collide_with(skeleton):
    links = list(ET.fromstring(write_urdf(skeleton)).iter('link'))
    segments = set(skeleton.segment_names)
    for tag in ('collision', 'inertial'):
        assert {link.get('name') for link in links if link.find(tag) is not None} == segments


def test_mass_and_inertia_are_those_of_the_opensim_model(skeleton):
    opensim = pytest.importorskip('opensim')
    reference = opensim.Model(str(skeleton.source))
    state = reference.initSystem()
    robot = ET.fromstring(write_urdf(skeleton))
    total_kg = sum(float(mass.get('value')) for mass in robot.iter('mass'))
    assert total_kg == pytest.approx(reference.getTotalMass(state), abs=1e-3)
    moments = reference.getBodySet().get('femur_r').getInertia().getMoments()
    # Forward, up, right there; forward, left, up here.
    expected = [moments.get(0), moments.get(2), moments.get(1)]
    femur = robot.find("./link[@name='femur_r']/inertial/inertia")
    found = [float(femur.get(name)) for name in ('ixx', 'iyy', 'izz')]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.fixture
def posed(skeleton, draw_poses):
    """A URDF, values of its joints, and where its links must be."""
    text, pose = write_urdf(skeleton), draw_poses(skeleton, 1)[0].numpy()
    names = [joint.name for joint in moving_joints(skeleton)]
    values = dict(zip(names, joint_positions(skeleton, pose, np.ones((21, 3))), strict=True))
    return text, values, place_links(text, values)[1]


def test_yourdfpy_places_the_links_alike(posed, tmp_path):
    yourdfpy = pytest.importorskip('yourdfpy')
    text, values, placed = posed
    path = tmp_path / 'person.urdf'
    path.write_text(text)
    robot = yourdfpy.URDF.load(str(path), load_meshes=False)
    robot.update_cfg(values)
    for link in ('hand_r', 'toes_l', 'head'):
        np.testing.assert_allclose(robot.get_transform(link), placed[link], atol=1e-6)


def test_pinocchio_places_the_links_alike(posed):
    pinocchio = pytest.importorskip('pinocchio')
    text, values, placed = posed
    model = pinocchio.buildModelFromXML(text)
    data, configuration = model.createData(), pinocchio.neutral(model)
    for name, value in values.items():
        configuration[model.joints[model.getJointId(name)].idx_q] = value
    pinocchio.framesForwardKinematics(model, data, configuration)
    for link in ('hand_r', 'toes_l', 'head'):
        frame = data.oMf[model.getFrameId(link)].homogeneous
        np.testing.assert_allclose(frame, placed[link], atol=1e-6)


def test_visuals_lie_in_rep103_axes(skeleton):
    femur = next(
        link
        for link in ET.fromstring(write_urdf(skeleton)).iter('link')
        if link.get('name') == 'femur_r'
    )
    centre = numbers(femur.find('visual/origin'), 'xyz')
    assert centre[2] == pytest.approx(-0.205)  # down the thigh


def test_wrong_scales_are_refused(skeleton):
    with pytest.raises(ValueError, match=r'finite scales \[21, 3\], got NaN or infinity'):
        write_urdf(skeleton, np.full((21, 3), np.nan))


def test_a_persons_mass_is_shared_out_and_inertia_goes_with_it(skeleton):
    def numbers(mass_kg, tag, key):
        robot = ET.fromstring(write_urdf(skeleton, mass_kg=mass_kg))
        return np.array([float(element.get(key)) for element in robot.iter(tag)])

    plain_kg, own_kg = numbers(None, 'mass', 'value'), numbers(90.0, 'mass', 'value')
    assert own_kg.sum() == pytest.approx(90.0, abs=1e-4)
    factor = 90.0 / plain_kg.sum()
    np.testing.assert_allclose(own_kg, factor * plain_kg, atol=2e-6)
    inertia = numbers(None, 'inertia', 'izz')
    np.testing.assert_allclose(numbers(90.0, 'inertia', 'izz'), factor * inertia, atol=2e-6)
    np.testing.assert_array_equal(numbers(np.nan, 'mass', 'value'), plain_kg)
