"""
Synthetic images as the frozen encoder sees them, computed once and kept in one folder.

Maps are kept as bytes, channels last; a channel's range is that of the first chunk, widened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from biopose_ros.detection.landmark_network import CropReading, LandmarkNetwork
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.records import SyntheticSample, stack
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

TRUTH = (
    *('pose', 'betas', 'translation_m', 'intrinsics_px', 'image_size_px', 'crop_from_image'),
    *('joints_m', 'joints_px', 'joint_visibility', 'markers_m', 'subject'),
)
# The first images do not show every value that comes later.
_WIDENED = 1.15


@dataclass(frozen=True)
class StoreConfig:
    """
    What a store holds.

    :param images: source of the images.
    :param model: the encoder, ``full`` or ``heavy``.
    :param chunks: how many chunks of 16 images.
    :param first: number of the first chunk in the stream.
    """

    images: SynthesisConfig
    model: str
    chunks: int
    first: int = 0


class MapStore:
    """
    Reads a finished store.

    :attr maps: level to [images, height, width, channels] uint8, on disk.
    :attr low: level to [channels], the value of byte 0.
    :attr step: level to [channels], the value of one unit.
    :attr truth: field to [images, ...], in memory; fields of
        :class:`~biopose_ros.training.synthesis.records.SyntheticSample` and of
        :class:`~biopose_ros.detection.landmark_network.CropReading`.
    """

    def __init__(self, folder: Path) -> None:
        """
        Open a store.

        :param folder: written by :func:`fill_store`.
        :raises FileNotFoundError: when it is not there or not finished.
        """
        if not (folder / 'done.npy').exists() or not np.load(folder / 'done.npy').all():
            raise FileNotFoundError(f'{folder}: no finished store of encoder maps')
        ranges = np.load(folder / 'ranges.npz')
        self.maps = {level: np.load(folder / f'{level}.npy', mmap_mode='r') for level in MAPS}
        self.low = {level: ranges[f'{level}_low'] for level in MAPS}
        self.step = {level: ranges[f'{level}_step'] for level in MAPS}
        names = (*TRUTH, *CropReading.POINT_FIELDS)
        self.truth = {name: np.load(folder / f'{name}.npy') for name in names}

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
        return part


def fill_store(
    folder: Path,
    config: StoreConfig,
    workers: int = 2,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> MapStore:
    """
    Draw the images, run the encoder, and keep what it says; goes on where it was stopped.

    :param folder: for the arrays.
    :param config: what to keep.
    :param workers: processes.
    :param advance: called with chunks done and chunks in total.
    :raises ValueError: when the folder holds another store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = json.dumps(asdict(config), default=str, indent=2)
    note = folder / 'store.json'
    if note.exists() and note.read_text() != described:
        raise ValueError(f'{folder} holds other images; give an empty folder')
    if not note.exists():
        _allocate(folder, config)
        note.write_text(described)
    done = open_memmap(folder / 'done.npy', mode='r+')
    numbers = np.flatnonzero(~done)
    workers = min(workers, len(numbers))
    context = get_context('spawn')
    arguments = [(folder, config, numbers[worker::workers].tolist()) for worker in range(workers)]
    processes = [context.Process(target=_fill, args=args) for args in arguments]
    for process in processes:
        process.start()
    for process in processes:
        while process.is_alive():
            process.join(2.0)
            advance(int(done.sum()), config.chunks)
    if not done.all():
        raise RuntimeError(f'{folder}: a worker failed; see its message above')
    return MapStore(folder)


def _allocate(folder: Path, config: StoreConfig) -> None:
    """Measure one chunk, then make arrays for all."""
    maps, truth = _Worker(config).chunk(config.first)
    count = config.chunks * CHUNK
    ranges = {}
    for level, values in maps.items():
        flat = values.reshape(-1, values.shape[-1])
        middle, half = 0.5 * (flat.max(0) + flat.min(0)), 0.5 * (flat.max(0) - flat.min(0))
        half = np.maximum(half * _WIDENED, 1e-4)
        ranges[f'{level}_low'], ranges[f'{level}_step'] = middle - half, half / 127.5
        open_memmap(folder / f'{level}.npy', 'w+', np.uint8, (count, *values.shape[1:]))
    np.savez(folder / 'ranges.npz', **{k: v.astype(np.float32) for k, v in ranges.items()})
    for name, values in truth.items():
        open_memmap(folder / f'{name}.npy', 'w+', values.dtype, (count, *values.shape[1:]))
    open_memmap(folder / 'done.npy', 'w+', bool, (config.chunks,))


class _Worker:
    """Draws chunks and runs the encoder on them."""

    def __init__(self, config: StoreConfig) -> None:
        self.generator = build_generator(config.images)
        self.network = LandmarkNetwork(config.model, 'cpu', threads=1, with_maps=True)

    def chunk(self, number: int) -> tuple[dict[str, FloatArray], dict[str, Any]]:
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
    :param readings: what the landmark network says of them.
    :returns: see :attr:`MapStore.truth`.
    """
    fields: dict[str, Any] = dict(stack(samples, TRUTH))
    for name in CropReading.POINT_FIELDS:
        fields[name] = np.stack([np.asarray(getattr(r, name), np.float32) for r in readings])
    return fields


def _fill(folder: Path, config: StoreConfig, numbers: Sequence[int]) -> None:
    worker = _Worker(config)
    ranges = np.load(folder / 'ranges.npz')
    names = (*TRUTH, *CropReading.POINT_FIELDS, *MAPS, 'done')
    arrays: Mapping[str, Any] = {
        name: open_memmap(folder / f'{name}.npy', mode='r+') for name in names
    }
    for number in numbers:
        maps, truth = worker.chunk(config.first + number)
        rows = slice(number * CHUNK, (number + 1) * CHUNK)
        for level, values in maps.items():
            units = (values - ranges[f'{level}_low']) / ranges[f'{level}_step']
            arrays[level][rows] = np.clip(np.round(units), 0, 255).astype(np.uint8)
        for name, rows_of in truth.items():
            arrays[name][rows] = rows_of
        arrays['done'][number] = True
