import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.training.motion.clip import mirror, refit
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.recordings import read_recordings
from biopose_ros.training.motion.retarget import retarget, split_hand

BONES = {
    ('LeftUpLeg', 'LeftLeg'): ('left_hip', 'left_knee'),
    ('LeftLeg', 'LeftFoot'): ('left_knee', 'left_ankle'),
    ('RightLeg', 'RightFoot'): ('right_knee', 'right_ankle'),
    ('LeftArm', 'LeftForeArm'): ('left_shoulder', 'left_elbow'),
    ('RightArm', 'RightForeArm'): ('right_shoulder', 'right_elbow'),
}


def directions(positions, start, end):
    bone = positions[:, end] - positions[:, start]
    return bone / np.linalg.norm(bone, axis=1, keepdims=True)


@pytest.fixture(scope='module')
def pairs(motion_folder, body):
    files = ('cmu_subjects_05_06_07', 'mesh2motion', 'deepmimic', 'cmu_gymnastics_jumps')
    recordings = [next(read_recordings(motion_folder / f'{name}.npz')) for name in files]
    return [(recording, retarget(recording, body)) for recording in recordings]


def test_limbs_point_as_in_the_source(pairs):
    for recording, clip in pairs:
        _, positions = recording.forward_kinematics()
        for source, target in BONES.items():
            wanted = directions(positions, *(recording.joint_names.index(n) for n in source))
            got = directions(clip.placed.positions_m, *(JOINT[name] for name in target))
            np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_forearm_points_as_in_the_source(pairs):
    for recording, clip in pairs:
        if 'LeftHand' not in recording.joint_names:
            continue
        _, positions = recording.forward_kinematics()
        ends = [recording.joint_names.index(name) for name in ('RightForeArm', 'RightHand')]
        got = directions(clip.placed.positions_m, JOINT['right_elbow'], JOINT['right_wrist'])
        np.testing.assert_allclose(got, directions(positions, *ends), atol=1e-5)


def test_feet_stand_on_the_floor(pairs):
    for _, clip in pairs:
        lowest = clip.placed.soles_m[..., 1].min(axis=(1, 2))
        assert lowest.min() > -1e-5
        assert np.percentile(lowest, 10) < 0.02


def test_composed_joints_keep_the_head_and_the_missing_ones_are_spread(pairs):
    for recording, clip in pairs:
        rotations, _ = recording.forward_kinematics()
        names = recording.joint_names
        head = 'Head' if 'Head' in names and recording.moved[names.index('Head')] else 'Neck'
        wanted = rotations[:, names.index(head)]
        np.testing.assert_allclose(clip.placed.rotations[:, JOINT['head']], wanted, atol=1e-5)


def test_path_is_scaled_by_leg_length(motion_folder):
    recording = next(read_recordings(motion_folder / 'deepmimic.npz'))
    tall, small = (retarget(recording, Proportions.typical(height)) for height in (1.9, 1.52))
    ratio = np.ptp(tall.translation_m, axis=0) / np.ptp(small.translation_m, axis=0)
    np.testing.assert_allclose(ratio, 1.9 / 1.52, rtol=0.02)
    again = refit(small, tall.proportions)
    np.testing.assert_allclose(again.translation_m, tall.translation_m, atol=0.02)


def test_recording_without_a_needed_joint_is_refused(small_recording, save, body):
    small_recording['joint_names'][4] = 'LeftShin'
    recording = next(read_recordings(save(small_recording)))
    with pytest.raises(ValueError, match=r"small/wave: the skeleton has no joint 'LeftLeg'"):
        retarget(recording, body)


def test_bad_frames_stay_marked(small_recording, save, body):
    small_recording['frame_ok'][3] = False
    clip = retarget(next(read_recordings(save(small_recording))), body)
    assert list(np.flatnonzero(~clip.valid)) == [3]


def test_hand_is_split_into_twist_and_swing():
    hand = Rotation.from_euler('x', 40, degrees=True) * Rotation.from_euler(
        'zy', [30, 10], degrees=True
    )
    twist, swing = split_hand(hand.as_matrix()[None])
    np.testing.assert_allclose((twist @ swing)[0], hand.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(twist[0, :, 0], [1.0, 0.0, 0.0], atol=1e-12)
    assert abs(Rotation.from_matrix(swing[0]).as_rotvec()[0]) < 0.02


def test_mirror_twice_is_identity_and_once_reflects_positions(pairs):
    for _, clip in pairs:
        once, twice = mirror(clip), mirror(mirror(clip))
        np.testing.assert_array_equal(twice.pose, clip.pose)
        np.testing.assert_array_equal(twice.translation_m, clip.translation_m)
        assert (once.group, twice.name) == (clip.group, clip.name)
        reflected = clip.placed.positions_m[:, JOINT['left_wrist']] * [-1.0, 1.0, 1.0]
        np.testing.assert_allclose(
            once.placed.positions_m[:, JOINT['right_wrist']], reflected, atol=1e-5
        )


def test_clip_refuses_wrong_shapes(pairs):
    from dataclasses import replace

    clip = pairs[0][1]
    with pytest.raises(ValueError, match=r'pose has shape .* expected'):
        replace(clip, pose=clip.pose[:, :20])
