"""Files of trained numbers: safetensors with a kind, a format version and a SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import nn

Module = TypeVar('Module', bound=nn.Module)

_PREFIX = 'biopose_'


def write_weights(
    path: Path, kind: str, version: str, arrays: Mapping[str, np.ndarray], header: dict[str, str]
) -> None:
    """
    Write arrays with what is needed to check them.

    :param path: ends in ``.safetensors``.
    :param kind: what the file holds, for example ``body``.
    :param version: of the format.
    :param arrays: by name.
    :param header: further texts to keep.
    """
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    checks = {'format': _PREFIX + kind, 'format_version': version, 'sha256': _digest(whole)}
    part = path.with_suffix('.part')
    save_file(whole, part, metadata={**header, **checks})
    part.chmod(0o644)  # safetensors writes private files; weights are for everybody
    part.replace(path)


def read_weights(
    path: Path, kind: str, version: str, remedy: str
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """
    Read and check arrays.

    :param path: written by :func:`write_weights`.
    :param kind: what it must hold.
    :param version: the format that this release reads.
    :param remedy: how to get a file of that format.
    :returns: arrays by name, and the header.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when it is broken, of another kind or version, or was changed.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such file; {remedy}')
    try:
        with safe_open(path, framework='numpy') as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f'{path}: broken {kind} file: {error}; {remedy}') from error
    if header.get('format') != _PREFIX + kind:
        raise ValueError(f'{path}: not a {kind} file (its format is {header.get("format")!r})')
    if header.get('format_version') != version:
        raise ValueError(
            f'{path}: {kind} format version {header.get("format_version")!r}, this release reads '
            f'{version}; {remedy}'
        )
    if header.get('sha256') != _digest(arrays):
        raise ValueError(f'{path}: its SHA-256 does not match its contents; get the file again')
    return arrays, header


def half_precision(module: nn.Module) -> dict[str, np.ndarray]:
    """
    Give a network's numbers as they are stored.

    :param module: trained.
    """
    return {
        name: value.detach().cpu().numpy().astype(np.float16)
        for name, value in module.state_dict().items()
    }


def with_numbers(module: Module, arrays: Mapping[str, np.ndarray]) -> Module:
    """
    Fill a network with stored numbers.

    :param module: of the same structure; changed in place.
    :param arrays: see :func:`half_precision`.
    :returns: the network, ready to run.
    """
    module.load_state_dict({name: torch.from_numpy(a).float() for name, a in arrays.items()})
    return module.eval()


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Hash names, types, shapes and contents."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f'{name} {array.dtype.str} {array.shape}'.encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
