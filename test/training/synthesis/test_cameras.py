from __future__ import annotations

import numpy as np

from biopose_ros.inference.crops import cut_out
from biopose_ros.records import Crop
from biopose_ros.training.synthesis.cameras import (
    choose_crop,
    choose_view,
    crop_from_image,
    exact_crop,
)


def test_views_keep_the_promised_ranges_and_see_the_person():
    target = np.array([1.0, 0.9, -2.0])
    heights, inside = [], 0
    for seed in range(200):
        view = choose_view(np.random.default_rng(seed), target, 1.7)
        heights.append(view.position_m[1])
        rotation = view.camera_from_world
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.isclose(np.linalg.det(rotation), 1.0)
        x, y, z = view.camera.intrinsics_px @ view.to_camera(target)
        assert z > 0
        inside += 0 <= x / z < view.camera.width_px and 0 <= y / z < view.camera.height_px
    # The middle of a person who is larger than the image may lie outside.
    assert 190 <= inside < 200
    assert min(heights) >= 0.3
    assert max(heights) <= 3.0


def test_an_upright_world_stays_upright_but_for_a_little_roll():
    up = [
        choose_view(np.random.default_rng(seed), np.array([0, 0.9, 0]), 1.7).camera_from_world[
            1, 1
        ]
        for seed in range(100)
    ]
    assert np.median(up) < -0.9


def test_the_crop_matrix_is_what_the_runtime_cuts():
    image = np.zeros((200, 300, 3), np.uint8)
    crop = Crop(np.array([140.0, 90.0]), 150.0, 0.4)
    matrix = crop_from_image(crop, 128)
    for x, y in ((120, 80), (160, 110), (150, 60)):
        image[:] = 0
        image[y - 1 : y + 2, x - 1 : x + 2] = 255
        out = np.zeros((1, 128, 128, 3), np.uint8)
        cut_out(image, [crop], 128, out)
        row, column = np.nonzero(out[0, :, :, 0] > 100)
        weight = out[0, row, column, 0].astype(float)
        seen = np.array([column @ weight, row @ weight]) / weight.sum()
        np.testing.assert_allclose(matrix @ [x, y, 1.0], [*seen, 1.0], atol=0.3)


def test_crops_hold_the_person_mostly():
    body = np.random.default_rng(0).uniform([300, 100], [380, 400], (200, 2))
    hips, shoulders = np.array([[320.0, 250], [360, 250]]), np.array([[320.0, 150], [360, 150]])
    whole, exact = 0, exact_crop(hips, shoulders, body)
    for seed in range(200):
        crop = choose_crop(np.random.default_rng(seed), exact)
        place = crop.from_image(body)
        whole += bool(np.all((place > 0) & (place < 1)))
        assert abs(crop.angle_rad) < 0.5
    assert 150 < whole < 199
