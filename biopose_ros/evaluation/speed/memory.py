"""Memory of this process and of others."""

from __future__ import annotations

import re
from pathlib import Path

_KIB_PER_MIB = 1024


def resident_mib(process_id: int | str = 'self') -> float:
    """
    Measure the memory that a process holds now.

    :param process_id: of a running process.
    :returns: MiB; NaN where the system does not tell (no Linux).
    """
    return _status_mib(process_id, 'VmRSS')


def peak_mib(process_id: int | str = 'self') -> float:
    """
    Give the most memory that a process held since its start or :func:`forget_peak`.

    :param process_id: of a running process.
    :returns: MiB; NaN where the system does not tell.
    """
    return _status_mib(process_id, 'VmHWM')


def forget_peak() -> None:
    """Let the peak of this process start again from what it holds now, where that is possible."""
    try:
        Path('/proc/self/clear_refs').write_text('5')
    except OSError:
        return


def _status_mib(process_id: int | str, field: str) -> float:
    try:
        status = Path(f'/proc/{process_id}/status').read_text()
    except OSError:
        return float('nan')
    found = re.search(rf'^{field}:\s+(\d+) kB$', status, re.MULTILINE)
    return int(found.group(1)) / _KIB_PER_MIB if found else float('nan')
