from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.evaluation.angles.multi_view import (
    find_views,
    interpolate,
    load_truth,
    pelvis_coordinates,
    projected_keypoints,
    view_angles_deg,
)
from biopose_ros.files.mot import read_mot
from biopose_ros.files.video import open_frames
from biopose_ros.frames import GroundFrame, camera_to_ground

CLIP = Path(__file__).resolve().parents[4] / 'shared' / 'data' / 'real' / 'pose2sim_blender'
needs_clip = pytest.mark.skipif(not CLIP.exists(), reason=f'needs the clip {CLIP.name}')


@pytest.fixture(scope='module')
def truth():
    return load_truth(CLIP)


def opensim_rotations(rows):
    """Pelvis, torso and head of the truth's model at some rows, by OpenSim."""
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    model = opensim.Model(str(CLIP / 'Pose2Sim_model.osim'))
    state = model.initSystem()
    _, motion = read_mot(CLIP / 'Pose2Sim_motion.mot')
    for row in rows:
        for name, values in motion.items():
            coordinate = model.getCoordinateSet().get(name)
            coordinate.setLocked(state, False)
            coordinate.setValue(state, float(values[row]), False)
        model.realizePosition(state)
        yield [
            _matrix(model.getBodySet().get(name), state) for name in ('pelvis', 'torso', 'head')
        ]


def _matrix(body, state):
    rotation = body.getTransformInGround(state).R()
    return np.array([[rotation.get(i, j) for j in range(3)] for i in range(3)])


@needs_clip
def test_the_spine_composes_as_opensim_composes_it(truth):
    rows = [0, 40, 99]
    for row, (pelvis, torso, head) in zip(rows, opensim_rotations(rows), strict=True):
        np.testing.assert_allclose(truth.pelvis_rotations[row], pelvis, atol=1e-6)
        for joint, relative in (('lumbar', pelvis.T @ torso), ('neck', torso.T @ head)):
            angles = Rotation.from_matrix(relative).as_euler('ZXY')
            names = (f'{joint}_extension', f'{joint}_bending', f'{joint}_rotation')
            for name, angle in zip(names, angles, strict=True):
                if name != 'lumbar_extension':  # locked in the truth's model
                    assert truth.coordinates[name][row] == pytest.approx(angle, abs=1e-6)


@needs_clip
def test_what_the_truth_did_not_measure_is_left_out(truth):
    unmeasured = {'pro_sup_r', 'wrist_flex_r', 'mtp_angle_l', 'lumbar_extension', 'pelvis_tx'}
    assert not unmeasured & set(truth.coordinates)
    assert {'knee_angle_r', 'arm_rot_l', 'lumbar_rotation'} <= set(truth.coordinates)


@needs_clip
def test_keypoints_project_as_opencv_projects_them(truth):
    for view in find_views(CLIP):
        camera = view.camera(1088, 1920)
        rotation, shift_m = view.camera_from_trc()
        ours = projected_keypoints(truth, view, camera)['RKnee']
        expected, _ = cv2.projectPoints(
            np.ascontiguousarray(truth.keypoints_m['RKnee']),
            cv2.Rodrigues(rotation)[0],
            shift_m,
            camera.intrinsics_px,
            camera.distortion,
        )
        np.testing.assert_allclose(ours, expected[:, 0], atol=1e-3)
        assert (ours > 0).all()
        assert (ours < [1088, 1920]).all()


@needs_clip
def test_the_pelvis_faces_from_left_to_right_hip_in_the_views_ground(truth):
    for view in find_views(CLIP):
        angles = np.stack(list(pelvis_coordinates(truth, view, GroundFrame()).values()), axis=1)
        right_axis = Rotation.from_euler('ZXY', angles).as_matrix()[:, :, 2]
        rotation, _ = view.camera_from_trc()
        hips = truth.keypoints_m['RHip'] - truth.keypoints_m['LHip']
        hips_in_ground = camera_to_ground(hips @ rotation.T)
        hips_in_ground /= np.linalg.norm(hips_in_ground, axis=1, keepdims=True)
        assert (np.sum(right_axis * hips_in_ground, axis=1) > 0.9).all()


@needs_clip
def test_the_view_angle_is_that_of_the_pelvis_in_the_views_ground(truth):
    for view in find_views(CLIP):
        angles = np.stack(list(pelvis_coordinates(truth, view, GroundFrame()).values()), axis=1)
        forward = Rotation.from_euler('ZXY', angles).as_matrix()[:, :, 0]
        seen_deg = np.degrees(np.arctan2(np.abs(forward[:, 2]), forward[:, 0]))
        # Ground x points to the camera, which leans a little; persons are near the middle.
        np.testing.assert_allclose(view_angles_deg(truth, view), seen_deg, atol=15)


@needs_clip
def test_pictures_and_truth_share_the_time_line(truth):
    for view in find_views(CLIP):
        stamps_s = [frame.stamp_ns * 1e-9 for frame in open_frames(view.video)]
        np.testing.assert_allclose(stamps_s[1:], truth.times_s[:-1], atol=1e-6)


def test_interpolation_is_unknown_beyond_the_ends():
    rows = np.array([[0.0, 10.0], [2.0, 30.0]])
    values = interpolate(rows, np.array([1.0, 2.0]), np.array([0.5, 1.0, 1.25, 2.0, 2.1]))
    np.testing.assert_allclose(values[1:4], [[0, 10], [0.5, 15], [2, 30]])
    assert np.isnan(values[[0, 4]]).all()


def test_a_missing_clip_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='give --data'):
        find_views(tmp_path)
