import numpy as np
import pytest
import torch

from biopose_ros.body.joints import MIRRORED_JOINTS
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.knee_twist import with_knee_twist
from biopose_ros.training.motion.samplers import wide_poses


def angles_deg(truth, name):
    return np.degrees(truth.coordinates[:, load_skeleton().coordinate_index(name)])


@pytest.mark.parametrize(
    ('joint', 'axis', 'coordinate', 'sign', 'tolerance'),
    [
        ('right_knee', (1, 0, 0), 'knee_angle_r', 1, 2),
        ('left_knee', (1, 0, 0), 'knee_angle_l', 1, 2),
        ('right_hip', (-1, 0, 0), 'hip_flexion_r', 1, 4),
        ('left_hip', (0, 0, 1), 'hip_adduction_l', -1, 2),
        ('right_hip', (0, 1, 0), 'hip_rotation_r', 1, 2),
        ('left_hip', (0, -1, 0), 'hip_rotation_l', 1, 2),
        ('right_elbow', (0, 1, 0), 'elbow_flex_r', 1, 5),
        ('left_elbow', (0, -1, 0), 'elbow_flex_l', 1, 5),
    ],
)
def test_a_joint_s_turn_is_its_coordinate(
    labeller, people, posed, joint, axis, coordinate, sign, tolerance
):
    turns = np.array([0.0, 15.0, 30.0])
    pose = with_knee_twist(posed(**{joint: turns[:, None] * np.array(axis)}))
    found = angles_deg(labeller.label(people[1], pose), coordinate)
    np.testing.assert_allclose(found - found[0], sign * turns, atol=tolerance)


def test_a_bent_knee_leaves_the_other_angles_alone(labeller, people, posed):
    pose = with_knee_twist(posed(right_knee=[[0, 0, 0], [45, 0, 0], [90, 0, 0]]))
    truth = labeller.label(people[0], pose)
    for name in ('hip_flexion_r', 'hip_rotation_r', 'ankle_angle_r', 'subtalar_angle_r'):
        assert np.ptp(angles_deg(truth, name)) < 3, name


def test_the_palm_turns_the_forearm_alone(labeller, people, posed):
    truth = labeller.label(people[1], posed(right_elbow=[[-40, 0, 0], [0, 0, 0], [40, 0, 0]]))
    assert np.ptp(angles_deg(truth, 'arm_rot_r')) < 5
    np.testing.assert_allclose(np.diff(angles_deg(truth, 'pro_sup_r')), 35, atol=6)


def test_the_mirrored_pose_has_the_mirrored_angles(labeller, people, body):
    pose = wide_poses(np.random.default_rng(2), measure(body), 20).pose
    mirrored = pose[:, list(MIRRORED_JOINTS)] * [1, -1, -1]
    truth = labeller.label_each([people[0]] * 20, pose)
    other = labeller.label_each([people[0]] * 20, mirrored)
    close = []
    for name in load_skeleton().coordinate_names:
        if name.endswith('_r'):
            gap = angles_deg(truth, name) - angles_deg(other, name[:-1] + 'l')
            close.append(np.abs((gap + 180) % 360 - 180) < 1.5)
    assert np.mean(close) > 0.97


def test_labels_keep_the_limits_and_follow_the_markers(labeller, people, body):
    pose = wide_poses(np.random.default_rng(3), measure(body), 60).pose
    truth = labeller.label_each([people[i % 3] for i in range(60)], pose)
    skeleton = labeller.anthropometry.skeleton
    coordinates = torch.as_tensor(truth.coordinates).double()
    assert (coordinates >= skeleton.lower_limits - 1e-5).all()
    assert (coordinates <= skeleton.upper_limits + 1e-5).all()
    assert truth.residual_rms_m.mean() < 0.012
    assert truth.scales.shape == (60, 21, 3)


def test_one_batch_of_many_persons_is_each_of_them_alone(labeller, people, posed):
    pose = posed(right_hip=[[-30, 0, 0], [-60, 10, 0], [0, 0, 20]], left_knee=[70, 0, 0])
    together = labeller.label_each(people, pose)
    for row, subject in enumerate(people):
        alone = labeller.label(subject, pose[row : row + 1])
        np.testing.assert_allclose(together.coordinates[row], alone.coordinates[0], atol=2e-3)
        np.testing.assert_allclose(together.markers_m[row], alone.markers_m[0], atol=1e-6)
    with pytest.raises(ValueError, match='expected one person per pose, got 2 and 3'):
        labeller.label_each(people[:2], pose)


def test_the_way_through_the_room_moves_the_pelvis_alone(labeller, people, posed):
    pose = posed(right_hip=[-30, 0, 0])
    here = labeller.label(people[0], pose).coordinates[0]
    there = labeller.label(people[0], pose, np.array([[0.1, 1.0, 2.0]])).coordinates[0]
    # Body axes x left, y up, z forward; OpenSim's x forward, y up, z right.
    np.testing.assert_allclose(there[3:6] - here[3:6], [2.0, 1.0, -0.1], atol=1e-4)
    np.testing.assert_allclose(np.delete(there - here, [3, 4, 5]), 0, atol=1e-3)


def test_a_motion_has_no_jumps_and_turns_run_on(labeller, people, posed):
    frames = 60
    pose = posed(right_shoulder=np.linspace([0, 0, 0], [0, 0, -60], frames))
    pose[:, 0, 1] = np.linspace(0, 4 * np.pi, frames)
    truth = labeller.label(people[0], pose)
    rotation = angles_deg(truth, 'pelvis_rotation')
    assert rotation[-1] - rotation[0] == pytest.approx(720, abs=1)
    rest = np.delete(np.degrees(truth.coordinates), [2, 3, 4, 5], axis=1)
    assert np.abs(np.diff(rest, axis=0)).max() < 6


def test_lying_persons_are_followed_too(labeller, people, posed):
    pose = posed(pelvis=np.linspace([0, 0, 0], [0, 0, 170], 30))
    truth = labeller.label(people[1], pose)
    assert truth.residual_rms_m.max() < 1e-4
    assert np.abs(angles_deg(truth, 'pelvis_list')).max() <= 90.001


def test_opensim_finds_the_same_angles(labeller, people, body):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.body.label_references import opensim_differences_deg
    from biopose_ros.evaluation.body.labels import PoseSet, marker_fit

    pose = wide_poses(np.random.default_rng(5), measure(body), 6).pose
    poses = PoseSet(pose, [people[0]] * 6, [''] * 6)
    differences = opensim_differences_deg(labeller, marker_fit(labeller, poses), range(6))
    assert np.nanpercentile(differences, 98) < 1
