from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from biopose_ros.detection.landmark_network import CropReading
from biopose_ros.evaluation.detection.keypoint_errors import KeypointErrors, keypoint_errors
from biopose_ros.evaluation.detection.keypoint_statistics import keypoint_statistics, part_of
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, MIRROR_INDEX
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes

SIDE_PX = 256


class TruthfulNetwork:
    """Reads the markers off the samples that it is given, a little to the right."""

    def __init__(self, samples, shift_px: float, mirrored: bool = False) -> None:
        self.samples = iter(samples)
        self.shift_px = np.array([shift_px, 0.0])
        self.order = list(MIRROR_INDEX) if mirrored else list(range(len(LANDMARK_NAMES)))
        table = load_markers()
        self.rows = [table.index(f'bp_{name}') for name in LANDMARK_NAMES]

    def read(self, pictures):
        return [self._reading(next(self.samples)) for _ in pictures]

    def _reading(self, sample) -> CropReading:
        found_px = sample.markers_px[self.rows][self.order] + self.shift_px
        places = (found_px + 0.5) / SIDE_PX
        sure = np.ones(len(LANDMARK_NAMES))
        return CropReading(np.array(1.0), places, sure, np.zeros((33, 3)), np.zeros((2, 2)))


@pytest.fixture(scope='module')
def samples():
    config = SynthesisConfig(split='validation', seed=2, activities=('squat',))
    return build_sequence_generator(config).chunk(0)


def test_a_network_that_is_right_has_no_error(samples):
    errors = keypoint_errors(samples, TruthfulNetwork(samples, 0.0), load_markers())
    np.testing.assert_allclose(errors.error_m, 0.0, atol=1e-3)
    np.testing.assert_allclose(errors.error_px, 0.0, atol=1e-2)
    assert not errors.is_swapped.any()


def test_errors_are_pixels_at_the_points_own_depth(samples):
    errors = keypoint_errors(samples, TruthfulNetwork(samples, 3.0), load_markers())
    np.testing.assert_allclose(errors.error_px, 3.0, atol=1e-3)
    sample, row = samples[0], load_markers().index('bp_left_knee')
    scale = np.linalg.norm(sample.crop_from_image[0, :2]) * sample.intrinsics_px[0, 0]
    expected_m = 3.0 / scale * sample.markers_m[row, 2]
    found_m = np.linalg.norm(errors.error_m[0, LANDMARK_NAMES.index('left_knee')])
    assert found_m == pytest.approx(expected_m, rel=0.02)


def test_confused_sides_are_seen(samples):
    network = TruthfulNetwork(samples, 0.0, mirrored=True)
    errors = keypoint_errors(samples, network, load_markers())
    assert errors.is_swapped.mean() > 0.9


def drawn_errors(frames: int = 3000, seed: int = 0) -> KeypointErrors:
    """Errors of known bias and spread on bodies that turn: 30 sequences."""
    random = np.random.default_rng(seed)
    turn = np.linspace(0, 12 * np.pi, frames)
    rotation = np.zeros((frames, 3, 3))
    rotation[:, 0, 0] = rotation[:, 2, 2] = np.cos(turn)
    rotation[:, 0, 2], rotation[:, 2, 0], rotation[:, 1, 1] = np.sin(turn), -np.sin(turn), 1.0
    body_m = random.normal(size=(len(MARKER_NAMES), 3)) * 0.3
    markers_m = body_m @ np.swapaxes(rotation, 1, 2)
    parts = PartAxes()(torch.from_numpy(markers_m).float(), torch.ones(markers_m.shape[:2]))
    part = parts.rotations.numpy()[:, part_of('left_hip')]
    error_m = 0.02 * random.normal(size=(frames, 33, 2))
    error_m[:, LANDMARK_NAMES.index('left_hip')] += (part @ [0.01, -0.02, 0.03])[:, [2, 1]]
    return KeypointErrors(
        sequence=np.repeat(np.arange(30), frames // 30),
        error_m=error_m,
        error_px=np.linalg.norm(error_m, axis=-1) * 100,
        confidence=random.uniform(0.0, 1.0, (frames, 33)),
        presence=np.ones(frames),
        is_inside=np.ones((frames, 33), bool),
        is_swapped=np.zeros(frames, bool),
        markers_m=markers_m,
    )


def test_bias_in_body_axes_and_spread_are_found_again():
    found = keypoint_statistics(drawn_errors())
    hip = found.landmarks['left_hip']
    assert hip.part == 'pelvis'
    np.testing.assert_allclose(hip.bias_m, [0.01, -0.02, 0.03], atol=0.003)
    assert hip.stddev_m == pytest.approx(0.02, rel=0.05)
    assert hip.correlation[1] == pytest.approx(0.0, abs=0.05)
    assert hip.lasting_share < 0.05
    assert sum(part.share for part in found.confidence) == pytest.approx(1.0)
    assert all(part.stddev == pytest.approx(1.0, rel=0.1) for part in found.confidence)


def test_confusions_are_counted_by_spells():
    errors = drawn_errors()
    swapped = errors.is_swapped.copy()
    swapped[100:110] = swapped[500:520] = True
    found = keypoint_statistics(replace(errors, is_swapped=swapped))
    assert found.swapped_share == pytest.approx(0.01)
    assert found.swapped_frames == pytest.approx(15.0)


@pytest.mark.parametrize(
    ('landmark', 'part'),
    [('nose', 'head'), ('left_hip', 'pelvis'), ('right_foot_index', 'foot_r'),
     ('left_index', 'hand_l'), ('right_knee', 'femur_r'), ('left_shoulder', 'torso')],
)  # fmt: skip
def test_landmarks_belong_to_parts(landmark, part):
    assert BODY_PARTS[part_of(landmark)].name == part
