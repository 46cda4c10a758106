"""Excerpts of the public files, against an independent conversion of the same frames."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.training.motion.recordings import read_recordings
from biopose_ros.training.sources import acclaim, bvh, deepmimic, opensim_motion
from biopose_ros.training.sources.common_format import (
    JOINTS,
    placed_m,
    rotation_vectors,
    usable_frames,
    write_motion,
)

EXCERPTS = Path(__file__).with_name('excerpts')
EXPECTED = json.loads((EXCERPTS / 'expected.json').read_text())


def text(name):
    return (EXCERPTS / name).read_text()


def walk_08():
    bones = acclaim.read_skeleton(text('08.asf'))
    figure = acclaim.figure_of(bones)
    return acclaim.read_clip('08_01', 'walk', bones, figure, text('08_01.amc'))


def humanoid_walk():
    figure = deepmimic.read_figure(text('humanoid3d.txt'))
    return deepmimic.read_clip('walk', 'walk', figure, text('humanoid3d_walk.txt'))


def salsa():
    motion = bvh.read_bvh(text('salsa_01.bvh'))
    figure = bvh.figure_of(motion, bvh.DAZ)
    return bvh.read_clip('salsa_01', 'salsa', motion, bvh.DAZ, figure, 8, 60.0)


CLIPS = {'08_01': (walk_08, 0.1), 'walk': (humanoid_walk, 0.1), 'salsa_01': (salsa, 4.0)}


@pytest.fixture(params=list(CLIPS))
def pair(request):
    make, tolerance_deg = CLIPS[request.param]
    return make(), EXPECTED[request.param], tolerance_deg


def test_poses_are_those_of_the_other_conversion(pair):
    clip, expected, tolerance_deg = pair
    wanted = np.array(expected['rotvec'])
    rows = [JOINTS.index(joint) for joint in expected['joints']]
    assert len(clip.rotations) == len(wanted)
    found = Rotation.from_matrix(clip.rotations[:, rows].reshape(-1, 3, 3))
    apart = (found.inv() * Rotation.from_rotvec(wanted.reshape(-1, 3))).magnitude()
    assert np.degrees(apart).max() < tolerance_deg
    np.testing.assert_allclose(clip.translation_m, expected['trans'], atol=1e-4)
    np.testing.assert_allclose(clip.figure.offsets_m[rows], expected['offsets'], atol=1e-4)


def test_files_can_be_read_as_recordings(tmp_path):
    clips = [walk_08(), humanoid_walk()]
    write_motion(tmp_path / 'both.npz', clips)
    for clip, recording in zip(clips, read_recordings(tmp_path / 'both.npz'), strict=True):
        assert recording.name == f'both/{clip.name}'
        _, places = recording.forward_kinematics()
        soles = places[:, [JOINTS.index('LeftToeBase'), JOINTS.index('RightToeBase')], 1]
        assert abs(soles.min()) < 0.05  # the floor is under the feet
        joints_m, _ = placed_m(clip)
        head, hips = (joints_m[:, JOINTS.index(joint), 1] for joint in ('Head', 'Hips'))
        assert (head > hips + 0.3).all()


def test_a_knee_that_is_no_hinge_is_refused(tmp_path):
    clip = walk_08()
    rotations = clip.rotations.copy()
    rotations[1, JOINTS.index('LeftLeg')] = Rotation.from_euler('z', 0.2).as_matrix()
    with pytest.raises(ValueError, match=r'08_01: LeftLeg is no hinge, 11\.5 degrees'):
        write_motion(tmp_path / 'bad.npz', [replace(clip, rotations=rotations)])


def test_flips_are_marked():
    clip = walk_08()
    assert usable_frames(clip).all()
    rotations = clip.rotations.copy()
    rotations[1, JOINTS.index('Head')] = Rotation.from_euler('y', 90, degrees=True).as_matrix()
    assert usable_frames(replace(clip, rotations=rotations)).tolist() == [False, False, False]


def test_bent_elbow_keeps_both_directions_and_gets_one_axis():
    random = np.random.default_rng(1)
    along, axis = np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])
    upper, lower = Rotation.random(50, random_state=random).as_matrix().reshape(2, 25, 3, 3)
    turned, hinged = bvh.as_hinge(upper, lower, axis, along, (5.0, 15.0))
    bend = np.degrees(np.arccos(np.einsum('fi,fi->f', upper @ along, lower @ along)))
    clear = bend > 15
    assert clear.sum() > 15
    np.testing.assert_allclose(turned @ along, upper @ along, atol=1e-9)
    np.testing.assert_allclose((hinged @ along)[clear], (lower @ along)[clear], atol=1e-9)
    flexion = Rotation.from_matrix(turned.swapaxes(1, 2) @ hinged).as_rotvec()
    np.testing.assert_allclose(flexion[clear], np.radians(bend[clear])[:, None] * axis, atol=1e-6)


def test_opensim_angles_come_in_todays_signs_and_radians(tmp_path):
    clip = opensim_motion.read_clip(
        'gait2392', 'walk', 'a/b@1:c.mot', 'Apache-2.0', EXCERPTS / 'subject01_walk1_ik.mot',
        is_flipped=True, is_in_degrees=True,
    )  # fmt: skip
    for name, wanted in EXPECTED['gait2392'].items():
        column = opensim_motion.COORDINATES.index(name)
        found = clip.angles_rad[: len(wanted), column]
        np.testing.assert_allclose(found, wanted[: len(found)], atol=2e-3, err_msg=name)
    elbow = opensim_motion.COORDINATES.index('elbow_flex_r')
    assert np.isnan(clip.angles_rad[:, elbow]).all()  # the model has no arms
    wrong = replace(clip, angles_rad=-clip.angles_rad)
    with pytest.raises(ValueError, match='gait2392: knees bend the wrong way'):
        opensim_motion.write_coordinates(tmp_path / 'x.npz', [wrong])


def test_what_is_no_motion_is_told():
    with pytest.raises(ValueError, match='not a BVH file'):
        bvh.read_bvh('something else')
    with pytest.raises(ValueError, match='the skeleton lacks head'):
        acclaim.read_skeleton(text('08.asf').replace('name head', 'name hat'))
    figure = deepmimic.read_figure(text('humanoid3d.txt'))
    with pytest.raises(ValueError, match=r'frames of shape \(1, 3\), expected \[frames, 44\]'):
        deepmimic.read_clip('short', '', figure, '{"Frames": [[1, 2, 3]]}')


def test_hinges_turn_the_right_way():
    for clip in (walk_08(), humanoid_walk(), salsa()):
        vectors = rotation_vectors(clip)
        for joint, axis, sign in (
            ('LeftLeg', 0, 1), ('RightLeg', 0, 1), ('LeftForeArm', 1, -1), ('RightForeArm', 1, 1),
        ):  # fmt: skip
            flexion = sign * vectors[:, JOINTS.index(joint), axis]
            assert (flexion > np.radians(-1)).all(), (clip.name, joint)
