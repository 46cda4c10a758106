"""Encoders of one's own, from their files through the whole pipeline."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_mesh_network import SMALL, network_of

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.camera import guess_camera
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.mesh_recovery.crop_encoder import CropEncoder, encoder_file, open_encoder
from biopose_ros.mesh_recovery.encoders import VitEncoder, build_encoder, save_encoder
from biopose_ros.mesh_recovery.mesh_file import save_mesh_recovery
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Crop
from biopose_ros.settings import DetectionConfig, PipelineConfig

IMAGE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
PLACES = [Crop(np.array([320.0, 240.0]), 400.0, 0.0), Crop(np.array([50.0, 100.0]), 300.0, 0.4)]


def save_both(folder, decoder_of, encoder_name, encoder):
    weights = folder / 'mesh.safetensors'
    save_mesh_recovery(weights, network_of(replace(SMALL, encoder=decoder_of)))
    save_encoder(encoder_file(weights), encoder_name, encoder)
    return weights


@pytest.fixture(scope='module')
def transformer(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('transformer')
    return save_both(folder, 'vit_tiny', 'vit_tiny', VitEncoder('vit_tiny'))


@pytest.fixture(scope='module')
def blazepose(tmp_path_factory):
    folder = tmp_path_factory.mktemp('blazepose')
    return save_both(folder, 'full', 'full', build_encoder('full', trained_steps=12))


def crops_of(image):
    tracker = PersonTracker(DetectionConfig(), 'cpu')
    return [tracker.look(image, place) for place in PLACES]


def numbers(maps, level):
    return maps.batch.numpy(level)[maps.row]


def test_the_graph_of_a_transformer_gives_the_maps_of_the_module(transformer):
    encoder = open_encoder(transformer, 'cpu', 1)
    assert encoder is not None
    assert encoder.name == 'vit_tiny'
    crops = encoder.encode(IMAGE, crops_of(IMAGE))
    pictures = np.random.default_rng(1).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    looked = encoder.encode_pictures(pictures, crops)
    torch.manual_seed(0)
    module = VitEncoder('vit_tiny').eval()
    red_first = torch.from_numpy(pictures).flip(-1).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        wanted = module(red_first)
    for row, crop in enumerate(looked):
        for level in MAPS:
            values = np.moveaxis(numbers(crop.maps, level), 0, -1)
            np.testing.assert_allclose(values, wanted[level][row].numpy(), atol=0.05)  # half


def test_an_encoder_that_learnt_nothing_gives_the_maps_of_the_published_network(blazepose):
    own = CropEncoder(encoder_file(blazepose), 'cpu', 1).encode(IMAGE, crops_of(IMAGE))
    published = LandmarkNetwork('full', 'cpu', 1, with_maps=True).run(IMAGE, PLACES)
    for crop, sighting in zip(own, published, strict=True):
        for level in MAPS:
            wanted = numbers(sighting.reading.maps, level)
            away = np.abs(numbers(crop.maps, level) - wanted).max()
            assert away < 5e-3 * np.abs(wanted).max()


@pytest.mark.parametrize('kind', ['transformer', 'blazepose'])
def test_the_pipeline_runs_with_an_encoder_of_ones_own(kind, request, sample):
    weights = request.getfixturevalue(kind)
    pipeline = Pipeline(PipelineConfig(device='cpu', mesh_weights=weights))
    pipeline.warm_up()
    image = np.kron(sample.image_bgr, np.ones((2, 2, 1), np.uint8))
    camera = guess_camera(image.shape[1], image.shape[0])
    for number in range(8):
        poses = pipeline.process(image, camera, 33_000_000 * number)
    (pose,) = poses
    assert np.isfinite(pose.coordinates).all()
    assert pose.body is not None
    assert 'encoder' in pipeline.clock.times()


def test_weights_alone_choose_the_published_network(tmp_path):
    weights = tmp_path / 'mesh.safetensors'
    save_mesh_recovery(weights, network_of(SMALL))
    pipeline = Pipeline(PipelineConfig(device='cpu', mesh_weights=weights))
    assert pipeline._tracker.model == 'full'
    with pytest.raises(ValueError, match="encoder 'full', not of 'lite'"):
        Pipeline(PipelineConfig('biopose', 'cpu', weights, detection=DetectionConfig('lite')))


def test_files_that_do_not_belong_together_are_named(tmp_path, transformer):
    weights = tmp_path / 'mesh.safetensors'
    with pytest.raises(FileNotFoundError, match=r'mesh\.safetensors'):
        open_encoder(weights, 'cpu', 1)
    weights.write_bytes(transformer.read_bytes())
    with pytest.raises(FileNotFoundError, match=r'mesh\.encoder\.safetensors is not beside it'):
        open_encoder(weights, 'cpu', 1)
    save_encoder(encoder_file(weights), 'full', build_encoder('full'))
    with pytest.raises(ValueError, match=r"is an encoder 'full', but .* takes maps of 'vit_tiny'"):
        open_encoder(weights, 'cpu', 1)
    encoder_file(weights).write_bytes(b'nothing')
    with pytest.raises(ValueError, match='broken'):
        open_encoder(weights, 'cpu', 1)
