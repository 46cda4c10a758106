from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.training.motion.activities import generate_activity
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.postures import postures
from biopose_ros.training.motion.recordings import read_recordings
from biopose_ros.training.motion.retarget import retarget
from biopose_ros.training.motion.rotations import (
    about,
    matrices_from_vectors,
    vectors_from_matrices,
)
from biopose_ros.training.motion.straightening import flexion_offsets_rad, straightened

KNEES = [JOINT['left_knee'], JOINT['right_knee']]
FEET = [JOINT['left_ankle'], JOINT['right_ankle']]


def crouched(clip, angle_deg):
    """Bend both knees of a standing clip, feet where they are, as a poor fit would."""
    turns = matrices_from_vectors(clip.pose)
    half = about(0, np.radians(0.5 * angle_deg))
    for side in ('left', 'right'):
        hip, knee, ankle = (JOINT[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle'))
        turns[:, hip] = turns[:, hip] @ half.T
        turns[:, knee] = turns[:, knee] @ half @ half
        turns[:, ankle] = half.T @ turns[:, ankle]
    bent = replace(clip, pose=vectors_from_matrices(turns).astype(np.float32))
    drop = clip.placed.soles_m[..., 1].min((1, 2)) - bent.placed.soles_m[..., 1].min((1, 2))
    moved = clip.translation_m + drop[:, None] * np.array([0.0, 1.0, 0.0])
    return replace(bent, translation_m=moved.astype(np.float32))


@pytest.fixture(scope='module')
def standing(body):
    return generate_activity('stand_still', np.random.default_rng(2), body)


def test_who_stands_with_straight_legs_is_left_alone(standing):
    knee, _ = flexion_offsets_rad(standing)
    assert np.degrees(knee) < 3.5


def test_a_constant_offset_goes_and_the_feet_stay(standing):
    bent = crouched(standing, 20.0)
    assert np.degrees(bent.pose[:, KNEES, 0]).min() > 20.0
    straight = straightened(bent)
    assert np.degrees(np.median(straight.pose[:, KNEES, 0].min(1))) == pytest.approx(4.0, abs=2.0)
    before, after = (clip.placed.rotations[:, FEET] for clip in (bent, straight))
    np.testing.assert_allclose(after, before, atol=1e-5)
    moved = straight.placed.positions_m[:, FEET] - bent.placed.positions_m[:, FEET]
    assert np.abs(moved).max() < 0.02
    hips = [JOINT['left_hip'], JOINT['right_hip']]
    risen = straight.placed.positions_m[:, hips, 1] - bent.placed.positions_m[:, hips, 1]
    assert risen.min() > 0.005


def test_deep_squats_stay_deep(motion_folder, body):
    recordings = list(read_recordings(motion_folder / 'cmu_exercises.npz'))
    clip = retarget(next(r for r in recordings if r.name.endswith('13_29')), body)
    before, after = (c.pose[:, KNEES, 0] for c in (clip, straightened(clip)))
    assert np.degrees(before.max() - after.max()) < 4.0
    standing = postures(clip)['standing']
    assert np.degrees(np.percentile(before[standing].min(1), 25)) > 15.0
    assert np.degrees(np.percentile(after[standing].min(1), 25)) < 6.0


def test_hanging_arms_lose_their_offset_and_raised_ones_keep_their_reach(motion_folder, body):
    for recording in read_recordings(motion_folder / 'cmu_exercises.npz'):
        clip = retarget(recording, body)
        hanging = postures(clip)['hanging arms']
        elbow = np.linalg.norm(clip.pose[hanging][:, [JOINT['left_elbow']]], axis=-1)
        if hanging.sum() < 10 or np.degrees(np.median(elbow)) < 30:
            continue
        along = matrices_from_vectors(straightened(clip).pose[hanging][:, JOINT['left_elbow']])
        flexion = np.degrees(np.arccos(np.clip(along[:, 0, 0], -1, 1)))
        assert np.median(flexion) < np.degrees(np.median(elbow)) - 5
        return
    pytest.fail('no clip with hanging arms')
