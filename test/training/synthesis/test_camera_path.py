from __future__ import annotations

import numpy as np

from biopose_ros.records import Crop
from biopose_ros.training.synthesis.camera_path import (
    drift,
    film,
    image_steps_px,
    tracked_crops,
)
from biopose_ros.training.synthesis.cameras import choose_view


def test_drift_has_unit_variance_and_the_promised_memory():
    values = drift(np.random.default_rng(0), 30_000, 0.5, 2)
    np.testing.assert_allclose(values.std(0), 1.0, atol=0.1)
    after = (values[15:] * values[:-15]).mean(0)  # half a second on
    np.testing.assert_allclose(after, np.exp(-1.0), atol=0.08)


def walk(frames: int = 60) -> np.ndarray:
    return np.linspace([-1.5, 0.9, 0.0], [1.5, 0.9, 0.3], frames)


def views_of(seed: int) -> list:
    random = np.random.default_rng(seed)
    return film(random, choose_view(random, np.array([0.0, 0.9, 0.15]), 3.0), walk())


def column_px(view, point_m) -> float:
    pixel = view.camera.intrinsics_px @ view.to_camera(point_m)
    return float(pixel[0] / pixel[2])


def test_cameras_stand_sway_or_follow():
    still = hand = followed = 0
    for seed in range(60):
        views = views_of(seed)
        turns = np.stack([view.camera_from_world for view in views])
        np.testing.assert_allclose(turns @ turns.mT, np.broadcast_to(np.eye(3), turns.shape),
                                   atol=1e-9)  # fmt: skip
        still += bool(np.ptp(turns, axis=0).max() == 0)
        path = [column_px(view, point) for view, point in zip(views, walk(), strict=True)]
        fixed = [column_px(views[30], point) for point in walk()]
        followed += bool(np.ptp(path) < 0.6 * np.ptp(fixed))
        hand += bool(0 < np.ptp(turns, axis=0).max() < 0.1)
    assert still > 20
    assert hand > 5
    assert followed > 4


def test_image_steps_are_those_of_a_point_that_stands_still():
    for seed in range(20):
        views = views_of(seed)
        steps = image_steps_px(views, np.tile([0.0, 0.9, 0.15], (60, 1)))
        columns = np.array([column_px(view, [0.0, 0.9, 0.15]) for view in views])
        np.testing.assert_allclose(steps[:-1, 0], np.diff(columns), atol=1e-9)


def test_tracked_crops_keep_near_the_exact_ones():
    exact = [Crop(np.array([100.0 + 3 * k, 200.0]), 150.0, 0.1) for k in range(50)]
    offsets, growth = [], []
    for seed in range(60):
        crops = tracked_crops(np.random.default_rng(seed), exact)
        offsets += [c.center_px - e.center_px for c, e in zip(crops[2:], exact[2:], strict=True)]
        growth += [np.log(c.size_px / 150.0) for c in crops]
    assert np.abs(np.mean(offsets)) < 1.0  # no lag behind a steady walk
    assert 1.0 < np.std(offsets) < 8.0
    assert 0.02 < np.std(growth) < 0.1
