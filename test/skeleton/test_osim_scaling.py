from pathlib import Path

import numpy as np
import pytest
import torch

from biopose_ros.skeleton import Skeleton, load_skeleton, scaled_osim, with_default_pose
from biopose_ros.skeleton.default_model import default_model
from biopose_ros.skeleton.description import Marker

VERSION_3 = Path(__file__).parent / 'version_3.osim'


def random_scales(skeleton):
    return np.random.default_rng(0).uniform(0.8, 1.25, (len(skeleton.segment_names), 3))


@pytest.fixture(params=['default', 'reference', 'version 3'])
def any_skeleton(request):
    if request.param == 'default':
        return load_skeleton()
    if request.param == 'reference':
        return load_skeleton(request.getfixturevalue('reference_path'))
    return load_skeleton(VERSION_3)


def test_opensim_opens_the_scaled_file_and_agrees(any_skeleton, tmp_path, draw_poses):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel

    scales, path = random_scales(any_skeleton), tmp_path / 'scaled.osim'
    path.write_text(scaled_osim(any_skeleton, scales))
    model, poses = OpenSimModel(path), draw_poses(any_skeleton, 5)
    frames = any_skeleton.forward_kinematics(poses, torch.from_numpy(scales))
    markers_m = any_skeleton.marker_positions(poses, torch.from_numpy(scales))
    for i, pose in enumerate(poses):
        model.set_pose(any_skeleton.coordinate_names, pose)
        origins_m = model.segment_points(any_skeleton.segment_names)[:, 0]
        np.testing.assert_allclose(frames.positions_m[i], origins_m, atol=1e-6)
        found_m = model.marker_positions(any_skeleton.marker_names)
        np.testing.assert_allclose(markers_m[i], found_m, atol=1e-6)


def test_it_equals_opensims_own_scaling(any_skeleton, tmp_path, draw_poses):
    opensim = pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel

    scales, path = random_scales(any_skeleton), tmp_path / 'scaled.osim'
    path.write_text(scaled_osim(any_skeleton, scales))
    ours, theirs = OpenSimModel(path), OpenSimModel(any_skeleton.source)
    scale_set = opensim.ScaleSet()
    for name, factors in zip(any_skeleton.segment_names, scales, strict=True):
        scale = opensim.Scale()
        scale.setSegmentName(name)
        scale.setScaleFactors(opensim.Vec3(*factors))
        scale.setApply(True)
        scale_set.cloneAndAppend(scale)
    theirs.model.scale(theirs.state, scale_set, True)
    theirs.state = theirs.model.initSystem()
    for pose in draw_poses(any_skeleton, 3):
        points_m = []
        for model in (ours, theirs):
            model.set_pose(any_skeleton.coordinate_names, pose)
            points_m.append(model.segment_points(any_skeleton.segment_names))
        np.testing.assert_allclose(*points_m, atol=1e-6)
    name = any_skeleton.segment_names[-1]
    bodies = [model.model.getBodySet().get(name) for model in (ours, theirs)]
    centres = [body.getMassCenter().to_numpy() for body in bodies]
    np.testing.assert_allclose(*centres, atol=1e-12)


def test_scaling_twice_multiplies(tmp_path, draw_poses):
    skeleton = load_skeleton(VERSION_3)
    first = np.full((2, 3), 1.2)
    once = tmp_path / 'once.osim'
    once.write_text(scaled_osim(skeleton, first))
    twice = tmp_path / 'twice.osim'
    twice.write_text(scaled_osim(load_skeleton(once), first))
    poses = draw_poses(skeleton, 4)
    torch.testing.assert_close(
        load_skeleton(twice).marker_positions(poses),
        skeleton.marker_positions(poses, torch.full((2, 3), 1.44).double()),
    )


def test_a_uniform_scale_grows_inertia_with_the_square(skeleton, tmp_path):
    path = tmp_path / 'scaled.osim'
    path.write_text(scaled_osim(skeleton, np.full((21, 3), 1.1)))
    for before, after in zip(
        skeleton.description.bodies, load_skeleton(path).description.bodies, strict=True
    ):
        assert after.mass_kg == before.mass_kg
        expected = np.array(before.inertia_kg_m2) * 1.21
        np.testing.assert_allclose(after.inertia_kg_m2, expected, atol=1e-12)


def test_nonsense_is_refused(skeleton):
    with pytest.raises(ValueError, match=r'expects finite scales \[21, 3\], got \[3\]'):
        scaled_osim(skeleton, [1, 1, 1])
    with pytest.raises(ValueError, match='biopose was not loaded from a file'):
        scaled_osim(Skeleton(default_model()), np.ones((21, 3)))


def test_a_given_mass_is_shared_out_and_inertia_follows(any_skeleton, tmp_path):
    opensim = pytest.importorskip('opensim')
    scales, models = random_scales(any_skeleton), []
    for mass_kg in (None, 60.0):
        path = tmp_path / f'{mass_kg}.osim'
        path.write_text(scaled_osim(any_skeleton, scales, mass_kg))
        models.append(opensim.Model(str(path)))
    states = [model.initSystem() for model in models]
    before_kg, after_kg = (m.getTotalMass(s) for m, s in zip(models, states, strict=True))
    assert after_kg == pytest.approx(60.0)
    for body in models[0].getBodySet():
        other = models[1].getBodySet().get(body.getName())
        assert other.getMass() == pytest.approx(body.getMass() * 60.0 / before_kg)
        inertias = [each.getInertia().getMoments().to_numpy() for each in (body, other)]
        np.testing.assert_allclose(inertias[1], inertias[0] * 60.0 / before_kg, rtol=1e-5)


def test_markers_of_ones_own_take_the_place_of_the_files(tmp_path):
    skeleton = load_skeleton()
    markers = (Marker('a', 'femur_l', (0.01, -0.2, 0.03)), Marker('C7', 'torso', (0.0, 0.4, 0.0)))
    path = tmp_path / 'marked.osim'
    path.write_text(scaled_osim(skeleton, random_scales(skeleton), markers=markers))
    assert load_skeleton(path).description.markers == markers


def test_a_default_pose_is_where_the_model_stands(any_skeleton, tmp_path):
    path, name = tmp_path / 'posed.osim', any_skeleton.coordinate_names[0]
    text = with_default_pose(scaled_osim(any_skeleton, random_scales(any_skeleton)), {name: 0.25})
    path.write_text(text)
    posed = load_skeleton(path)
    expected = any_skeleton.default_coordinates.clone()
    expected[any_skeleton.coordinate_index(name)] = 0.25
    torch.testing.assert_close(posed.default_coordinates, expected)
    assert with_default_pose(text, {name: 0.25}) == text
