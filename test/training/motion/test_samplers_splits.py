from collections import Counter

import numpy as np
import pytest
import torch

from biopose_ros.body import load_body
from biopose_ros.training.labels import Anthropometry, Labeller
from biopose_ros.training.motion.activities import generate_activity
from biopose_ros.training.motion.clip import cut, mirror
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.library import recorded_clips
from biopose_ros.training.motion.recordings import MotionFileError
from biopose_ros.training.motion.samplers import wide_poses
from biopose_ros.training.motion.splits import (
    HELD_OUT_GROUPS,
    Split,
    group_of,
    split_clips,
    split_of_group,
)


@pytest.fixture(scope='module')
def library(motion_folder, body):
    return recorded_clips(motion_folder, body)


@pytest.fixture(scope='module')
def few(body):
    return [generate_activity(name, np.random.default_rng(1), body) for name in ('squat', 'wave')]


def knees_deg(clip):
    return np.degrees(clip.pose[:, [JOINT['left_knee'], JOINT['right_knee']]])


def test_wide_poses_stay_in_range_and_are_correlated(body):
    poses = wide_poses(np.random.default_rng(0), body, 3000)
    knees = knees_deg(poses)[..., 0]
    assert -0.01 < knees.min() < 5.0
    assert 130.0 < knees.max() <= 145.01
    assert np.corrcoef(knees.T)[0, 1] > 0.4
    assert np.abs(poses.placed.positions_m[..., 1].min(axis=1)).max() < 0.2
    again = wide_poses(np.random.default_rng(0), body, 3000)
    np.testing.assert_array_equal(poses.pose, again.pose)


def test_splits_are_disjoint_by_group_and_cover_every_file(library):
    splits = split_clips(library)
    groups = {split: {clip.group for clip in clips} for split, clips in splits.items()}
    assert not groups[Split.TRAIN] & groups[Split.TEST]
    assert not groups[Split.TRAIN] & groups[Split.VALIDATION]
    assert not groups[Split.VALIDATION] & groups[Split.TEST]
    assert sum(len(clips) for clips in splits.values()) == len(library)
    files = Counter(clip.source for clip in library)
    several = {file for file, clips in files.items() if clips >= 10}  # else chance decides
    for split in Split:
        assert {clip.source for clip in splits[split]} >= several
    assert groups[Split.TEST] >= HELD_OUT_GROUPS
    assert len(splits[Split.TRAIN]) > 0.7 * len(library)


def test_one_split_is_read_without_the_others(library, motion_folder, body):
    read = recorded_clips(motion_folder, body, Split.TEST)
    wanted = split_clips(library)[Split.TEST]
    assert [clip.name for clip in read] == [clip.name for clip in wanted]
    np.testing.assert_array_equal(read[0].pose, wanted[0].pose)


def test_mirrored_and_cut_clips_stay_with_their_source(library):
    derived = [mirror(clip) for clip in library] + [cut(clip, 0, 5) for clip in library]
    splits = split_clips([*library, *derived])
    plain = split_clips(library)
    for split, clips in splits.items():
        assert {clip.group for clip in clips} == {clip.group for clip in plain[split]}


def test_synthetic_clips_split_by_name():
    names = [f'squat/{number}' for number in range(2000)]
    counts = {split: sum(split_of_group(name) is split for name in names) for split in Split}
    assert sum(counts.values()) == len(names)
    assert 140 < counts[Split.TEST] < 260
    assert 140 < counts[Split.VALIDATION] < 260


def test_overlapping_takes_and_partners_share_a_group():
    assert group_of('deepmimic/stealthy_walk1') == group_of('deepmimic/stealthy_walk')
    assert group_of('cmu_dance_martial/salsa_16') == group_of('cmu_dance_martial/salsa_01')
    assert group_of('cmu_subjects_01_02_03/02_01') == 'cmu_subjects_01_02_03/02_01'


def test_opensim_coordinates_become_the_same_angles(library):
    squat = next(clip for clip in library if clip.name.endswith('kirsten_DLS01'))
    knees = knees_deg(squat)[..., 0]
    # Quality-1 clip of double-leg squats with raised arms: 117 degrees at most in the source.
    assert 110.0 < knees.max() < 120.0
    wrists = squat.placed.positions_m[:, [JOINT['left_wrist'], JOINT['right_wrist']]]
    shoulders = squat.placed.positions_m[:, [JOINT['left_shoulder'], JOINT['right_shoulder']]]
    assert np.median((wrists - shoulders)[..., 2]) > 0.3  # arms forward


def test_labels_give_opensim_coordinates_back(library, motion_folder):
    walk = next(clip for clip in library if clip.name.endswith('gait2392_subject01_walk1'))
    mean_body = load_body()
    labeller = Labeller(Anthropometry(mean_body))
    subject = labeller.anthropometry.subject(torch.zeros(mean_body.num_components))
    frames = slice(0, 20)
    found = labeller.label(subject, walk.pose[frames]).coordinates
    skeleton = labeller.anthropometry.skeleton
    with np.load(motion_folder / 'opensim_coordinates.npz') as archive:
        fields = dict(archive)
    clip = list(fields['clip_names']).index('gait2392_subject01_walk1')
    source = fields['angles'][int(fields['clip_start'][clip]) :][frames]
    for name in (
        'pelvis_tilt',
        'hip_flexion_r',
        'knee_angle_l',
        'ankle_angle_r',
        'lumbar_bending',
    ):
        column = skeleton.coordinate_index(name)
        wanted = source[:, list(fields['coord_names']).index(name)]
        np.testing.assert_allclose(found[:, column], wanted, atol=np.radians(1.5), err_msg=name)


def test_opensim_file_with_an_unknown_coordinate_is_refused(motion_folder, save, body):
    from biopose_ros.training.motion.opensim_coordinates import read_opensim_clips

    with np.load(motion_folder / 'opensim_coordinates.npz') as archive:
        fields = dict(archive)
    fields['coord_names'] = fields['coord_names'].copy()
    fields['coord_names'][3] = 'hip_bend_r'
    with pytest.raises(MotionFileError, match=r"field 'coord_names' holds unknown .*hip_bend_r"):
        next(read_opensim_clips(save(fields, 'opensim_coordinates'), body))
    del fields['angles']
    with pytest.raises(MotionFileError, match=r"field 'angles' is missing"):
        next(read_opensim_clips(save(fields, 'opensim_coordinates'), body))
