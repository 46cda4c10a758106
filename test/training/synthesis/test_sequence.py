from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.frames import camera_to_ground
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.motion.clip import cut
from biopose_ros.training.motion.splits import Split, split_of_group
from biopose_ros.training.synthesis.casting import Casting
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.sequence import INDICES
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
from biopose_ros.training.synthesis.sources import SUBJECT_TENTHS
from biopose_ros.training.synthesis.tie import LabelTie

SIDE_PX = 96


@pytest.fixture(scope='module')
def generator(body):
    config = SynthesisConfig(split='test', seed=5, side_px=SIDE_PX)
    return build_sequence_generator(config, tie=LabelTie(body).motion)


@pytest.fixture(scope='module')
def sequences(generator):
    return [generator.chunk(number) for number in range(6)]


def test_seed_and_number_fix_every_byte(generator, sequences):
    again = generator.chunk(2)
    assert len(again) == len(sequences[2])
    for first, second in zip(sequences[2], again, strict=True):
        for field in fields(SyntheticSample):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


def test_frames_follow_one_another(sequences):
    for number, samples in enumerate(sequences):
        assert 20 <= len(samples) <= 90
        assert [s.index - number * INDICES for s in samples] == list(range(len(samples)))
        assert np.all(np.diff([s.frame for s in samples]) == 1)


def test_one_person_of_the_split_moves_through_a_sequence(sequences):
    for samples in sequences:
        assert len({(s.subject, s.clip) for s in samples}) == 1
        assert samples[0].subject % 10 in SUBJECT_TENTHS[Split.TEST]
        assert split_of_group(samples[0].clip.partition('[')[0]) is Split.TEST
        for sample in samples:
            np.testing.assert_array_equal(sample.betas, samples[0].betas)
            np.testing.assert_array_equal(sample.intrinsics_px, samples[0].intrinsics_px)


def test_nothing_jumps(sequences):
    for samples in sequences:
        joints = np.stack([s.joints_m for s in samples])
        assert np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() < 0.4
        matrices = np.stack([s.crop_from_image for s in samples])
        sizes = SIDE_PX / np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
        assert np.abs(np.diff(np.log(sizes))).max() < 0.3
        light = np.array([s.image_bgr[s.segmentation == 1].mean() for s in samples])
        assert np.abs(np.diff(light)).max() < 40.0


def test_every_frame_has_its_own_noise(sequences):
    for samples in sequences:
        assert all(np.any(a.image_bgr != b.image_bgr) for a, b in pairwise(samples))


def test_the_skeleton_follows_the_body_without_jumps(sequences):
    skeleton = load_skeleton()
    for samples in sequences:
        coordinates = np.stack([s.coordinates for s in samples])
        assert np.abs(np.diff(coordinates, axis=0)).max() < 0.8
        frames = skeleton.forward_kinematics(
            torch.from_numpy(coordinates), torch.from_numpy(samples[0].scales)
        )
        knee = frames.positions_m[:, skeleton.segment_index('tibia_r')].numpy()
        true = camera_to_ground(np.stack([s.joints_m[5] for s in samples]))
        assert np.linalg.norm(knee - true, axis=1).mean() < 0.03


def test_rays_meet_the_markers(sequences):
    for sample in sequences[0][::10]:
        rays = sample.rays(sample.markers_px)
        np.testing.assert_allclose(
            rays * sample.markers_m[:, 2:], sample.markers_m, rtol=1e-3, atol=1e-3
        )


def test_people_stay_on_the_floor(sequences, body):
    for samples in sequences:
        lowest = []
        for sample in samples[::8]:
            mesh = body(*(torch.from_numpy(np.asarray(value)) for value in
                          (sample.pose, sample.betas, sample.translation_m)))  # fmt: skip
            lowest.append(float((mesh.vertices_m.numpy() @ sample.gravity).max()))
        assert np.ptp(lowest) < 0.15  # a camera in the hand sways a little


def test_recordings_are_used_beside_activities(body, clips):
    recordings = [cut(clip, 0, 3) for clip in clips[:4]]
    casting = Casting(body, Split.TRAIN, recordings)
    random = np.random.default_rng(0)
    names = [casting.role(random, str(i), 30).clip.name.partition('/')[0] for i in range(40)]
    assert 5 < names.count('stand') < 25


def test_without_motion_there_is_no_sequence(body):
    with pytest.raises(ValueError, match='no activity and no recorded clip'):
        Casting(body, Split.TRAIN, [], ())


def test_sequences_go_on_a_sheet(tmp_path):
    path = tmp_path / 'sheet.png'
    arguments = ['synth', '--sequences', '--count', '1', '--activity', 'squat', '--workers', '0']
    result = CliRunner().invoke(app, [*arguments, '--sheet', str(path)])
    assert result.exit_code == 0, result.output
    assert '10 images' in result.output
    assert path.stat().st_size > 10_000


def test_photographs_stay_with_single_images(tmp_path):
    arguments = ['synth', '--sequences', '--backgrounds', str(tmp_path), '--sheet', 'a.png']
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert 'no --backgrounds here' in result.output
