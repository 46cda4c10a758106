"""
Read a pickled SMPL file without running code from it.

A pickle may name any function of any installed package and have it called. Here only the few names
that SMPL files hold are known; everything else is refused. Sparse matrices and chumpy arrays come
back through stand-ins, so neither old SciPy paths nor chumpy itself are needed.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix

# Where NumPy 2 keeps it, else where NumPy 1 does.
_MULTIARRAY = 'numpy._core.multiarray' if find_spec('numpy._core') else 'numpy.core.multiarray'
_rebuild_array = import_module(_MULTIARRAY)._reconstruct


class _StandIn:
    """Hold an object's state in place of the object."""

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state

    def array(self) -> NDArray[Any]:
        raise NotImplementedError


class _Chumpy(_StandIn):
    """A ``chumpy.ch.Ch``: a plain array kept under ``x``."""

    def array(self) -> NDArray[Any]:
        return plain_array(self.state['x'])


class _ChumpySelect(_StandIn):
    """A ``chumpy.reordering.Select``: chosen elements of another array."""

    def array(self) -> NDArray[Any]:
        chosen = plain_array(self.state['a']).ravel()[plain_array(self.state['idxs'])]
        shape = self.state.get('preferred_shape')
        return chosen if shape is None else chosen.reshape(plain_array(shape))


class _CompressedColumns(_StandIn):
    kind: type = csc_matrix

    def array(self) -> NDArray[Any]:
        parts = (self.state['data'], self.state['indices'], self.state['indptr'])
        shape = self.state.get('_shape', self.state.get('shape'))
        return self.kind(parts, shape=shape).toarray()


class _CompressedRows(_CompressedColumns):
    kind = csr_matrix


class _Coordinates(_StandIn):
    def array(self) -> NDArray[Any]:
        place = (self.state['row'], self.state['col'])
        shape = self.state.get('_shape', self.state.get('shape'))
        return coo_matrix((self.state['data'], place), shape=shape).toarray()


def _reconstruct(kind: type, *_: object) -> object:
    """Stand in for ``copyreg._reconstructor``: makes stand-ins and nothing else."""
    if not (isinstance(kind, type) and issubclass(kind, _StandIn)):
        raise pickle.UnpicklingError(f'may not build {kind!r}')
    return kind()


def _scalar(kind: np.dtype[Any], content: bytes) -> object:
    """Stand in for NumPy's unpickling of one number, which would also make objects."""
    if kind.hasobject:
        raise pickle.UnpicklingError('may not build a scalar of objects')
    return np.frombuffer(content, kind)[0]


def _encode(text: str, encoding: str = 'latin1') -> bytes:
    """Stand in for ``_codecs.encode``, by which Python 2 pickles carry bytes."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'may not encode as {encoding!r}')
    return text.encode('latin1')


_KNOWN: dict[tuple[str, str], object] = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    **{
        (f'numpy.{core}.multiarray', name): function
        for core in ('core', '_core')
        for name, function in (('_reconstruct', _rebuild_array), ('scalar', _scalar))
    },
    ('_codecs', 'encode'): _encode,
    ('collections', 'OrderedDict'): OrderedDict,
    **{(copy, '_reconstructor'): _reconstruct for copy in ('copyreg', 'copy_reg')},
    **{(builtin, 'object'): object for builtin in ('builtins', '__builtin__')},
    ('chumpy.ch', 'Ch'): _Chumpy,
    ('chumpy', 'Ch'): _Chumpy,
    ('chumpy.reordering', 'Select'): _ChumpySelect,
    **{
        (f'scipy.sparse.{prefix}{module}', f'{module}_{kind}'): stand_in
        for prefix in ('', '_')
        for kind in ('matrix', 'array')
        for module, stand_in in (
            ('csc', _CompressedColumns),
            ('csr', _CompressedRows),
            ('coo', _Coordinates),
        )
    },
}


class _RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f'it names {module}.{name}, which no SMPL file needs'
            ) from None


def read_pickle(path: Path) -> dict[str, Any]:
    """
    Read the dictionary in a pickled SMPL file; no code of the file is run.

    :param path: a ``.pkl`` of Python 2 or 3, with or without chumpy arrays.
    :returns: the file's fields; arrays are still wrapped where they were chumpy or sparse, see
        :func:`plain_array`.
    :raises ValueError: when the file is no pickle, holds anything but arrays, or no dictionary.
    """
    try:
        with path.open('rb') as file:
            content = _RestrictedUnpickler(file, encoding='latin1').load()
    except OSError:
        raise
    except Exception as error:  # a broken pickle raises almost anything
        raise ValueError(f'{path}: refused to read this pickle: {error}') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a pickled dict, got {type(content).__name__}')
    return content


def plain_array(value: object) -> NDArray[Any]:
    """
    Unwrap what a pickled SMPL file keeps as an array.

    :param value: an array, a number, a list, or a chumpy or sparse stand-in.
    """
    return value.array() if isinstance(value, _StandIn) else np.asarray(value)
