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


def _png(picture: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode('.png', picture)[1])
