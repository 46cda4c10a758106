"""The verdicts on recorded runs whose faults are known."""

import numpy as np
import pytest

from biopose_ros.evaluation.speed.soak_checks import SoakLog, check, memory_trend

HOUR_IMAGES = 3600 * 30


def flawless():
    """An hour's worth of records without a fault."""
    stamps = range(1, 301)
    rng = np.random.default_rng(0)
    return SoakLog(
        angles=[(stamp, 'person_1', 1) for stamp in stamps] + [(300, 'person_1', 3)],
        results=[(stamp, 1) for stamp in stamps] + [(300, 0)],
        delays_s=[0.03] * 300,
        memory=[(i * 100, 500.0 + rng.normal()) for i in range(300)],
        handles=[(26, 22)] * 300,
        waiting=[0, 1, 1],
        rejected=4,
        broken=4,
        faults=1,
        stalls=1,
        ids={(0, 0): {'person_1'}, (0, 1): {'person_2'}, (1, 0): set()},
    )


def failed(log):
    return {item.name for item in check(log) if not item.is_met}


def test_a_flawless_run_passes():
    assert failed(flawless()) == set()


def test_a_leak_is_found_and_measured():
    log = flawless()
    log.memory = [(images, mib + 60.0 * images / HOUR_IMAGES) for images, mib in log.memory]
    trend = memory_trend(log.memory)
    assert trend.mib_per_hour == pytest.approx(60.0, abs=4 * trend.stderr_mib_per_hour)
    assert trend.stderr_mib_per_hour < 10
    assert failed(log) == {'memory is flat after the warm-up'}


def test_growth_in_the_warm_up_is_no_leak():
    log = flawless()
    log.memory = [(images, mib + min(images / 20, 200.0)) for images, mib in log.memory]
    assert failed(log) == set()


def test_a_run_that_is_too_short_cannot_tell():
    log = flawless()
    log.memory = log.memory[:20]
    assert 'memory is flat after the warm-up' in failed(log)


@pytest.mark.parametrize(
    ('spoil', 'name'),
    [
        (lambda log: log.results.append((300, 1)), 'nothing is published twice or out of order'),
        (lambda log: log.results.append((299, 0)), 'nothing is published twice or out of order'),
        (
            lambda log: log.angles.append((300, 'person_1', 1)),
            'nothing is published twice or out of order',
        ),
        (lambda log: log.results.clear(), 'nothing is published twice or out of order'),
        (lambda log: log.waiting.append(2), 'queues do not grow'),
        (lambda log: log.delays_s.extend([0.2] * 200), 'queues do not grow'),
        (lambda log: log.delays_s.clear(), 'queues do not grow'),
        (lambda log: log.handles.append((31, 22)), 'threads and open files do not grow'),
        (lambda log: log.handles.append((26, 27)), 'threads and open files do not grow'),
        (lambda log: log.ids[0, 0].add('person_3'), 'ids are stable'),
        (lambda log: log.ids.clear(), 'ids are stable'),
        (lambda log: setattr(log, 'rejected', 3), 'broken images are reported'),
        (lambda log: setattr(log, 'faults', 0), 'stalls of the camera are reported'),
    ],
)
def test_each_fault_is_found(spoil, name):
    log = flawless()
    spoil(log)
    assert failed(log) == {name}
