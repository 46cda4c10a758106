"""Properties that every synthesised activity keeps."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.training.motion.activities import (
    ACTIVITIES,
    draw_activity,
    generate_activity,
    walking,
)
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.proportions import random_body
from biopose_ros.training.motion.rotations import matrices_from_vectors, vectors_from_matrices

SEEDS = (3, 11)
FEET_STAY = ('sit_to_stand', 'stand_to_sit', 'chair_stands', 'squat', 'stand_still', 'wave')
QUASI_STATIC = ('squat', 'deep_squat', 'stand_idle', 'reach', 'hand_over', 'lift_from_table')
STEPPING = ('walk', 'walk_and_turn', 'walk_carrying', 'turn_in_place', 'step_up')


@pytest.fixture(scope='module')
def clips():
    made = {}
    for name in ACTIVITIES:
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            made[name, seed] = generate_activity(name, rng, random_body(rng), str(seed))
    return made


@pytest.fixture(params=[(name, seed) for name in ACTIVITIES for seed in SEEDS], ids=str)
def clip(request, clips):
    return clips[request.param]


def turning_speeds(clip):
    local = matrices_from_vectors(clip.pose)
    steps = vectors_from_matrices(np.swapaxes(local[:-1], -1, -2) @ local[1:])
    return np.linalg.norm(steps, axis=-1) * clip.fps


def test_bones_keep_their_length(clip):
    positions = clip.placed.positions_m
    for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
        length = np.linalg.norm(positions[:, joint] - positions[:, parent], axis=1)
        wanted = np.linalg.norm(clip.proportions.offsets_m[joint])
        np.testing.assert_allclose(length, wanted, atol=1e-5)


def test_knees_and_elbows_are_hinges_within_limits(clip):
    for side in ('left', 'right'):
        knee = np.degrees(clip.pose[:, JOINT[f'{side}_knee']])
        assert knee[:, 0].min() > -0.1
        assert knee[:, 0].max() < 151.0
        np.testing.assert_allclose(knee[:, 1:], 0.0, atol=1e-3)
        outward = 1.0 if side == 'left' else -1.0
        forearm = matrices_from_vectors(clip.pose[:, JOINT[f'{side}_elbow']])[:, :, 0] * outward
        flexion = np.degrees(np.arctan2(forearm[:, 2], forearm[:, 0] * outward))
        np.testing.assert_allclose(forearm[:, 1], 0.0, atol=1e-5)
        assert flexion.min() > -0.5
        assert flexion.max() < 151.0


def test_soles_do_not_sink_into_the_floor(clip):
    assert clip.placed.soles_m[..., 1].min() > -0.015


def test_a_foot_is_always_on_the_floor(clip):
    lowest = clip.placed.soles_m[..., 1].min(axis=(1, 2))
    highest_stair = 0.75 if clip.activity == 'step_up' else 0.01
    assert lowest.max() < highest_stair


def test_joints_turn_no_faster_than_people(clip):
    # 20 rad/s is a throw's elbow; everyday motion stays far below.
    assert turning_speeds(clip).max() < 20.0


def test_standing_feet_do_not_slide(clip):
    soles = clip.placed.soles_m
    flat = (soles[..., 1] < 0.003).all(axis=-1)  # [frames, feet]
    speed = np.linalg.norm(np.diff(soles, axis=0), axis=-1).max(axis=-1)
    stands = flat[1:] & flat[:-1]
    assert np.where(stands, speed, 0.0).max() < 0.01


@pytest.mark.parametrize('name', FEET_STAY)
def test_planted_feet_stay_within_a_centimetre(clips, name):
    for seed in SEEDS:
        toes = clips[name, seed].placed.soles_m[:, :, 1:3]
        assert np.ptp(toes, axis=0).max() < 0.01


@pytest.mark.parametrize('name', QUASI_STATIC)
def test_centre_of_mass_stays_over_the_feet(clips, name):
    for seed in SEEDS:
        clip = clips[name, seed]
        inside = [
            _distance_outside(
                clip.placed.soles_m[i].reshape(8, 3), clip.placed.centre_of_mass_m[i]
            )
            for i in range(0, len(clip), 5)
        ]
        # A load in the hands shifts the body's own centre back, by its share of the mass.
        assert max(inside) < (0.06 if name == 'lift_from_table' else 0.005)


def _distance_outside(soles, centre):
    hull = ConvexHull(soles[:, [0, 2]])
    return (hull.equations[:, :2] @ centre[[0, 2]] + hull.equations[:, 2]).max()


def test_sit_to_stand_goes_from_the_seat_to_upright(clips):
    for seed in SEEDS:
        clip = clips['sit_to_stand', seed]
        knee = np.degrees(clip.pose[:, JOINT['left_knee'], 0])
        assert knee[0] > 50.0
        assert knee[-1] < 15.0
        lean = np.degrees(np.arccos(clip.placed.rotations[:, JOINT['spine3'], 1, 1]))
        assert lean.max() > lean[0] + 10.0
        assert lean[-1] < 12.0
        assert clip.placed.soles_m[..., 1].max() < 0.05


def test_deep_squat_is_deeper_than_squat(clips):
    def depth(name):
        knees = [np.degrees(clips[name, seed].pose[:, [4, 5], 0]).max() for seed in SEEDS]
        return min(knees), max(knees)

    assert depth('deep_squat')[0] > 100.0
    assert 40.0 < depth('squat')[0] <= depth('squat')[1] < 115.0


def test_walking_has_the_shape_of_gait():
    together = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        clip = walking.walk_at(rng, random_body(rng), 1.25, 0.0).clip('walk/0')
        knee = np.degrees(clip.pose[:, JOINT['left_knee'], 0])
        assert 50.0 < knee.max() < 85.0  # swing peak near 60 degrees (Perry 1992)
        assert knee.min() < 15.0
        wrist, ankle = (
            clip.placed.positions_m[30:70, JOINT[f'left_{name}'], 2] - clip.translation_m[30:70, 2]
            for name in ('wrist', 'ankle')
        )
        together.append(np.corrcoef(wrist, ankle)[0, 1])
    assert np.median(together) < -0.5  # an arm swings against its own leg


def test_same_seed_same_clip_and_other_seed_another():
    for name in ('walk', 'kneel', 'lift_from_floor'):
        first, again, other = (
            generate_activity(
                name, np.random.default_rng(s), random_body(np.random.default_rng(0))
            )
            for s in (5, 5, 6)
        )
        np.testing.assert_array_equal(first.pose, again.pose)
        np.testing.assert_array_equal(first.translation_m, again.translation_m)
        assert len(first) != len(other) or not np.array_equal(first.pose, other.pose)


def test_every_activity_can_be_drawn_and_unknown_ones_are_refused():
    rng = np.random.default_rng(0)
    assert {draw_activity(rng) for _ in range(2000)} == set(ACTIVITIES)
    with pytest.raises(ValueError, match=r"no activity 'sit_to_fly'; there are sit_to_stand, "):
        generate_activity('sit_to_fly', rng, random_body(rng))
