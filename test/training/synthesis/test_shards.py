from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from biopose_ros.training.synthesis.records import SyntheticSample, stack
from biopose_ros.training.synthesis.shards import read_shards, write_shards


def test_shards_give_back_what_was_written(tmp_path, chunk):
    assert list(write_shards(chunk, tmp_path, per_shard=10)) == list(range(1, 17))
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        'shard-000000.tar',
        'shard-000001.tar',
    ]
    for written, read in zip(chunk, read_shards(tmp_path), strict=True):
        for field in fields(SyntheticSample):
            value = getattr(read, field.name)
            np.testing.assert_array_equal(getattr(written, field.name), value)


def test_same_samples_give_the_same_files(tmp_path, chunk):
    for folder in ('first', 'second'):
        list(write_shards(chunk[:3], tmp_path / folder))
    first, second = (tmp_path / f / 'shard-000000.tar' for f in ('first', 'second'))
    assert first.read_bytes() == second.read_bytes()


def test_full_folders_and_broken_files_are_refused(tmp_path, chunk):
    with pytest.raises(ValueError, match='no shards'):
        next(read_shards(tmp_path))
    list(write_shards(chunk[:2], tmp_path))
    with pytest.raises(ValueError, match='holds shards already; choose an empty folder'):
        next(write_shards(chunk, tmp_path))
    shard = tmp_path / 'shard-000000.tar'
    shard.write_bytes(shard.read_bytes()[:20_000])
    with pytest.raises(ValueError, match=r'shard-000000\.tar: broken shard'):
        list(read_shards(tmp_path))


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match='empty list'):
        stack([])
