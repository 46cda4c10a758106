"""
Synthetic images as the frozen encoder sees them, kept in one folder.

A store is filled once, or it is a window on an endless stream: processes go on drawing, and each
new chunk takes the place of the oldest. Maps are kept as bytes, channels last; a channel's range
is that of the first chunk, widened.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from itertools import chain, count, tee
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap

from biopose_ros.detection.landmark_network import CropReading
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.records import FloatArray
from biopose_ros.training.mesh.torch_landmarks import landmark_reader
from biopose_ros.training.orphans import is_orphan
from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.records import SyntheticSample, stack
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

TRUTH = (
    *('pose', 'betas', 'translation_m', 'intrinsics_px', 'image_size_px', 'crop_from_image'),
    *('joints_m', 'joints_px', 'joint_visibility', 'markers_m', 'subject'),
)
Encoded = tuple[dict[str, FloatArray], dict[str, Any]]  # a chunk's maps, and what is kept beside
# The first images do not show every value that comes later.
_WIDENED = 1.15


@dataclass(frozen=True)
class StoreConfig:
    """
    What a store holds.

    :param images: source of the images.
    :param model: the encoder, ``full`` or ``heavy``.
    :param chunks: how many chunks of 16 images it has room for.
    """

    images: SynthesisConfig
    model: str
    chunks: int


class MapStore:
    """
    Reads a store.

    :attr maps: level to [images, height, width, channels] uint8, on disk.
    :attr low: level to [channels], the value of byte 0.
    :attr step: level to [channels], the value of one unit.
    :attr truth: field to [images, ...], on disk; fields of
        :class:`~biopose_ros.training.synthesis.records.SyntheticSample` and of
        :class:`~biopose_ros.detection.landmark_network.CropReading`.
    :attr numbers: [chunks], on disk, which chunk of the stream lies there now; -1 for none.
    """

    def __init__(self, folder: Path) -> None:
        """
        Open a store.

        :param folder: written by :func:`fill_store` or :func:`streamed_store`.
        :raises FileNotFoundError: when it is not there.
        """
        if not (folder / 'numbers.npy').exists():
            raise FileNotFoundError(f'{folder}: no store of encoder maps')
        ranges = np.load(folder / 'ranges.npz')
        self.low = {level: ranges[f'{level}_low'] for level in MAPS}
        self.step = {level: ranges[f'{level}_step'] for level in MAPS}

        def opened(name: str) -> np.ndarray:
            return np.load(folder / f'{name}.npy', mmap_mode='r')

        self.maps = {level: opened(level) for level in MAPS}
        self.truth = {name: opened(name) for name in (*TRUTH, *CropReading.POINT_FIELDS)}
        self.numbers = opened('numbers')

    def __len__(self) -> int:
        return len(self.truth['pose'])

    def first(self, images: int) -> MapStore:
        """
        Give the store's beginning.

        :param images: how many, at most.
        """
        part = copy(self)
        part.maps = {level: values[:images] for level, values in self.maps.items()}
        part.truth = {name: values[:images] for name, values in self.truth.items()}
        part.numbers = self.numbers[: -(-images // CHUNK)]
        return part


def fill_store(
    folder: Path,
    config: StoreConfig,
    workers: int = 2,
    advance: Callable[[int, int], None] = lambda done, total: None,
    address: str | None = None,
) -> MapStore:
    """
    Draw the images, run the encoder, and keep what it says; goes on where it was stopped.

    :param folder: for the arrays.
    :param config: what to keep.
    :param workers: processes.
    :param advance: called with chunks done and chunks in total.
    :param address: of a Ray cluster that draws and encodes; the processes then only write.
    :raises ValueError: when the folder holds another store.
    """
    missing = np.flatnonzero(_prepared(folder, config) < 0).tolist()
    workers = min(workers, len(missing))
    streams = [missing[worker::workers] for worker in range(workers)]
    with _filling(folder, config, streams, address) as run:
        while run():
            advance(int((_numbers(folder, config) >= 0).sum()), config.chunks)
    if (_numbers(folder, config) < 0).any():
        raise RuntimeError(f'{folder}: a worker failed; see its message above')
    return MapStore(folder)


@contextmanager
def streamed_store(
    folder: Path,
    config: StoreConfig,
    first_chunks: int,
    workers: int = 1,
    advance: Callable[[int, int], None] = lambda done, total: None,
    address: str | None = None,
) -> Iterator[MapStore]:
    """
    Open a store that other processes refill with ever new images until the context ends.

    :param folder: for the arrays; a stream that was stopped goes on with the next images.
    :param config: what to keep.
    :param first_chunks: how many there must be before the context begins.
    :param workers: processes that draw and encode.
    :param advance: called, while waiting for the first, with chunks done and chunks in total.
    :param address: of a Ray cluster that draws and encodes; the processes then only write.
    :raises ValueError: when the folder holds another store.
    """
    following = int(_prepared(folder, config).max()) + 1
    streams = [count(following + worker, workers) for worker in range(workers)]
    first_chunks = min(first_chunks, config.chunks)
    with _filling(folder, config, streams, address) as run:
        while (done := int((_numbers(folder, config) >= 0).sum())) < first_chunks:
            advance(done, first_chunks)
            if not run():
                raise RuntimeError(f'{folder}: a worker failed; see its message above')
        yield MapStore(folder)


def _prepared(folder: Path, config: StoreConfig) -> np.ndarray:
    """See that the folder is empty or holds the wanted store; give its chunks' numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    described = json.dumps(asdict(config), default=str, indent=2)
    note = folder / 'store.json'
    if note.exists() and note.read_text() != described:
        raise ValueError(f'{folder} holds other images; give an empty folder')
    note.write_text(described)
    return _numbers(folder, config)


def _numbers(folder: Path, config: StoreConfig) -> np.ndarray:
    """Give the numbers of the store's chunks, -1 for those that are not there."""
    path = folder / 'numbers.npy'
    return np.load(path) if path.exists() else np.full(config.chunks, -1)


@contextmanager
def _filling(
    folder: Path, config: StoreConfig, streams: Sequence[Iterable[int]], address: str | None
) -> Iterator[Callable[[], bool]]:
    """Run one process per list of chunks; give a function that waits, and says if any is alive."""
    context = get_context('spawn')
    processes = [
        context.Process(
            target=_fill, args=(folder, config, numbers, place == 0, address), daemon=True
        )
        for place, numbers in enumerate(streams)
    ]
    for process in processes:
        process.start()

    def wait() -> bool:
        time.sleep(1.0)
        return any(process.is_alive() for process in processes)

    try:
        yield wait
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _allocate(folder: Path, config: StoreConfig, first: Encoded) -> None:
    """Measure one chunk, then make arrays for all; the numbers come last."""
    maps, truth = first
    room = config.chunks * CHUNK
    ranges = {}
    for level, values in maps.items():
        flat = values.reshape(-1, values.shape[-1])
        middle, half = 0.5 * (flat.max(0) + flat.min(0)), 0.5 * (flat.max(0) - flat.min(0))
        half = np.maximum(half * _WIDENED, 1e-4)
        ranges[f'{level}_low'], ranges[f'{level}_step'] = middle - half, half / 127.5
        open_memmap(folder / f'{level}.npy', 'w+', np.uint8, (room, *values.shape[1:]))
    np.savez(folder / 'ranges.npz', **{k: v.astype(np.float32) for k, v in ranges.items()})
    for name, values in truth.items():
        open_memmap(folder / f'{name}.npy', 'w+', values.dtype, (room, *values.shape[1:]))
    part = folder / 'numbers.part'
    with part.open('wb') as file:
        np.save(file, np.full(config.chunks, -1))
    part.replace(folder / 'numbers.npy')


class _Worker:
    """Draws chunks and runs the encoder on them."""

    def __init__(self, config: StoreConfig) -> None:
        self.generator = build_generator(config.images)
        torch.set_num_threads(1)  # where torch encodes on the CPU: each worker has one core
        self.network = landmark_reader(config.model, with_maps=True)

    def chunk(self, number: int) -> Encoded:
        samples = self.generator.chunk(number)
        images = np.stack([sample.image_bgr for sample in samples])
        readings = self.network.read(images)
        assert readings[0].maps is not None  # the network was opened with maps
        batch = readings[0].maps.batch  # all images of one call
        maps = {level: np.moveaxis(batch.numpy(level), 1, -1) for level in MAPS}
        return maps, sample_fields(samples, readings)


def sample_fields(
    samples: Sequence[SyntheticSample], readings: Sequence[CropReading]
) -> dict[str, Any]:
    """
    Join what is kept of images beside their maps.

    :param samples: with truth.
    :param readings: the landmark network's outputs for them.
    :returns: see :attr:`MapStore.truth`.
    """
    fields: dict[str, Any] = dict(stack(samples, TRUTH))
    for name in CropReading.POINT_FIELDS:
        fields[name] = np.stack([np.asarray(getattr(r, name), np.float32) for r in readings])
    return fields


def _encoding(
    config: StoreConfig, address: str | None
) -> Callable[[Iterable[int]], Iterator[Encoded]]:
    """Give what draws and encodes chunks: this process, or the machines of a cluster."""
    if address is None:
        return partial(map, _Worker(config).chunk)
    from biopose_ros.batch import cluster

    cluster.connect(None, address)
    return partial(cluster.numbered, partial(_on_a_machine, config))


def _on_a_machine(config: StoreConfig, number: int) -> Encoded:
    return _kept_worker(config).chunk(number)


@lru_cache(maxsize=1)
def _kept_worker(config: StoreConfig) -> _Worker:
    return _Worker(config)


def _fill(
    folder: Path,
    config: StoreConfig,
    numbers: Iterable[int],
    is_first: bool,
    address: str | None,
) -> None:
    """Draw and encode chunks; a chunk's number in the stream gives its place."""
    wanted, given = tee(numbers)
    chunks: Iterator[tuple[int, Encoded]] = zip(
        wanted, _encoding(config, address)(given), strict=False
    )
    if is_first and not (folder / 'numbers.npy').exists():
        first = next(chunks)
        _allocate(folder, config, first[1])
        chunks = chain([first], chunks)
    while not (folder / 'numbers.npy').exists():
        time.sleep(0.5)
    ranges = np.load(folder / 'ranges.npz')
    names = (*TRUTH, *CropReading.POINT_FIELDS, *MAPS, 'numbers')
    arrays: Mapping[str, Any] = {
        name: open_memmap(folder / f'{name}.npy', mode='r+') for name in names
    }
    for number, (maps, truth) in chunks:
        if is_orphan():
            return
        slot = number % config.chunks
        rows = slice(slot * CHUNK, (slot + 1) * CHUNK)
        arrays['numbers'][slot] = -1  # marks the slot as being written
        for level, values in maps.items():
            units = (values - ranges[f'{level}_low']) / ranges[f'{level}_step']
            arrays[level][rows] = np.clip(np.round(units), 0, 255).astype(np.uint8)
        for name, rows_of in truth.items():
            arrays[name][rows] = rows_of
        arrays['numbers'][slot] = number
