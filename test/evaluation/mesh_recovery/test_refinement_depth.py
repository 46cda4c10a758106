import numpy as np
import pytest
import torch

from biopose_ros.evaluation.mesh_recovery.refinement_depth import DepthConfig, compare_depths
from biopose_ros.mesh_recovery.mesh_file import default_weights, load_mesh_recovery
from biopose_ros.refinement.landmark_points import LandmarkPlaces
from biopose_ros.training.mesh.data import MeshData
from biopose_ros.training.mesh.map_store import StoreConfig, fill_store
from biopose_ros.training.mesh.measures import mesh_measures
from biopose_ros.training.synthesis.setup import SynthesisConfig


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    images = SynthesisConfig('validation', seed=3, synthetic_clips=4, activities=('squat',))
    folder = tmp_path_factory.mktemp('store')
    return folder, fill_store(folder, StoreConfig(images, 'full', 1), workers=1)


@pytest.fixture(scope='module')
def model():
    return load_mesh_recovery(default_weights('full'))[0]


def test_every_depth_is_tried_from_the_networks_own_estimate(store, model):
    folder, maps = store
    before = {name: value.clone() for name, value in model.state_dict().items()}
    heard = []
    figures = compare_depths(
        folder, model, DepthConfig(images=16, steps=4), lambda name, _: heard.append(name)
    )
    assert list(figures) == heard
    assert heard == ['start', 'behind the last layer', *(f'before layer {n}' for n in (3, 2, 1))]
    data = MeshData(maps)
    with torch.inference_mode():
        evidence = data.evidence(torch.arange(16), model)
        maps32 = {level: values.float() for level, values in evidence.maps.items()}
        network = model.recover(type(evidence)(maps32, *list(vars(evidence).values())[1:]))[0][-1]
    wanted = mesh_measures(network, torch.zeros(16, 119, 3), data.truth)
    assert figures['start']['rotation_deg'] == pytest.approx(wanted['rotation_deg'], abs=1e-3)
    for name in heard[1:]:
        assert figures[name]['ms'] > 0
        assert figures[name]['mpjpe_mm'] != figures['start']['mpjpe_mm']
    # Weights are frozen: only tokens move.
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_a_heavy_prior_keeps_the_start(store, model):
    folder, _ = store
    held = compare_depths(folder, model, DepthConfig(images=8, steps=3, prior=1e9, rate=1e-6))
    for figures in held.values():
        assert figures['mpjpe_mm'] == pytest.approx(held['start']['mpjpe_mm'], abs=0.05)


def test_a_missing_store_is_named(tmp_path, model):
    with pytest.raises(FileNotFoundError, match='no store of encoder maps'):
        compare_depths(tmp_path, model, DepthConfig())


def test_landmarks_lie_at_the_same_places_with_and_without_slopes():
    places = LandmarkPlaces()
    markers_m = np.random.default_rng(0).normal(size=(95, 3))
    found = places.on_markers(torch.from_numpy(markers_m).float()[None])[0]
    np.testing.assert_allclose(found.numpy(), places.positions_m(markers_m), atol=1e-5)
