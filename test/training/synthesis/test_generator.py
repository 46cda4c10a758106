from __future__ import annotations

from dataclasses import fields

import cv2
import numpy as np
import pytest
import torch

from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.records import SyntheticSample, Visibility
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator, load_clips


def assert_same(first: SyntheticSample, second: SyntheticSample):
    for field in fields(SyntheticSample):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


def test_same_seed_gives_the_same_bytes_in_any_order(generator, chunk):
    generator.chunk(1)
    for first, second in zip(chunk, generator.chunk(0), strict=True):
        assert_same(first, second)


def test_another_seed_gives_other_images(clips, chunk):
    other = build_generator(SynthesisConfig(seed=4, side_px=128), clips).chunk(0)
    assert all(np.any(a.image_bgr != b.image_bgr) for a, b in zip(chunk, other, strict=True))


def test_indices_count_on(generator, chunk):
    assert [sample.index for sample in chunk] == list(range(CHUNK))


def test_pose_shape_and_translation_rebuild_the_joints(body, chunk):
    for sample in chunk:
        mesh = body(*(torch.from_numpy(np.asarray(value)) for value in
                      (sample.pose, sample.betas, sample.translation_m)))  # fmt: skip
        np.testing.assert_allclose(mesh.joints_m.numpy(), sample.joints_m, atol=2e-5)


def test_joints_land_where_opencv_projects_them(chunk):
    for sample in chunk:
        in_front = sample.joints_m[:, 2] > 0.1
        pixels, _ = cv2.projectPoints(
            sample.joints_m[in_front].astype(np.float64), np.zeros(3), np.zeros(3),
            sample.intrinsics_px.astype(np.float64), None,
        )  # fmt: skip
        in_crop = cv2.perspectiveTransform(pixels, sample.crop_from_image.astype(np.float64))
        np.testing.assert_allclose(in_crop[:, 0], sample.joints_px[in_front], atol=0.05)


def test_seen_joints_lie_on_the_person(generator):
    on_person, seen = 0, 0
    for sample in generator.chunk(2) + generator.chunk(3):
        visible = sample.joint_visibility == Visibility.VISIBLE
        column, row = np.rint(sample.joints_px[visible]).astype(int).T
        on_person += int(np.sum(sample.segmentation[row, column] == 1))
        seen += int(visible.sum())
    assert seen > 150
    assert on_person > 0.97 * seen


def test_gravity_points_down_in_the_image_of_an_upright_camera(chunk):
    for sample in chunk:
        assert np.isclose(np.linalg.norm(sample.gravity), 1.0, atol=1e-5)
    assert np.median([abs(sample.gravity[1]) for sample in chunk]) > 0.9


def test_people_stand_on_the_floor_below_the_camera(chunk, body):
    for sample in chunk:
        mesh = body(*(torch.from_numpy(np.asarray(value)) for value in
                      (sample.pose, sample.betas, sample.translation_m)))  # fmt: skip
        lowest = float((mesh.vertices_m.numpy() @ sample.gravity).max())
        assert 0.29 < lowest < 3.01  # the camera's height


def test_markers_come_with_the_body(generator, chunk):
    names = generator.markers.names
    for sample in chunk:
        assert sample.markers_m.shape == (len(names), 3)
        assert sample.markers_px.shape == (len(names), 2)
        spread = np.linalg.norm(sample.markers_m - sample.joints_m[0], axis=1)
        assert spread.max() < 1.5


def test_a_tie_to_the_skeleton_is_asked_once_per_chunk(clips):
    asked = []

    def tie(pose, betas, translation_m):
        asked.append((pose.shape, betas.shape, translation_m.shape))
        return np.full((len(pose), 40), 0.5), np.ones((len(pose), 12, 3))

    config = SynthesisConfig(side_px=64)
    samples = build_generator(config, clips, tie).chunk(0)
    assert asked == [((CHUNK, 24, 3), (CHUNK, 16), (CHUNK, 3))]
    assert samples[0].coordinates.shape == (40,)
    assert samples[0].scales.shape == (12, 3)


def test_unknown_activities_are_named():
    config = SynthesisConfig(activities=('squat', 'flying'))
    with pytest.raises(ValueError, match="unknown activity 'flying'; there are: sit_to_stand"):
        build_generator(config)


def test_wanted_activities_are_made_for_their_split(body):
    names = [
        {clip.name for clip in load_clips(body, config, split)}
        for config in [SynthesisConfig(activities=('sit',), synthetic_clips=30)]
        for split in Split
    ]
    assert all('sit' in name for name in set.union(*names))
    assert sum(map(len, names)) == len(set.union(*names)) == 30


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ({'split': 'tset'}, "unknown split 'tset'; choose one of train, validation, test"),
        ({'seed': -1}, 'seed must not be negative, got -1'),
        ({'side_px': 7}, 'side_px must lie between 32 and 2048, got 7'),
    ],
)
def test_wrong_options_are_named(clips, options, text):
    with pytest.raises(ValueError, match=text):
        build_generator(SynthesisConfig(**options), clips)
