from __future__ import annotations

import numpy as np
import pytest

from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.stream import batches, samples


def test_workers_do_not_change_a_byte_nor_the_order(generator):
    alone = list(samples(generator, count=3))
    shared = list(samples(generator, count=3, workers=2))
    assert [sample.index for sample in shared] == list(range(3 * CHUNK))
    for first, second in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(first.image_bgr, second.image_bgr)
        np.testing.assert_array_equal(first.joints_m, second.joints_m)


def test_batches_hold_the_wanted_fields(generator):
    made = list(batches(generator, 6, ['image_bgr', 'pose', 'index'], count=1))
    assert len(made) == CHUNK // 6
    assert made[0]['image_bgr'].shape == (6, 128, 128, 3)
    assert made[1]['index'].tolist() == [6, 7, 8, 9, 10, 11]


def test_wrong_requests_are_named(generator):
    with pytest.raises(ValueError, match="no field 'imgae'; there are index"):
        next(batches(generator, 4, ['imgae']))
    with pytest.raises(ValueError, match='batch_size must be at least 1, got 0'):
        next(batches(generator, 0, ['pose']))
