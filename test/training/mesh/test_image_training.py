from dataclasses import replace

import pytest
import torch

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.encoders import build_encoder
from biopose_ros.mesh_recovery.network import MeshRecovery
from biopose_ros.training.mesh.image_training import ImageTraining, image_batches
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator
from biopose_ros.training.timed import TimedConfig

CONFIG = TimedConfig(minutes=0.03, check_s=1.0, learning_rate=2e-3)
NETWORK = MeshRecoveryConfig(
    encoder='vit_tiny', size=32, heads=2, layers=1, feedforward_size=48, memory_size=16
)


@pytest.fixture(scope='module')
def batch():
    images = SynthesisConfig('train', seed=5, synthetic_clips=4, activities=('squat',))
    return next(image_batches(build_generator(images), LandmarkNetwork('full', 'cpu', 1)))


def endless(batch):
    while True:
        yield batch


def test_encoder_and_decoder_learn_together_and_resume(batch, tmp_path):
    def training(config):
        encoder, network = build_encoder('vit_tiny'), MeshRecovery(NETWORK)
        return ImageTraining(encoder, network, endless(batch), [batch], tmp_path, config)

    first = training(CONFIG)
    before = first.model.encoder.blocks[0].attn.qkv.weight.clone()
    first.run()
    assert not torch.equal(first.model.encoder.blocks[0].attn.qkv.weight, before)
    second = training(replace(CONFIG, minutes=first.elapsed_s / 60 + 0.02))
    assert second.step == first.step
    second.run()
    assert second.step > first.step
    assert second.best_learner().network.config == NETWORK
