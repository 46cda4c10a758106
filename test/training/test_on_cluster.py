"""Images and maps for training from a real Ray cluster."""

import numpy as np
import pytest
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.training.mesh.map_store import StoreConfig, fill_store
from biopose_ros.training.synthesis.on_cluster import Drawing, cluster_chunks
from biopose_ros.training.synthesis.setup import SynthesisConfig

ray = pytest.importorskip('ray')

IMAGES = SynthesisConfig('train', seed=3, synthetic_clips=6, activities=('squat', 'reach'))


@pytest.fixture(scope='module')
def address():
    from ray.cluster_utils import Cluster

    try:
        machines = Cluster(initialize_head=True, head_node_args={'num_cpus': 2})
        machines.wait_for_nodes()
    except Exception as error:
        pytest.skip(f'Ray did not start: {error}')
    yield machines.address
    ray.shutdown()
    machines.shutdown()


def test_a_cluster_draws_the_same_images_in_the_same_order(address):
    drawing = Drawing(IMAGES)
    drawn = list(cluster_chunks(drawing, 2, address))
    alone = drawing.build()
    for number, chunk in enumerate(drawn):
        for one, other in zip(chunk, alone.chunk(number), strict=True):
            assert one.index == other.index
            np.testing.assert_array_equal(one.image_bgr, other.image_bgr)


def test_maps_of_a_cluster_fill_a_store(address, imported, tmp_path):
    config = StoreConfig(IMAGES, 'full', chunks=2)
    store = fill_store(tmp_path, config, workers=1, address=address)
    assert store.numbers.tolist() == [0, 1]
    assert np.unique(store.maps['stride16'][16:]).size > 50
    assert np.isfinite(store.truth['joints_m']).all()


def test_no_cluster_is_told(tmp_path):
    arguments = ['synth', '--count', '1', '--shards', str(tmp_path), '--address', '127.0.0.1:9']
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    assert 'no Ray cluster at 127.0.0.1:9' in outcome.output
