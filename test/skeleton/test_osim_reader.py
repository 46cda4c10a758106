import re
from pathlib import Path

import numpy as np
import pytest

from biopose_ros.skeleton import OsimError, load_skeleton
from biopose_ros.skeleton.osim_reader import parse_osim

VERSION_3 = (Path(__file__).parent / 'version_3.osim').read_text(encoding='utf-8')


def opensim_markers(path, names, poses):
    """Place all markers of a model with OpenSim: [poses, markers, 3]."""
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel

    model, found = OpenSimModel(path), []
    for pose in poses.numpy():
        model.set_pose(names, pose)
        found.append(model.marker_positions(load_skeleton(path).marker_names))
    return np.stack(found)


def stock_model(kind, path):
    """Let OpenSim itself write a model with one joint between two bodies off their centres."""
    osim = pytest.importorskip('opensim')
    model = osim.Model()
    model.setName(kind)
    for name in ('first', 'second'):
        model.addBody(osim.Body(name, 1.0, osim.Vec3(0), osim.Inertia(1)))
    first, second = (model.getBodySet().get(name) for name in ('first', 'second'))
    at, turned = osim.Vec3(0.1, 0, 0), osim.Vec3(0.3, 0, 0.2)
    base = osim.PinJoint('base', model.getGround(), at, turned, first, turned, at)
    there, twisted = osim.Vec3(0, -0.3, 0.1), osim.Vec3(0.2, 0.5, -0.3)
    joint = getattr(osim, kind)('joint', first, there, twisted, second, at, turned)
    model.addJoint(base)
    model.addJoint(joint)
    for body in (first, second):
        model.addMarker(osim.Marker(f'on_{body.getName()}', body, osim.Vec3(0.1, -0.2, 0.3)))
    model.finalizeConnections()
    model.printToXML(str(path))


@pytest.mark.parametrize(
    'kind',
    [
        'PinJoint',
        'WeldJoint',
        'BallJoint',
        'GimbalJoint',
        'FreeJoint',
        'UniversalJoint',
        'SliderJoint',
        'PlanarJoint',
    ],
)
def test_stock_joints_move_as_in_opensim(kind, tmp_path, draw_poses):
    path = tmp_path / f'{kind}.osim'
    stock_model(kind, path)
    skeleton = load_skeleton(path)
    poses = draw_poses(skeleton, 10, share=0.9)
    expected = opensim_markers(path, skeleton.coordinate_names, poses)
    np.testing.assert_allclose(skeleton.marker_positions(poses), expected, atol=1e-9)


def test_version_3_files_move_as_in_opensim(tmp_path, draw_poses):
    pytest.importorskip('opensim')
    path = tmp_path / 'old.osim'
    path.write_text(VERSION_3)
    skeleton = load_skeleton(path)
    poses = draw_poses(skeleton, 10)
    expected = opensim_markers(path, skeleton.coordinate_names, poses)
    np.testing.assert_allclose(skeleton.marker_positions(poses), expected, atol=1e-9)


def test_followers_and_locked_coordinates(reference_path, tmp_path):
    text = reference_path.read_text()
    at = text.index('<Coordinate name="subtalar_angle_r">')
    locked = text[:at] + text[at:].replace('<locked>false', '<locked>true', 1)
    path = tmp_path / 'locked.osim'
    path.write_text(locked)
    skeleton = load_skeleton(path)
    assert 'knee_angle_r_beta' not in skeleton.coordinate_names
    index = skeleton.coordinate_index('subtalar_angle_r')
    assert skeleton.lower_limits[index] == skeleton.upper_limits[index] == 0
    assert bool(skeleton.is_rotation[index])
    assert not bool(skeleton.is_rotation[skeleton.coordinate_index('pelvis_tx')])


def test_an_unscaled_version_4_file_reads_as_one_tree(reference_path):
    skeleton = load_skeleton(reference_path)
    assert skeleton.segment_parents[skeleton.segment_index('pelvis')] == -1
    parent = skeleton.segment_parents[skeleton.segment_index('hand_l')]
    assert skeleton.segment_names[parent] == 'radius_l'
    assert all(parent < i for i, parent in enumerate(skeleton.segment_parents))
    frames = skeleton.forward_kinematics(skeleton.default_coordinates)
    assert frames.positions_m[0].tolist() == pytest.approx([0, 0.93, 0])


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('FreeJoint', 'ScrewJoint', 'joint free: ScrewJoint is not supported'),
        ('SimmSpline', 'GCVSpline', 'joint bend, axis translation1: the function GCVSpline'),
        ('>bend_angle<', '>rx ry<', 'several coordinates are not supported'),
        ('>bend_angle<', '>other<', 'uses the coordinate other, which is not one of its own'),
        ('<range>-2 0', '<range>2 0', r'bend_angle: its range \[2.0, 0.0\] is empty'),
        ('<range>-2 0', '<range>-2', 'bend_angle, <range>: 2 numbers expected, found 1'),
        ('<axis>0 1 0', '<axis>0 0 0', '<axis> is zero'),
        ('<axis>0 1 0', '<axis>0 one 0', 'could not convert'),
        ('name="rotation2"', 'name="rotation9"', '<TransformAxis> rotation2 is missing'),
        ('<parent_body>base', '<parent_body>lost', 'no chain of joints leads .* bodies tip'),
        ('<body>tip', '<body>lost', "no segment 'lost'"),
        ('bend_angle', 'rx', 'coordinate rx occurs twice'),
        ('</Model>', '<Model>', 'not an XML file'),
        ('OpenSimDocument', 'Something', 'is this an .osim file'),
    ],
)
def test_errors_name_the_file_and_the_element(tmp_path, old, new, message):
    path = tmp_path / 'broken.osim'
    path.write_text(VERSION_3.replace(old, new))
    with pytest.raises(OsimError, match=f'(?s){re.escape(str(path))}.*{message}'):
        load_skeleton(path)


def test_constraints_other_than_couplers_are_refused():
    constraint = (
        '<ConstraintSet><objects><PointConstraint name="glue"><isEnforced>{}</isEnforced>'
        '</PointConstraint></objects></ConstraintSet></Model>'
    )
    parse_osim(VERSION_3.replace('</Model>', constraint.format('false')))
    with pytest.raises(OsimError, match='constraint glue: PointConstraint is not supported'):
        parse_osim(VERSION_3.replace('</Model>', constraint.format('true')))


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.osim'):
        load_skeleton(tmp_path / 'nowhere.osim')
