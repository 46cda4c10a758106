from dataclasses import replace

import numpy as np
import pytest

from biopose_ros.detection.person_detector import INPUT_PX
from biopose_ros.training.detector.augmentation import augment
from biopose_ros.training.detector.real_frames import RealFrame, person_points, real_window
from biopose_ros.training.detector.store import WindowStore
from biopose_ros.training.detector.truth import person_truth
from biopose_ros.training.detector.windows import (
    CHUNK,
    LEAST_SHARE,
    WindowSource,
    choose_window,
    label,
    plan_persons,
)
from biopose_ros.training.synthesis.lookalikes import without_persons
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator


@pytest.fixture(scope='module')
def source():
    config = SynthesisConfig('test', synthetic_clips=20, activities=('walk', 'sit'))
    return WindowSource(build_generator(config))


@pytest.fixture(scope='module')
def windows(source):
    return source.chunk(0) + source.chunk(1)


def test_windows_hold_persons_and_nobody(windows):
    assert len(windows) == 2 * CHUNK
    for window in windows:
        assert window.image_bgr.shape == (INPUT_PX, INPUT_PX, 3)
        assert window.points_px.shape == (len(window.visible), 6, 2)
        assert ((window.visible > 0) & (window.visible <= 1)).all()
    counts = [len(window.visible) for window in windows]
    assert min(counts) == 0
    assert max(counts) >= 2


@pytest.mark.parametrize('seed', [1, 3, 4])
def test_a_person_shows_where_the_truth_says(source, seed):
    """Drawn with and without persons, a scene differs within their circles, shadows apart."""
    random = np.random.default_rng(seed)
    plan = plan_persons(random, source.generator, 3)
    (scene,) = source.generator.scenes([plan], LEAST_SHARE)
    truths = [person_truth(person, scene.view) for person in scene.persons]
    scene = replace(scene, crop=choose_window(random, scene, truths[0]))
    full = label(np.random.default_rng(0), scene, truths, source.generator)
    empty = label(np.random.default_rng(0), without_persons(scene), [], source.generator)
    change = np.abs(full.image_bgr.astype(int) - empty.image_bgr).max(2)
    changed_px = np.argwhere(change > 40)[:, ::-1] + 0.5
    hips, top, face = np.moveaxis(full.points_px[:, 2:5], 1, 0)
    from_hips_px = np.linalg.norm(changed_px[:, None] - hips, axis=-1)
    within = (from_hips_px < np.linalg.norm(top - hips, axis=-1)).any(1)
    assert within.mean() > 0.9
    for column, row in face[full.visible == 1].astype(int):
        assert change[row, column] > 40


def test_the_number_of_a_chunk_fixes_it(source, windows):
    np.testing.assert_array_equal(source.chunk(1)[3].image_bgr, windows[CHUNK + 3].image_bgr)


def test_the_store_gives_back_what_was_drawn(source, windows, tmp_path):
    calls = []

    def build():
        calls.append(1)
        return source

    stored = WindowStore(build, tmp_path).chunk(0)
    again = WindowStore(build, tmp_path).chunk(0)
    assert len(calls) == 1
    for ours, theirs, drawn in zip(stored, again, windows[:CHUNK], strict=True):
        np.testing.assert_array_equal(ours.image_bgr, drawn.image_bgr)
        np.testing.assert_array_equal(theirs.image_bgr, drawn.image_bgr)
        np.testing.assert_allclose(ours.points_px, drawn.points_px, atol=1e-3)
        np.testing.assert_allclose(ours.visible, drawn.visible, atol=1e-6)


def marked_frame(place):
    """A dark frame with a bright spot at somebody's hips."""
    image = np.zeros((400, 600, 3), np.uint8)
    x, y = np.asarray(place)
    image[y - 4 : y + 5, x - 4 : x + 5] = 255
    points = np.array(
        [[x - 20, y - 80], [x + 20, y - 40], [x, y], [x, y - 90], [x, y - 50], [x, y]]
    )
    return RealFrame(image, points[None].astype(float), np.ones(1, bool))


@pytest.mark.parametrize('seed', range(8))
def test_points_stay_on_the_picture_through_cuts_and_augmentation(seed):
    random = np.random.default_rng(seed)
    window = augment(random, real_window(random, marked_frame((250, 210))))
    x, y = window.points_px[0, 2]
    if not (10 < x < INPUT_PX - 10 and 10 < y < INPUT_PX - 10):
        pytest.skip('the hips left the window')
    spot = np.argwhere(window.image_bgr.mean(2) > 0.6 * window.image_bgr.mean(2).max())
    np.testing.assert_allclose(spot.mean(0)[::-1], [x, y], atol=4)


def test_points_of_landmarks_are_those_of_the_detector():
    keypoints = np.zeros((33, 2))
    keypoints[[0, 2, 5]] = [100, 20]
    keypoints[[11, 12]] = [[80, 60], [120, 60]]
    keypoints[[13, 14, 15, 16]] = [100, 80]
    keypoints[[23, 24]] = [[90, 120], [110, 120]]
    keypoints[[25, 26, 27, 28, 29, 30, 31, 32]] = [100, 220]
    keypoints[[1, 3, 4, 6, 7, 8, 9, 10, 17, 18, 19, 20, 21, 22]] = [100, 60]
    points = person_points(keypoints)
    np.testing.assert_allclose(points[2], [100, 120])
    np.testing.assert_allclose(points[3], [100, 120 - 1.1 * 100.5], atol=1)
    np.testing.assert_allclose(points[4], [100, 60])
