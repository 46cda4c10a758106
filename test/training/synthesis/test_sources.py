from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.sources import (
    SUBJECT_TENTHS,
    choose_subject,
    motion_pool,
    subject_betas,
)


def test_no_subject_is_in_two_splits():
    random = np.random.default_rng(0)
    subjects = [{choose_subject(random, split) for _ in range(3000)} for split in Split]
    assert not subjects[0] & subjects[1]
    assert not subjects[0] & subjects[2]
    assert not subjects[1] & subjects[2]


def test_samples_hold_only_subjects_of_their_split_and_the_given_clips(chunk, clips):
    names = {clip.name for clip in clips}
    assert all(sample.clip in names for sample in chunk)
    assert all(sample.subject % 10 in SUBJECT_TENTHS[Split.TRAIN] for sample in chunk)


def test_subjects_are_adults_of_the_population(body):
    betas = np.stack(
        [subject_betas(number, body.data.population, body.num_components) for number in range(400)]
    )
    mean = body.data.population.mean.mean(0)
    np.testing.assert_allclose(betas.mean(0), mean, atol=0.25)
    np.testing.assert_array_equal(betas[7], subject_betas(7, body.data.population, 16))
    assert np.isclose(subject_betas(3, None, 5).std(), 1.0, atol=0.8)


def test_invalid_frames_are_never_drawn(clips):
    chosen = clips[0]
    pool = motion_pool([replace(chosen, valid=np.array([False, True, True, False]))])
    random = np.random.default_rng(0)
    frames = {int(pool.frame[pool.choose(random)]) for _ in range(50)}
    assert frames == {1, 2}


def test_a_jump_leaves_the_floor_and_a_wrong_floor_does_not(clips):
    chosen = clips[0]
    frames = 90
    height = np.zeros(frames)
    height[40:50] = 0.3
    still = replace(
        chosen,
        pose=np.zeros((frames, 24, 3), np.float32),
        translation_m=np.tile(chosen.translation_m[:1], (frames, 1))
        + (height[:, None] * [0.0, 1.0, 0.0] + [0.0, 0.2, 0.0]).astype(np.float32),
        valid=np.ones(frames, bool),
    )
    np.testing.assert_allclose(motion_pool([still]).clearance_m, height, atol=1e-5)


def test_no_motion_says_so(clips):
    unusable = replace(clips[0], valid=np.zeros(len(clips[0]), bool))
    with pytest.raises(ValueError, match='no motion clip with a usable frame'):
        motion_pool([unusable])


def test_motion_that_is_not_finite_names_clip_and_field(clips):
    chosen = clips[0]
    broken = replace(chosen, pose=np.full_like(chosen.pose, np.nan))
    with pytest.raises(ValueError, match=rf'motion clip {chosen.name}: pose holds numbers'):
        motion_pool([broken])
