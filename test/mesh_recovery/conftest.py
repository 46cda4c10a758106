import pytest
from small_mesh_network import SMALL, network_of


@pytest.fixture(scope='session')
def small_network():
    return network_of(SMALL)
