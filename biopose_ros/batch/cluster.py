"""Hand work to the workers of a Ray cluster: this machine's processors, or many machines."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import ray

from biopose_ros.batch.recordings import Recording
from biopose_ros.batch.work import Outcome, process

# A worker or machine that dies costs an attempt; a recording that kills each of them is given up.
ATTEMPTS = 3
# Recordings handed out beyond those at work, per processor; their descriptions wait in memory.
_AHEAD = 2
_CONNECT_S = 10.0

_Result = TypeVar('_Result')


def connect(workers: int | None, address: str | None) -> int:
    """
    Start Ray on this machine, or join a running cluster.

    :param workers: recordings at once on this machine; None for one a processor.
    :param address: of a cluster, for example ``auto`` or ``head:6379``; None stays here.
    :returns: how many recordings the processors take at once.
    :raises ConnectionError: when there is no cluster at the address, or Ray does not start.
    """
    if address is not None:
        _check_reachable(address)
    start = {'address': address} if address else {'num_cpus': workers, 'include_dashboard': False}
    try:
        ray.init(**start, log_to_driver=False, configure_logging=False)
    except Exception as error:  # Ray raises plain exceptions where a node is too slow to start
        raise ConnectionError(f'Ray did not start: {error}') from error
    return _processors()


def _check_reachable(address: str) -> None:
    """Fail at once where no cluster answers: Ray itself tries for minutes."""
    host, colon, port = address.removeprefix('ray://').rpartition(':')
    if not colon or not port.isdigit():
        return  # auto, or a name that Ray knows
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except OSError as error:
        raise ConnectionError(
            f'no Ray cluster at {address} ({error}); start one with: ray start --head'
        ) from None


def disconnect() -> None:
    """Leave the cluster, or stop the one of this machine."""
    ray.shutdown()


def _processors() -> int:
    return max(1, int(ray.cluster_resources().get('CPU', 1)))


def work_off(recordings: Sequence[Recording], options: Sequence[str]) -> Iterator[Outcome]:
    """
    Give every recording to a worker, and again to another one where a worker dies.

    :param recordings: to do.
    :param options: of ``biopose run``.
    :returns: the outcomes, as they come.
    """
    task = ray.remote(process).options(num_cpus=1, max_retries=ATTEMPTS - 1)
    waiting = iter(recordings)
    at_work: dict[ray.ObjectRef, Recording] = {}
    while True:
        while len(at_work) < _AHEAD * _processors():
            recording = next(waiting, None)
            if recording is None:
                break
            at_work[task.remote(recording, tuple(options))] = recording
        if not at_work:
            return
        done, _ = ray.wait(list(at_work), num_returns=1)
        for reference in done:
            recording = at_work.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                reason = str(error).strip().splitlines()[0]
                yield Outcome(recording, f'given up after {ATTEMPTS} attempts: {reason}', 0.0)


def numbered(function: Callable[[int], _Result], numbers: Iterable[int]) -> Iterator[_Result]:
    """
    Let workers do numbered pieces of work, a few ahead of what is taken.

    :param function: of a number; the machines must be able to import it.
    :param numbers: perhaps without end.
    :returns: results in the order of the numbers, whichever worker made them.
    """
    task: Any = ray.remote(_call).options(num_cpus=1, max_retries=ATTEMPTS - 1)
    waiting: deque[ray.ObjectRef] = deque()
    for number in numbers:
        waiting.append(task.remote(function, number))
        if len(waiting) >= _AHEAD * _processors():
            yield ray.get(waiting.popleft())
    while waiting:
        yield ray.get(waiting.popleft())


def _call(function: Callable[[int], _Result], number: int) -> _Result:
    return function(number)
