"""The node's state of health as ``diagnostic_msgs``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from biopose_ros.inference.stage_clock import StageTime
from biopose_ros.ros.live_statistics import Snapshot

STAGE_SUFFIX = ' p50, p95 (ms)'


@dataclass(frozen=True)
class Health:
    """
    The content of the diagnostics.

    :param lifecycle_state: label, for example active.
    :param frames: counters and latencies.
    :param dropped: images that a newer one replaced before they were used.
    :param persons: number of persons in the last image.
    :param waiting: images that wait for the worker, 0 or 1.
    :param device: what the networks really run on, '' while nothing is loaded.
    :param fault: why there are no results (no image comes, a transition failed), '' where there
        is none.
    :param warnings: why results are not to be trusted, or late.
    :param stages: time of each stage of the work on an image.
    :param refinements: how many bodies were refined, or were not, by reason.
    """

    lifecycle_state: str
    frames: Snapshot
    dropped: int
    persons: int
    waiting: int
    device: str
    fault: str
    warnings: Sequence[str]
    stages: Mapping[str, StageTime]
    refinements: Mapping[str, int]


def diagnostic_array(node_name: str, stamp: Time, health: Health) -> DiagnosticArray:
    """Report the health of the node."""
    level, message = _verdict(health)
    status = DiagnosticStatus(
        name=f'{node_name}: pose estimation',
        hardware_id=health.device,
        level=level,
        message=message,
        values=[KeyValue(key=key, value=value) for key, value in _values(health).items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def motionless_warning(persons: Collection[str]) -> str:
    """
    Warn of persons who may be pictures or mannequins.

    :param persons: their ids.
    :returns: '' where there are none.
    """
    if not persons:
        return ''
    return (
        f'{", ".join(sorted(persons))}: no joint has bent for long, maybe a picture or a '
        'mannequin; the confidence is lowered (still_s)'
    )


def _verdict(health: Health) -> tuple[bytes, str]:
    if health.fault:
        return DiagnosticStatus.ERROR, health.fault
    if health.frames.recent_faults:
        return DiagnosticStatus.WARN, health.frames.last_fault
    if health.warnings:
        return DiagnosticStatus.WARN, '; '.join(health.warnings)
    return DiagnosticStatus.OK, health.lifecycle_state


def _values(health: Health) -> dict[str, str]:
    frames = health.frames
    return {
        'state': health.lifecycle_state,
        'images received': str(frames.received),
        'images processed': str(frames.processed),
        'images dropped': str(health.dropped),
        'images rejected': str(frames.rejected),
        'input rate (Hz)': f'{frames.input_hz:.1f}',
        'processed rate (Hz)': f'{frames.processed_hz:.1f}',
        'latency p50 (ms)': f'{frames.latency_p50_ms:.1f}',
        'latency p95 (ms)': f'{frames.latency_p95_ms:.1f}',
        'age of the last image (s)': f'{frames.age_s:.2f}',
        'images waiting': str(health.waiting),
        'persons': str(health.persons),
        'device': health.device,
        'last fault': frames.last_fault,
        **{f'bodies, {outcome}': str(count) for outcome, count in health.refinements.items()},
        **{
            f'{stage}{STAGE_SUFFIX}': f'{took.p50_ms:.1f}, {took.p95_ms:.1f}'
            for stage, took in health.stages.items()
        },
    }


def stage_times(status: DiagnosticStatus) -> dict[str, tuple[float, float]]:
    """
    Read the time of each stage back.

    :returns: median and 95th percentile in milliseconds, by stage.
    """
    times = {}
    for item in status.values:
        if item.key.endswith(STAGE_SUFFIX):
            median, late = map(float, item.value.split(', '))
            times[item.key.removesuffix(STAGE_SUFFIX)] = median, late
    return times
