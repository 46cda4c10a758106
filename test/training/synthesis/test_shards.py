import json
import tarfile

import cv2
import numpy as np
import pytest

from biopose_ros.training.synthesis.records import stack
from biopose_ros.training.synthesis.shards import write_shards


def read_shards(folder):
    """All arrays and numbers of each sample, read as WebDataset does: by key and ending."""
    samples = {}
    for path in sorted(folder.glob('*.tar')):
        with tarfile.open(path) as shard:
            for entry in shard:
                key, _, name = entry.name.partition('.')
                samples.setdefault(key, {})[name] = shard.extractfile(entry)
                parts = samples[key]
                if name == 'info.json':
                    parts |= json.load(parts.pop(name))
                elif name == 'truth.npz':
                    parts |= np.load(parts.pop(name))
                else:
                    picture = np.frombuffer(parts.pop(name).read(), np.uint8)
                    parts[name] = cv2.imdecode(picture, cv2.IMREAD_UNCHANGED)
    return [samples[key] for key in sorted(samples)]


def test_shards_give_back_what_was_written(tmp_path, chunk):
    assert list(write_shards(chunk, tmp_path, per_shard=10)) == list(range(1, 17))
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        'shard-000000.tar',
        'shard-000001.tar',
    ]
    for written, read in zip(chunk, read_shards(tmp_path), strict=True):
        read['image_bgr'] = read.pop('image.png')
        read['segmentation'] = read.pop('segmentation.png')
        assert read.keys() == vars(written).keys()
        for name, value in read.items():
            np.testing.assert_array_equal(getattr(written, name), value)


def test_same_samples_give_the_same_files(tmp_path, chunk):
    for folder in ('first', 'second'):
        list(write_shards(chunk[:3], tmp_path / folder))
    first, second = (tmp_path / f / 'shard-000000.tar' for f in ('first', 'second'))
    assert first.read_bytes() == second.read_bytes()


def test_full_folders_are_refused(tmp_path, chunk):
    list(write_shards(chunk[:2], tmp_path))
    with pytest.raises(ValueError, match='holds shards already; choose an empty folder'):
        next(write_shards(chunk, tmp_path))


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match='empty list'):
        stack([])
