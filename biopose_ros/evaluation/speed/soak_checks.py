"""What must hold over a long run, judged from what was recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from biopose_ros.evaluation.speed.soak_script import RATE_HZ
from biopose_ros.records import FloatArray, TrackingState

# The first part of a run fills caches and buffers.
WARM_UP_SHARE = 1 / 3
BLOCKS = 10
MIN_SAMPLES = 2 * BLOCKS
# Memory that comes and goes in steps; a smaller change means nothing in a short run.
MAX_GROWTH_MIB = 8.0
MAX_DELAY_GROWTH = 1.5
MAX_DELAY_STEP_S = 0.02
MAX_MORE_HANDLES = 4
# A broken image may be dropped for a newer one before it is looked at.
MIN_SHARE_REPORTED = 0.9


@dataclass
class SoakLog:
    """
    What was seen of the node.

    :param angles: stamp, person and state of every ``joint_angles``, in the order of arrival.
    :param results: stamp and number of persons of every ``tracked_persons``.
    :param delays_s: from publishing an image to its result.
    :param memory: images published so far and resident MiB.
    :param handles: threads and open files of the node.
    :param waiting: images that waited, of every diagnostics.
    :param rejected: images that the node reports as refused.
    :param faults: messages of diagnostics that were not OK during stalls.
    :param broken: broken images published.
    :param stalls: how often the camera stalled.
    :param ids: by appearance, the ids that stood there.
    """

    angles: list[tuple[int, str, int]] = field(default_factory=list)
    results: list[tuple[int, int]] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)
    handles: list[tuple[int, int]] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    rejected: int = 0
    faults: int = 0
    broken: int = 0
    stalls: int = 0
    ids: dict[tuple[int, int], set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """
    One thing that must hold.

    :param name: what.
    :param is_met: whether it holds.
    :param detail: the figures.
    """

    name: str
    is_met: bool
    detail: str


@dataclass(frozen=True)
class MemoryTrend:
    """
    How memory went after the warm-up.

    :param mib_per_hour: slope, per hour of images at 30 Hz.
    :param stderr_mib_per_hour: its 1 sigma.
    :param growth_mib: over the part that was measured.
    """

    mib_per_hour: float
    stderr_mib_per_hour: float
    growth_mib: float


def check(log: SoakLog) -> list[Check]:
    """
    Judge a run.

    :param log: everything that was recorded.
    """
    return [
        _memory(log),
        _queues(log),
        _handles(log),
        _order(log),
        _ids(log),
        Check(
            'broken images are reported',
            log.rejected >= MIN_SHARE_REPORTED * log.broken,
            f'{log.rejected} of {log.broken}',
        ),
        Check(
            'stalls of the camera are reported',
            log.faults >= log.stalls,
            f'{log.faults} faults in {log.stalls} stalls',
        ),
    ]


def memory_trend(memory: list[tuple[int, float]]) -> MemoryTrend | None:
    """
    Fit a line to memory over images, after the warm-up.

    Samples in a row are alike, so the error comes from the means of a few blocks.

    :param memory: images so far and MiB.
    :returns: None where there are too few samples.
    """
    kept = np.array(memory[int(len(memory) * WARM_UP_SHARE) :], dtype=float).reshape(-1, 2)
    if len(kept) < MIN_SAMPLES:
        return None
    hours, mib = np.array([block.mean(axis=0) for block in np.array_split(kept, BLOCKS)]).T
    hours = hours / (3600 * RATE_HZ)
    (slope, _), covariance = np.polyfit(hours, mib, 1, cov=True)
    return MemoryTrend(float(slope), float(np.sqrt(covariance[0, 0])), float(mib[-1] - mib[0]))


def _memory(log: SoakLog) -> Check:
    trend = memory_trend(log.memory)
    name = 'memory is flat after the warm-up'
    if trend is None:
        return Check(name, False, 'the run was too short to tell')
    is_growing = trend.mib_per_hour > 2 * trend.stderr_mib_per_hour
    return Check(
        name,
        not (is_growing and trend.growth_mib > MAX_GROWTH_MIB),
        f'{trend.mib_per_hour:+.1f} +- {trend.stderr_mib_per_hour:.1f} MiB per hour of images, '
        f'{trend.growth_mib:+.1f} MiB measured',
    )


def _queues(log: SoakLog) -> Check:
    first, last = _thirds(np.array(log.delays_s))
    is_flat = last <= MAX_DELAY_GROWTH * first + MAX_DELAY_STEP_S
    waiting = max(log.waiting, default=0)
    return Check(
        'queues do not grow',
        bool(is_flat) and waiting <= 1,
        f'image to result {1e3 * first:.0f} ms in the first third, {1e3 * last:.0f} ms in the '
        f'last; at most {waiting} image waited',
    )


def _thirds(values: FloatArray) -> tuple[float, float]:
    if len(values) < 3:
        return float('nan'), float('nan')
    third = len(values) // 3
    return float(np.median(values[:third])), float(np.median(values[-third:]))


def _handles(log: SoakLog) -> Check:
    kept = np.array(log.handles[int(len(log.handles) * WARM_UP_SHARE) :]).reshape(-1, 2)
    if not len(kept):
        return Check('threads and open files do not grow', False, 'nothing was recorded')
    more = kept[-1] - kept[0]
    return Check(
        'threads and open files do not grow',
        bool((more <= MAX_MORE_HANDLES).all()),
        f'{more[0]:+d} threads, {more[1]:+d} files, of {kept[-1][0]} and {kept[-1][1]}',
    )


def _order(log: SoakLog) -> Check:
    """Nothing twice or back in time; a lost person is published once more with the last stamp."""
    wrong = 0
    last_result_ns = -1
    for stamp_ns, persons in log.results:
        wrong += stamp_ns < last_result_ns or (stamp_ns == last_result_ns and persons > 0)
        last_result_ns = stamp_ns
    last_ns: dict[str, int] = {}
    for stamp_ns, person, state in log.angles:
        before_ns = last_ns.get(person, -1)
        is_last_word = state == TrackingState.LOST and stamp_ns == before_ns
        wrong += stamp_ns <= before_ns and not is_last_word
        last_ns[person] = stamp_ns
    return Check(
        'nothing is published twice or out of order',
        wrong == 0 and bool(log.results),
        f'{wrong} of {len(log.results) + len(log.angles)} messages',
    )


def _ids(log: SoakLog) -> Check:
    changed = sum(len(ids) > 1 for ids in log.ids.values())
    found = sum(bool(ids) for ids in log.ids.values())
    return Check(
        'ids are stable',
        changed == 0 and found > 0,
        f'{found} of {len(log.ids)} appearances found, {changed} changed their id',
    )
