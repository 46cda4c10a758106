"""The shipped model: complete, in step with its description, and the same posture as Rajagopal."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from biopose_ros.resources import resource_path
from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.build import default_files, write_default_files

SIDES = [
    'hip_flexion',
    'hip_adduction',
    'hip_rotation',
    'knee_angle',
    'ankle_angle',
    'subtalar_angle',
    'mtp_angle',
    'arm_flex',
    'arm_add',
    'arm_rot',
    'elbow_flex',
    'pro_sup',
    'wrist_flex',
    'wrist_dev',
]
MIDDLE = [
    *(f'pelvis_{name}' for name in ('tilt', 'list', 'rotation', 'tx', 'ty', 'tz')),
    *(f'{part}_{name}' for part in ('lumbar', 'neck') for name in ('extension', 'bending')),
    'lumbar_rotation',
    'neck_rotation',
]


def marker(skeleton, name, **degrees):
    """Place one marker in the resting pose with some coordinates set."""
    pose = skeleton.default_coordinates.clone()
    for coordinate, angle in degrees.items():
        pose[skeleton.coordinate_index(coordinate)] = np.radians(angle)
    return skeleton.marker_positions(pose, names=[name])[0].numpy()


@pytest.mark.parametrize('name', ['biopose.osim', 'biopose.urdf'])
def test_shipped_files_equal_the_generated_ones(name):
    shipped = resource_path(f'config/skeleton/{name}').read_text(encoding='utf-8')
    assert shipped == default_files()[name], 'run: biopose build skeleton'


def test_only_files_that_differ_are_written(tmp_path):
    assert len(write_default_files(tmp_path)) == 2
    (tmp_path / 'biopose.urdf').write_text('old')
    assert write_default_files(tmp_path) == [tmp_path / 'biopose.urdf']


def test_it_has_the_forty_coordinates(skeleton):
    expected = MIDDLE + [f'{name}_{side}' for name in SIDES for side in 'rl']
    assert len(expected) == 40
    assert sorted(skeleton.coordinate_names) == sorted(expected)


def test_the_shipped_file_reads_back_as_the_description(skeleton, draw_poses):
    read = load_skeleton(resource_path('config/skeleton/biopose.osim'))
    poses = draw_poses(skeleton, 20)
    assert read.coordinate_names == skeleton.coordinate_names
    torch.testing.assert_close(read.marker_positions(poses), skeleton.marker_positions(poses))
    torch.testing.assert_close(read.lower_limits, skeleton.lower_limits)


def test_opensim_opens_it_without_a_warning():
    pytest.importorskip('opensim')
    path = resource_path('config/skeleton/biopose.osim')
    code = f'import opensim; opensim.Model({str(path)!r}).initSystem()'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    log = done.stdout + done.stderr
    assert done.returncode == 0
    assert 'Loaded model biopose' in log
    assert '[warning]' not in log
    assert '[error]' not in log


def test_the_same_angles_mean_the_same_posture_as_in_the_reference(
    skeleton, reference_skeleton, draw_poses
):
    reference_poses = draw_poses(reference_skeleton, 50)
    poses = skeleton.default_coordinates.repeat(50, 1)
    for index, name in enumerate(reference_skeleton.coordinate_names):
        poses[:, skeleton.coordinate_index(name)] = reference_poses[:, index]
    ours = skeleton.forward_kinematics(poses)
    theirs = reference_skeleton.forward_kinematics(reference_poses)
    for segment in set(reference_skeleton.segment_names) - {'patella_r', 'patella_l'}:
        here = skeleton.segment_index(segment)
        there = reference_skeleton.segment_index(segment)
        torch.testing.assert_close(
            ours.rotations[:, here], theirs.rotations[:, there], atol=1e-5, rtol=0
        )
        torch.testing.assert_close(
            ours.positions_m[:, here], theirs.positions_m[:, there], atol=1e-5, rtol=0
        )


def test_anatomical_markers_sit_where_the_reference_has_them(skeleton, reference_skeleton):
    shared = [n for n in reference_skeleton.marker_names if n in skeleton.marker_names]
    assert len(shared) == 33
    right = [n for n in shared if not n.startswith('L')]
    here = skeleton.marker_offsets_m[skeleton.marker_indices(right)]
    there = reference_skeleton.marker_offsets_m[reference_skeleton.marker_indices(right)]
    assert (here - there).abs().max() < 0.0031  # C7 is put in the middle


def test_left_mirrors_right(skeleton, draw_poses):
    pose = draw_poses(skeleton, 1)[0]
    pose[:6] = skeleton.default_coordinates[:6]
    mirrored = pose.clone()
    for index, name in enumerate(skeleton.coordinate_names):
        other = name[:-1] + {'r': 'l', 'l': 'r'}[name[-1]] if name[-2:] in ('_r', '_l') else name
        sign = -1 if name.endswith(('bending', '_rotation')) else 1
        mirrored[skeleton.coordinate_index(other)] = sign * pose[index]
    right = skeleton.marker_positions(pose, names=['r_calc', 'bp_right_index', 'bp_nose'])
    left = skeleton.marker_positions(mirrored, names=['L_calc', 'bp_left_index', 'bp_nose'])
    torch.testing.assert_close(left, right * torch.tensor([1.0, 1.0, -1.0]).double())


def test_it_stands_on_the_floor_at_its_stature(skeleton):
    heel, top = marker(skeleton, 'bp_right_heel'), marker(skeleton, 'head_vertex')
    assert 0 < heel[1] < 0.03
    assert top[1] == pytest.approx(1.70, abs=0.01)


@pytest.mark.parametrize('name', ['pelvis_tilt', 'pelvis_rotation'])
def test_opensim_lets_a_somersault_run_on(name):
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    model = opensim.Model(str(resource_path('config/skeleton/biopose.osim')))
    state = model.initSystem()
    coordinate = model.getCoordinateSet().get(name)
    coordinate.setValue(state, np.radians(-390))
    assert coordinate.getValue(state) == pytest.approx(np.radians(-390))
