"""Weights files are checked before they are used."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from biopose_ros.inference.weights_file import read_weights, write_weights

ARRAYS = {'slope': np.arange(6, dtype=np.float16).reshape(2, 3), 'shift': np.ones(2, np.float32)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'net.safetensors'
    write_weights(path, 'test_net', '3', ARRAYS, {'note': 'hello'})
    return path


def read(path, kind='test_net', version='3'):
    return read_weights(path, kind, version, 'train it again')


def test_what_is_written_is_read(file):
    arrays, header = read(file)
    assert header['note'] == 'hello'
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_everybody_may_read_what_is_written(file):
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_changed_numbers_are_noticed(file):
    arrays, (_, header) = load_file(file), read(file)
    arrays['shift'][0] = 2
    save_file(arrays, file, metadata=header)
    with pytest.raises(ValueError, match=r'net\.safetensors: its SHA-256 does not match'):
        read(file)


def test_other_version_names_the_remedy(file):
    with pytest.raises(ValueError, match=r"version '3', this release reads 4; train it again"):
        read(file, version='4')


def test_other_kind_is_refused(file):
    with pytest.raises(ValueError, match='not a other_net file'):
        read(file, kind='other_net')


def test_broken_and_missing_files_are_named(tmp_path):
    path = tmp_path / 'net.safetensors'
    with pytest.raises(FileNotFoundError, match='train it again'):
        read(path)
    path.write_bytes(b'no weights at all')
    with pytest.raises(ValueError, match=r'net\.safetensors: broken test_net file'):
        read(path)
