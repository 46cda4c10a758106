import time
from threading import Thread

import numpy as np
import pytest
import torch
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.training.curve import draw_curve
from biopose_ros.training.mesh.data import MeshData, byte_normalisation
from biopose_ros.training.mesh.map_store import (
    MapStore,
    StoreConfig,
    fill_store,
    streamed_store,
)
from biopose_ros.training.mesh.measures import geodesic_rad, similarity_aligned
from biopose_ros.training.mesh.training import MeshTraining, trained_network
from biopose_ros.training.synthesis.records import stack
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator
from biopose_ros.training.timed import TimedConfig

IMAGES = SynthesisConfig('train', seed=3, synthetic_clips=6, activities=('squat', 'reach'))
CONFIG = StoreConfig(IMAGES, 'full', chunks=2)
NETWORK = MeshRecoveryConfig(encoder='full', size=32, heads=2, layers=2, feedforward_size=48)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('maps')


@pytest.fixture(scope='module')
def data(folder):
    return MeshData(fill_store(folder / 'store', CONFIG, workers=1))


def test_a_store_goes_on_where_it_stopped_and_refuses_other_images(folder, data):
    path = folder / 'store' / 'numbers.npy'
    assert np.load(path).tolist() == [0, 1]
    before = np.array(data.store.maps['stride16'][16:])
    np.save(path, [0, -1])
    assert len(MeshData(MapStore(folder / 'store'))) == 16
    again = fill_store(folder / 'store', CONFIG, workers=1)
    # The same image gives the same maps but for the rounding of another batch.
    difference = np.abs(again.maps['stride16'][16:].astype(int) - before)
    assert np.percentile(difference, 99.9) <= 1
    with pytest.raises(ValueError, match='holds other images'):
        fill_store(folder / 'store', StoreConfig(IMAGES, 'full', chunks=3), workers=1)
    with pytest.raises(FileNotFoundError, match='no store'):
        MapStore(folder)


def test_a_stream_replaces_the_oldest_images_and_goes_on_after_a_stop(tmp_path):
    def wait(store, number):
        while store.numbers.max() < number:
            time.sleep(0.05)

    with streamed_store(tmp_path, CONFIG, first_chunks=1) as store:
        seen = MeshData(store)
        last = int(store.numbers.max())
        assert seen.drawn >= 16
        wait(store, last + 2)  # both places were written again
        assert len(seen.unchanged(seen.rows)) == 0
    seen.refresh()  # the stream stands still now
    generator = build_generator(IMAGES)
    for place in np.flatnonzero(store.numbers >= 0):
        drawn = stack(generator.chunk(int(store.numbers[place])), ('pose',))['pose']
        held = seen.store.truth['pose'][place * 16 : (place + 1) * 16]
        np.testing.assert_allclose(held, drawn, atol=1e-6)
    assert len(seen.unchanged(seen.rows)) == len(seen.rows) >= 16
    last = int(store.numbers.max())
    with streamed_store(tmp_path, CONFIG, first_chunks=1) as store:
        wait(store, last + 1)


def test_the_truth_in_crop_cameras_projects_to_the_truth_on_the_crop(data):
    truth = data.truth
    joints_m = truth.points_m[:, :24] + truth.pelvis_m[:, None]
    seen = joints_m @ truth.projection.mT
    places = seen[..., :2] / seen[..., 2:]
    torch.testing.assert_close(places, truth.joints, atol=2e-3, rtol=0)
    # In its own crop everybody stands upright, whichever way the camera was rolled.
    trunk = truth.joints[:, 12] - truth.joints[:, 0]
    assert (trunk[:, 1] < 0).float().mean() > 0.9


def test_bytes_are_normalised_maps(data):
    from biopose_ros.mesh_recovery.network import MeshRecovery
    from biopose_ros.training.mesh.data import fit_normalisation

    model = MeshRecovery(NETWORK)
    fit_normalisation(model, data)
    gain, shift = byte_normalisation(data.store, 'stride8', model)
    values = torch.from_numpy(data.store.maps['stride8'].astype(np.float32)) * gain + shift
    assert abs(float(values.mean())) < 0.05
    assert 0.7 < float(values.std()) < 1.1


def test_training_learns(data, folder):
    """By steps, not by time, of which a busy machine needs more."""
    config = TimedConfig(learning_rate=2e-3)
    training = MeshTraining(data, data, folder / 'steps', NETWORK, config, batch=16)
    before = training.validate(training.model)
    training.run_steps(30)
    after = training.validate(training.model.eval())
    assert next(iter(after.values())) < next(iter(before.values()))


def test_training_resumes(data, folder):
    def training(minutes):
        config = TimedConfig(minutes=minutes, learning_rate=2e-3, check_s=2.0)
        return MeshTraining(data, data, folder / 'training', NETWORK, config, batch=16)

    first = training(0.1)
    first.run()
    second = training(first.elapsed_s / 60 + 0.04)
    assert second.step == first.step
    assert second.elapsed_s == first.elapsed_s
    second.run()
    log = second.log
    assert log[-1].step > first.log[-1].step
    assert trained_network(folder / 'training', NETWORK).config == NETWORK
    draw_curve(log, folder / 'curve.png')
    assert (folder / 'curve.png').stat().st_size > 1000


def test_learning_waits_for_new_images(data, tmp_path):
    training = MeshTraining(
        data, data, tmp_path, NETWORK, TimedConfig(minutes=0.1), batch=16, uses=2.0
    )
    training.run_steps(4)  # 32 images, twice
    thread = Thread(target=training.run_steps, args=(1,), daemon=True)
    thread.start()
    thread.join(1.5)
    assert thread.is_alive()
    training.uses = 3.0
    thread.join()
    assert training.step == 5


def test_alignment_is_procrustes():
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(24, 3))
    turn = Rotation.random(random_state=1).as_matrix()
    points = 1.7 * wanted @ turn.T + [1, 2, 3] + 0.1 * rng.normal(size=(24, 3))
    aligned = similarity_aligned(torch.from_numpy(points)[None], torch.from_numpy(wanted)[None])
    _, _, disparity = procrustes(wanted, points)
    left = float((aligned[0] - torch.from_numpy(wanted)).square().sum())
    spread = np.square(wanted - wanted.mean(0)).sum()
    assert np.isclose(left / spread, disparity, rtol=1e-6)


def test_alignment_does_not_mirror():
    wanted = torch.randn(1, 24, 3, generator=torch.Generator().manual_seed(0))
    mirrored = wanted * torch.tensor([-1.0, 1.0, 1.0])
    assert float((similarity_aligned(mirrored, wanted) - wanted).norm(dim=-1).mean()) > 0.1


def test_geodesic_is_the_angle_of_the_relative_rotation():
    first, second = Rotation.random(50, random_state=2), Rotation.random(50, random_state=3)
    found = geodesic_rad(torch.from_numpy(first.as_matrix()), torch.from_numpy(second.as_matrix()))
    np.testing.assert_allclose(found, (first.inv() * second).magnitude(), atol=1e-9)
