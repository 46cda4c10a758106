"""A DDS domain that no other benchmark or test run on this machine uses."""

from __future__ import annotations

import contextlib
import fcntl
import random
import tempfile
from pathlib import Path
from typing import IO

# Above, the DDS ports of Linux may collide with those that programs get for outgoing traffic.
_LAST_DOMAIN = 101


def own_domain() -> tuple[int, IO[str]]:
    """
    Choose a domain that nobody else holds.

    :returns: its number, and a file whose lock holds it until it is closed.
    :raises RuntimeError: when all of them are held.
    """
    for number in random.sample(range(1, _LAST_DOMAIN + 1), _LAST_DOMAIN):
        lock = (Path(tempfile.gettempdir()) / f'biopose_ros_domain_{number}.lock').open('w')
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        lock.close()
    raise RuntimeError(
        f'all {_LAST_DOMAIN} DDS domains of this machine are in use: end other benchmarks or tests'
    )
