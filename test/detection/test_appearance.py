import numpy as np
import pytest
import torch
from clips import REAL, cut
from scipy.ndimage import map_coordinates

from biopose_ros.detection.appearance import LEVELS, Appearance, appearance_features
from biopose_ros.detection.landmark_network import CropReading, LandmarkNetwork
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import FeatureMaps, MapBatch
from biopose_ros.settings import DetectionConfig
from biopose_ros.training.appearance import draw_figures
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

CHANNELS = 3


def readings(maps, keypoints):
    """Readings of one call whose network gave these maps."""
    batch = MapBatch({name: torch.tensor(level) for name, level in maps.items()})
    unused = np.zeros(2)
    return [
        CropReading(np.array(1.0), points, unused, unused, unused, FeatureMaps(batch, row))
        for row, points in enumerate(keypoints)
    ]


@pytest.fixture
def crops():
    random = np.random.default_rng(0)
    maps = {
        name: random.normal(size=(2, CHANNELS, side, side)).astype(np.float32)
        for name, side in zip(LEVELS, (64, 32), strict=True)
    }
    return maps, random.uniform(-0.1, 1.1, (2, 33, 2))


def test_the_face_is_read_where_scipy_samples_it(crops):
    """Points outside count as at the edge; the reference is scipy's map_coordinates."""
    maps, keypoints = crops
    face = [
        landmark_index(name)
        for name in ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
        + ('mouth_left', 'mouth_right')
    ]
    sampled = np.array([
        [map_coordinates(channel, cells, order=1, mode='nearest') for channel in channels]
        for channels, cells in zip(
            maps[LEVELS[0]], (64 * keypoints[:, face, ::-1] - 0.5).transpose(0, 2, 1), strict=True
        )
    ])  # fmt: skip
    features = appearance_features(readings(maps, keypoints))
    np.testing.assert_allclose(features[:, :CHANNELS], sampled.mean(-1), atol=1e-4)
    spread = features[:, CHANNELS : 2 * CHANNELS]
    np.testing.assert_allclose(spread, sampled.std(-1), atol=1e-4)


def test_each_crop_is_read_in_its_own_maps(crops):
    maps, keypoints = crops
    both = readings(maps, keypoints)
    features = appearance_features(both)
    assert features.shape == (2, len(LEVELS) * 7 * 2 * CHANNELS)
    np.testing.assert_array_equal(appearance_features(both[1:]), features[1:])
    np.testing.assert_array_equal(appearance_features(both[::-1]), features[::-1])


def test_log_odds_are_a_weighted_sum_also_after_saving(crops, tmp_path, monkeypatch):
    judged = readings(*crops)
    features = appearance_features(judged)
    learnt = Appearance(np.linspace(-1, 1, features.shape[1]), 0.5)
    np.testing.assert_allclose(learnt.log_odds(judged), features @ learnt.weights + 0.5)
    (tmp_path / 'weights').mkdir()
    learnt.save(tmp_path / 'weights' / 'appearance_full.safetensors', 'a test')
    monkeypatch.setenv('BIOPOSE_FILES', str(tmp_path))
    again = Appearance.load('full')
    assert again is not None
    np.testing.assert_allclose(again.log_odds(judged), learnt.log_odds(judged), rtol=1e-5)
    assert Appearance.load('lite') is None


def test_a_network_without_maps_cannot_judge():
    bare = CropReading(*[np.zeros((33, 2))] * 5)
    with pytest.raises(ValueError, match='feature maps'):
        appearance_features([bare])


@pytest.mark.parametrize('model', ['full', 'heavy'])
def test_real_persons_look_like_persons(imported, model):
    """Of this man nothing was learnt."""
    if f'pose_landmark_{model}' not in imported:
        pytest.skip(f'the network {model} is not imported')
    tracker = PersonTracker(DetectionConfig(threads=1, model=model), 'cpu', with_maps=True)
    odds = []
    for frame in cut(REAL / 'sit_to_stand' / 'cam0_test.mp4', 60, 120, 4):
        odds += [crop.person_odds for crop in tracker.update(frame.image_bgr, frame.stamp_ns)]
    assert len(odds) >= 10
    assert min(odds) > 1.0


def test_drawn_robots_look_less_like_persons(imported):
    """On scenes of the test split; the shares over many are in docs/confidence.md."""
    generator = build_generator(SynthesisConfig('test', 5, synthetic_clips=40))
    network = LandmarkNetwork('full', 'cpu', 1, with_maps=True)
    figures = draw_figures(generator, network, 16)
    learnt = Appearance.load('full')
    log_odds = figures.features @ learnt.weights + learnt.bias
    persons, others = log_odds[figures.is_person], log_odds[~figures.is_person]
    assert min(len(persons), len(others)) >= 5
    assert np.median(persons) > np.median(others) + 0.5
