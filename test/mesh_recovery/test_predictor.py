from dataclasses import replace

import numpy as np
import pytest
from small_mesh_network import SMALL, network_of

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.frames import project
from biopose_ros.mesh_recovery.mesh_file import save_mesh_recovery
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import Camera, Crop
from biopose_ros.settings import DetectionConfig
from biopose_ros.virtual_markers.body_placing import BodyPlacing, scaled

CAMERA = Camera(640, 480, np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]), np.zeros(0))
IMAGE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp('mesh') / 'mesh.safetensors'
    save_mesh_recovery(path, network_of(SMALL))
    return path


@pytest.fixture(scope='module')
def predictor(weights):
    return MeshPredictor('full', weights, 'cpu')


@pytest.fixture(scope='module')
def crops():
    tracker = PersonTracker(DetectionConfig(model='full'), 'cpu', with_maps=True)
    places = ((320, 240, 400, 0.0), (30, 100, 300, 0.4), (600, 400, 120, -1.0))
    return [tracker.look(IMAGE, Crop(np.array([x, y], float), s, a)) for x, y, s, a in places]


def test_all_persons_at_once_are_the_same_as_one_by_one(predictor, crops):
    together = predictor.recover(crops, CAMERA)
    for crop, body in zip(crops, together, strict=True):
        alone = predictor.recover([crop], CAMERA)[0]
        np.testing.assert_allclose(alone.markers_m, body.markers_m, atol=1e-4)
        np.testing.assert_allclose(alone.summary, body.summary, atol=1e-4)


def test_persons_encoded_together_are_the_same_as_one_by_one(predictor, crops):
    network = LandmarkNetwork('full', 'cpu', 1, with_maps=True)
    sightings = network.run(IMAGE, [crop.crop for crop in crops])
    maps = [sighting.reading.maps for sighting in sightings]
    assert len({id(one.batch) for one in maps}) == 1
    joined = [replace(crop, maps=one) for crop, one in zip(crops, maps, strict=True)]
    # The second person was found later in the same image; the order is not that of the batch.
    some = [joined[2], crops[1], joined[0]]
    for body, alone in zip(
        predictor.recover(some, CAMERA),
        predictor.recover([crops[2], crops[1], crops[0]], CAMERA),
        strict=True,
    ):
        np.testing.assert_allclose(body.markers_m, alone.markers_m, atol=1e-3)


def test_bodies_lie_where_their_crop_looks_also_at_the_edge(predictor, crops):
    for crop, body in zip(crops, predictor.recover(crops, CAMERA), strict=True):
        pelvis = crop.crop.from_image(project(body.joints_m[0], CAMERA))
        assert np.all(np.abs(pelvis - 0.5) < 0.5)
        assert body.joints_m[0, 2] > 0
        assert np.all((body.marker_confidence > 0) & (body.marker_confidence <= 1))


def test_crops_without_maps_say_what_to_do(predictor, crops):
    with pytest.raises(ValueError, match=r'persons \[0\] carry no feature maps'):
        predictor.recover([replace(crops[0], maps=None)], CAMERA)
    assert predictor.recover([], CAMERA) == []


def test_weights_for_another_encoder_are_refused(weights):
    with pytest.raises(ValueError, match="encoder 'full', not of 'heavy'"):
        MeshPredictor('heavy', weights, 'cpu')


def test_a_larger_body_further_away_looks_the_same(predictor, crops):
    body = predictor.recover(crops[:1], CAMERA)[0]
    larger = scaled(body, 1.2)
    np.testing.assert_allclose(
        project(larger.joints_m, CAMERA), project(body.joints_m, CAMERA), atol=1e-6
    )


def test_a_given_height_is_kept_and_an_unknown_one_is_average(predictor, crops):
    (body,) = predictor.recover(crops[:1], CAMERA)
    given = BodyPlacing(1.9).place(body)
    assert (given.stature_m, given.stature_stddev_m) == (1.9, 0.0)
    unknown = BodyPlacing(None).place(body)
    assert (unknown.stature_m, unknown.stature_stddev_m) == (1.7, 0.09)
    np.testing.assert_allclose(given.scale / unknown.scale, 1.9 / 1.7)
