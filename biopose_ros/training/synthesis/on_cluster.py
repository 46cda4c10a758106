"""Images drawn by the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from biopose_ros.body import load_body
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.setup import (
    SynthesisConfig,
    build_generator,
    build_sequence_generator,
)
from biopose_ros.training.synthesis.stream import ChunkGenerator
from biopose_ros.training.synthesis.tie import LabelTie


@dataclass(frozen=True)
class Drawing:
    """
    What a generator draws; equal ones draw the same bytes.

    :param config: of the images.
    :param is_sequence: whether chunks are people who move.
    :param has_skeleton: whether samples have skeleton coordinates and scales.
    """

    config: SynthesisConfig
    is_sequence: bool = False
    has_skeleton: bool = False

    def build(self) -> ChunkGenerator:
        """
        Make the generator.

        :raises ValueError: see :func:`~.setup.build_generator`.
        """
        tie = LabelTie(load_body()) if self.has_skeleton else None
        if self.is_sequence:
            return build_sequence_generator(self.config, tie=tie and tie.motion)
        return build_generator(self.config, tie=tie)


def cluster_chunks(drawing: Drawing, count: int, address: str) -> Iterator[list[SyntheticSample]]:
    """
    Draw chunks on a cluster, in their order; its machines share the folders of the config.

    :param drawing: what.
    :param count: how many chunks.
    :param address: ``auto`` or ``head:6379``.
    :raises ConnectionError: when there is no cluster.
    :raises ImportError: when Ray is not installed.
    """
    from biopose_ros.batch import cluster

    cluster.connect(None, address)
    try:
        yield from cluster.numbered(partial(_chunk, drawing), range(count))
    finally:
        cluster.disconnect()


def _chunk(drawing: Drawing, number: int) -> list[SyntheticSample]:
    return _generator(drawing).chunk(number)


@lru_cache(maxsize=1)
def _generator(drawing: Drawing) -> ChunkGenerator:
    """Keep a worker's generator from chunk to chunk."""
    return drawing.build()
