import pytest
from small_mesh_network import SMALL, network_of

from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator


@pytest.fixture(scope='session')
def small_network():
    return network_of(SMALL)


@pytest.fixture(scope='session')
def sample():
    """One synthetic image of a whole person."""
    generator = build_generator(SynthesisConfig('train', synthetic_clips=6, activities=('squat',)))
    return next(sample for sample in generator.chunk(0) if sample.is_whole)
