"""Synthetic images: how fast they come, and how much like photographs a detector finds them."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

from biopose_ros.training.synthesis.generator import CHUNK, SampleGenerator
from biopose_ros.training.synthesis.stream import samples


@dataclass(frozen=True)
class SynthesisSpeed:
    """
    How fast samples are drawn.

    :param images_per_s: by the clock, all workers together.
    :param cpu_ms_per_image: processor time of one image in one process.
    :param images: how many were drawn for the first figure.
    :param workers: processes.
    """

    images_per_s: float
    cpu_ms_per_image: float
    images: int
    workers: int


def measure_speed(generator: SampleGenerator, seconds: float, workers: int) -> SynthesisSpeed:
    """
    Draw for a while and count; the first chunk of every worker (compilation) is left out.

    :param generator: draws at its own size.
    :param seconds: how long to count.
    :param workers: processes; 0 draws in this one.
    :returns: the figures.
    """
    cpu_ms = _cpu_ms_per_image(generator)
    stream = samples(generator, workers=workers)
    for _ in range(2 * CHUNK * max(workers, 1)):
        next(stream)
    drawn, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(CHUNK):
            next(stream)
        drawn += CHUNK
    elapsed = time.perf_counter() - start
    return SynthesisSpeed(drawn / elapsed, cpu_ms, drawn, workers)


def _cpu_ms_per_image(generator: SampleGenerator, chunks: int = 6) -> float:
    """Processor time, which other programs on the machine disturb less than the clock."""
    generator.chunk(0)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for number in range(1, chunks + 1):
        generator.chunk(number)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e3 * spent / (chunks * CHUNK)
