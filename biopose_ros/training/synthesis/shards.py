"""
Samples on disk, as tar files in the WebDataset layout.

Per sample, under its index as key: ``.image.png``, ``.segmentation.png`` (both lossless) and
``.truth.npz`` (every other array) with ``.info.json`` (numbers and names).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.training.synthesis.records import SyntheticSample

_INFO = ('index', 'subject', 'clip', 'frame')
_PICTURES = ('image_bgr', 'segmentation')


def write_shards(
    samples: Iterable[SyntheticSample], folder: Path, per_shard: int = 1000
) -> Iterator[int]:
    """
    Write samples to ``shard-000000.tar``, ``shard-000001.tar``, ...

    :param samples: what to write.
    :param folder: created where missing.
    :param per_shard: samples in one file.
    :returns: after every sample, how many are written.
    :raises ValueError: where the folder holds shards already, or ``per_shard`` is below 1.
    """
    if per_shard < 1:
        raise ValueError(f'per_shard must be at least 1, got {per_shard}')
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob('shard-*.tar')):
        raise ValueError(f'{folder} holds shards already; choose an empty folder')
    source, written, number = iter(samples), 0, 0
    while batch := list(islice(source, per_shard)):
        with tarfile.open(folder / f'shard-{number:06d}.tar', 'w') as shard:
            for sample in batch:
                for name, content in _encode(sample).items():
                    entry = tarfile.TarInfo(f'{sample.index:09d}.{name}')
                    entry.size = len(content)  # no time, no owner: same samples, same bytes
                    shard.addfile(entry, io.BytesIO(content))
                written += 1
                yield written
        number += 1


def read_shards(folder: Path) -> Iterator[SyntheticSample]:
    """
    Read what :func:`write_shards` wrote.

    :param folder: with ``shard-*.tar``.
    :returns: the samples in their order.
    :raises ValueError: where there are no shards or one is broken.
    """
    paths = sorted(folder.glob('shard-*.tar'))
    if not paths:
        raise ValueError(f'no shards (shard-*.tar) in {folder}')
    for path in paths:
        try:
            yield from _read_shard(path)
        except (tarfile.TarError, KeyError, OSError, json.JSONDecodeError) as error:
            raise ValueError(f'{path}: broken shard: {error}') from error


def _read_shard(path: Path) -> Iterator[SyntheticSample]:
    with tarfile.open(path) as shard:
        parts: dict[str, bytes] = {}
        for entry in shard:
            key, _, name = entry.name.partition('.')
            file = shard.extractfile(entry)
            parts[name] = file.read() if file else b''
            if len(parts) == 4:
                yield _decode(parts)
                parts = {}
    if parts:
        raise tarfile.ReadError(f'sample {key} is incomplete')


def _encode(sample: SyntheticSample) -> dict[str, bytes]:
    arrays = {
        field.name: getattr(sample, field.name)
        for field in fields(sample)
        if field.name not in _INFO + _PICTURES
    }
    truth = io.BytesIO()
    np.savez(truth, **arrays)
    info = {name: getattr(sample, name) for name in _INFO}
    return {
        'image.png': _png(sample.image_bgr),
        'segmentation.png': _png(sample.segmentation),
        'truth.npz': truth.getvalue(),
        'info.json': json.dumps(info).encode(),
    }


def _decode(parts: dict[str, bytes]) -> SyntheticSample:
    with np.load(io.BytesIO(parts['truth.npz']), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return SyntheticSample(
        **json.loads(parts['info.json']),
        image_bgr=_picture(parts['image.png']),
        segmentation=_picture(parts['segmentation.png']),
        **arrays,
    )


def _png(picture: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode('.png', picture)[1])


def _picture(content: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise OSError('a picture cannot be decoded')
    return np.asarray(picture, np.uint8)
