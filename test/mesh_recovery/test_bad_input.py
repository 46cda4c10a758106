"""Pictures that nobody should send, through the whole pipeline with mesh recovery."""

import numpy as np
import pytest

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.camera import guess_camera
from biopose_ros.inference.onnx_runtime import run_on_device
from biopose_ros.mesh_recovery import predictor
from biopose_ros.mesh_recovery.mesh_file import default_weights
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Crop
from biopose_ros.settings import DetectionConfig, PipelineConfig

pytestmark = pytest.mark.skipif(
    not default_weights('heavy').exists(), reason='needs the weights of mesh recovery'
)
RANDOM = np.random.default_rng(0)
PICTURES = {
    'black': np.zeros((360, 480, 3), np.uint8),
    'white': np.full((360, 480, 3), 255, np.uint8),
    'noise': RANDOM.integers(0, 256, (360, 480, 3), np.uint8),
    'one pixel': np.full((1, 1, 3), 90, np.uint8),
    '8K': np.full((4320, 7680, 3), 120, np.uint8),
}


@pytest.fixture(scope='module')
def pipeline():
    pipeline = Pipeline(PipelineConfig('biopose', 'cpu', detection=DetectionConfig(threads=1)))
    pipeline.warm_up()
    return pipeline


@pytest.mark.parametrize('name', PICTURES)
def test_nobody_is_found_in_pictures_of_nothing(pipeline, name):
    pipeline.reset()
    picture = PICTURES[name]
    camera = guess_camera(picture.shape[1], picture.shape[0])
    for number in range(3):
        assert pipeline.process(picture, camera, 33_000_000 * number) == []


class Looker:
    """Reads a whole picture as one crop, and recovers the body in it."""

    def __init__(self):
        self.tracker = PersonTracker(DetectionConfig('heavy', threads=1), 'cpu', with_maps=True)
        self.predictor = MeshPredictor('heavy', device='cpu')

    def look(self, picture, count=1):
        side = len(picture)
        crop = self.tracker.look(picture, Crop(np.full(2, side / 2), float(side), 0.0))
        return crop, self.predictor.recover([crop] * count, guess_camera(side, side))


@pytest.fixture(scope='module')
def looker():
    return Looker()


@pytest.mark.parametrize('name', ['black', 'white', 'noise'])
def test_a_crop_of_nobody_gives_finite_bodies_that_are_not_trusted(looker, sample, name):
    seen, (person,) = looker.look(sample.image_bgr)
    crop, (body,) = looker.look(np.ascontiguousarray(PICTURES[name][:256, :256]))
    assert crop.confidence < 0.5 < seen.confidence
    for value in (body.joints_m, body.markers_m, body.pose, body.betas):
        assert np.isfinite(value).all()
    assert body.joints_m[0, 2] > 0
    assert body.marker_confidence.mean() < person.marker_confidence.mean()
    assert body.joint_stddev_m.mean() > person.joint_stddev_m.mean()


def test_somebody_upside_down_is_less_certain_but_a_body(looker, sample):
    _, (upright,) = looker.look(sample.image_bgr)
    _, (turned,) = looker.look(np.ascontiguousarray(sample.image_bgr[::-1, ::-1]))
    assert np.isfinite(turned.joints_m).all()
    assert turned.joint_stddev_m.mean() > upright.joint_stddev_m.mean()


def test_twenty_persons_come_in_one_call(looker, sample, monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return run_on_device(*arguments)

    monkeypatch.setattr(predictor, 'run_on_device', counted)
    _, bodies = looker.look(sample.image_bgr, 20)
    assert len(calls) == 1
    assert len(bodies) == 20
    np.testing.assert_allclose(bodies[19].joints_m, bodies[0].joints_m, atol=1e-4)
