"""Samples into training, straight from the processes that draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from biopose_ros.training.synthesis.records import SyntheticSample, stack


class ChunkGenerator(Protocol):
    """Draws samples by chunks: of single images, or a sequence each."""

    def chunk(self, number: int) -> list[SyntheticSample]:
        """
        Draw a chunk.

        :param number: fixes all of it.
        """
        ...


class ChunkStream(IterableDataset):
    """
    Chunks of samples; several loader workers share them out by turns.

    :param generator: draws them.
    :param first: number of the first chunk.
    :param count: how many chunks; None never ends.
    """

    def __init__(
        self, generator: ChunkGenerator, first: int = 0, count: int | None = None
    ) -> None:
        self.generator = generator
        self.first = first
        self.count = count

    def __iter__(self) -> Iterator[list[SyntheticSample]]:
        worker = get_worker_info()
        number, step = (worker.id, worker.num_workers) if worker else (0, 1)
        while self.count is None or number < self.count:
            yield self.generator.chunk(self.first + number)
            number += step


def chunks(
    generator: ChunkGenerator, first: int = 0, count: int | None = None, workers: int = 0
) -> Iterator[list[SyntheticSample]]:
    """
    Draw chunks in their order, whatever the number of workers.

    :param generator: draws them.
    :param first: number of the first chunk.
    :param count: how many chunks; None never ends.
    :param workers: processes that draw; 0 draws in this one.
    """
    # The loader asks its workers in turn and keeps that order, so chunk follows chunk.
    loader = DataLoader(
        ChunkStream(generator, first, count),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_is,
        prefetch_factor=2 if workers else None,
    )
    yield from loader


def samples(
    generator: ChunkGenerator, first: int = 0, count: int | None = None, workers: int = 0
) -> Iterator[SyntheticSample]:
    """
    Draw samples in the order of their index; parameters as for :func:`chunks`.

    :returns: the samples.
    """
    return chain.from_iterable(chunks(generator, first, count, workers))


def batches(
    generator: ChunkGenerator,
    batch_size: int,
    fields: Sequence[str],
    first: int = 0,
    count: int | None = None,
    workers: int = 0,
) -> Iterator[dict[str, Tensor]]:
    """
    Draw batches for training.

    :param generator: draws the samples.
    :param batch_size: samples per batch; a last incomplete batch is dropped.
    :param fields: names of the arrays of :class:`~.records.SyntheticSample` that are wanted.
    :param first: number of the first chunk.
    :param count: how many chunks; None never ends.
    :param workers: processes that draw.
    :returns: per batch, field name to tensor [samples, ...].
    :raises ValueError: for a batch size below 1 or an unknown field.
    """
    known = SyntheticSample.__dataclass_fields__
    for field in fields:
        if field not in known:
            raise ValueError(f'samples have no field {field!r}; there are {", ".join(known)}')
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}')
    waiting: list[SyntheticSample] = []
    for sample in samples(generator, first, count, workers):
        waiting.append(sample)
        if len(waiting) == batch_size:
            arrays = stack(waiting, fields)
            yield {name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}
            waiting = []


def _as_is(chunk: list[SyntheticSample]) -> list[SyntheticSample]:
    return chunk
