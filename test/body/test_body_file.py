import pickle
import sys
import types

import numpy as np
import pytest
import scipy.sparse

from biopose_ros.body.body_file import export_smpl, read_body, write_body
from biopose_ros.resources import resource_path


@pytest.fixture
def data(body):
    return body.data


@pytest.fixture
def fields(data, tmp_path):
    """The fields of an SMPL file."""
    export_smpl(tmp_path / 'body.pkl', data)
    return pickle.loads((tmp_path / 'body.pkl').read_bytes())


def assert_same(ours, theirs):
    np.testing.assert_allclose(ours.template_m, theirs.template_m, atol=1e-6)
    np.testing.assert_allclose(ours.shape_directions_m, theirs.shape_directions_m, atol=1e-6)
    # Half precision, divided by its sum again on reading.
    np.testing.assert_allclose(ours.weights, theirs.weights, atol=3e-4)
    np.testing.assert_array_equal(ours.faces, theirs.faces)
    np.testing.assert_allclose(
        ours.joint_regressor.toarray(), theirs.joint_regressor.toarray(), atol=1e-6
    )
    np.testing.assert_allclose(
        ours.dense_pose_directions(), theirs.dense_pose_directions(), atol=1e-6
    )


def test_our_file_survives_writing(data, tmp_path):
    write_body(tmp_path / 'body.safetensors', data)
    assert_same(read_body(tmp_path / 'body.safetensors'), data)


def test_the_shipped_file_is_small():
    assert resource_path('weights/body.safetensors').stat().st_size < 8e6


def test_an_exported_pickle_and_archive_read_back(data, fields, tmp_path):
    assert_same(read_body(tmp_path / 'body.pkl'), data)
    fields.pop('topology')
    np.savez(tmp_path / 'body.npz', **fields)
    from_archive = read_body(tmp_path / 'body.npz')
    assert_same(from_archive, data)
    assert from_archive.topology == 'unknown'


def test_chumpy_and_sparse_arrays_are_read_without_chumpy(data, fields, tmp_path, monkeypatch):
    chumpy = types.ModuleType('chumpy')
    chumpy_ch = types.ModuleType('chumpy.ch')

    class Ch:
        def __init__(self, x):
            self.x = x

    Ch.__module__, Ch.__qualname__ = 'chumpy.ch', 'Ch'
    chumpy_ch.Ch = Ch
    monkeypatch.setitem(sys.modules, 'chumpy', chumpy)
    monkeypatch.setitem(sys.modules, 'chumpy.ch', chumpy_ch)
    fields['v_template'] = Ch(fields['v_template'])
    fields['J_regressor'] = scipy.sparse.csc_matrix(fields['J_regressor'])
    # Python 2 wrote protocol 2; its root's parent is 4294967295.
    (tmp_path / 'old.pkl').write_bytes(pickle.dumps(fields, protocol=2))
    monkeypatch.undo()
    assert_same(read_body(tmp_path / 'old.pkl'), data)


@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_code_in_a_pickle_is_not_run(tmp_path, protocol):
    harm = tmp_path / 'harm'

    class Malicious:
        def __reduce__(self):
            import os

            return os.system, (f'touch {harm}',)

    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps({'v_template': Malicious()}, protocol=protocol))
    with pytest.raises(ValueError, match=r'evil\.pkl: refused .* (posix|nt|os)\.system'):
        read_body(path)
    assert not harm.exists()


@pytest.mark.parametrize(
    'harmful', [eval, exec, getattr, __import__, np.load, np.fromfile, pickle.loads, type]
)
def test_no_other_function_is_reachable(tmp_path, harmful):
    path = tmp_path / 'evil.pkl'
    path.write_bytes(pickle.dumps({'f': harmful}))
    with pytest.raises(ValueError, match='refused to read this pickle: it names'):
        read_body(path)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'posedirs': None}, 'field posedirs is missing'),
        ({'weights': np.zeros((3, 24))}, r'field weights must be numbers \[12272, 24\], got'),
        ({'v_template': 'tall'}, 'field v_template must be numbers'),
        ({'f': np.array([[0, 1, 99999]])}, 'field f names vertices beyond'),
        ({'kintree_table': np.zeros((2, 52))}, 'field kintree_table must hold the 24 joints'),
        ({'shapedirs': np.full((12272, 3, 2), np.nan)}, 'field shapedirs .* not finite'),
    ],
)
def test_a_broken_field_is_named(fields, tmp_path, change, message):
    fields.update(change)
    fields = {name: value for name, value in fields.items() if value is not None}
    path = tmp_path / 'broken.pkl'
    path.write_bytes(pickle.dumps(fields))
    with pytest.raises(ValueError, match=rf'broken\.pkl: {message}'):
        read_body(path)


def test_other_broken_files_are_named(tmp_path):
    for name, content in (('a.pkl', b'nothing'), ('b.npz', b'nothing'), ('c.safetensors', b'no')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            read_body(tmp_path / name)
    (tmp_path / 'list.pkl').write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(ValueError, match=r'list\.pkl: expected a pickled dict, got list'):
        read_body(tmp_path / 'list.pkl')
    np.savez(tmp_path / 'objects.npz', v_template=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r'objects\.npz: refused'):
        read_body(tmp_path / 'objects.npz')
    (tmp_path / 'body.obj').touch()
    with pytest.raises(ValueError, match=r'body\.obj: a body file ends in'):
        read_body(tmp_path / 'body.obj')
    with pytest.raises(FileNotFoundError, match='no such body file'):
        read_body(tmp_path / 'none.pkl')
