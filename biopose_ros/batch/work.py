"""One recording of a batch, in a process of its own: it may crash, and leaves no memory behind."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from biopose_ros.batch.recordings import SUMMARY, Recording

# Beside the results, while they are not whole.
UNFINISHED = '.unfinished'
LOG = 'batch.log'
# Each recording has one processor.
_OPTIONS = ('--threads', '1')
# Exit status of `biopose run` where all went well, but no person was in the recording.
_NOBODY = 3
_THREADS = {'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Outcome:
    """
    What became of a recording.

    :param recording: which.
    :param error: the reason why there are no results; empty where there are.
    :param seconds: of work.
    """

    recording: Recording
    error: str
    seconds: float


def process(recording: Recording, options: Sequence[str]) -> Outcome:
    """
    Run ``biopose run`` on a recording, and put the results in place when they are whole.

    :param recording: source and folder.
    :param options: of ``biopose run``.
    """
    start = time.monotonic()
    unfinished = recording.out.parent / UNFINISHED
    unfinished.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f'{recording.out.name}-', dir=unfinished))
    try:
        error = _run(recording.source, folder, options)
        if not error:
            _put_in_place(folder / 'results', recording.out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(recording, error, time.monotonic() - start)


def clear_unfinished(out: Path) -> None:
    """
    Remove what workers that died left behind.

    :param out: folder of the batch; no worker may be running in it.
    """
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)


def _run(source: Path, folder: Path, options: Sequence[str]) -> str:
    command = [sys.executable, '-m', 'biopose_ros.cli', 'run', str(source)]
    command += ['--out', str(folder / 'results'), *_OPTIONS, *options]
    log = folder / LOG
    with log.open('w') as file:
        done = subprocess.run(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_THREADS, 'COLUMNS': '1000', 'NO_COLOR': '1'},
            preexec_fn=_end_with_parent if sys.platform == 'linux' else None,
            check=False,
        )
    if done.returncode in (0, _NOBODY):
        log.replace(folder / 'results' / LOG)
        return ''
    lines = [line.strip() for line in log.read_text(errors='replace').splitlines()]
    told = [line for line in lines if line.lower().startswith('error')]
    last = (told or [line for line in lines if line] or [''])[-1].removeprefix('error: ')
    if done.returncode < 0:
        return f'ended by {signal.Signals(-done.returncode).name}; {last}'
    return last or f'exit status {done.returncode}'


def _end_with_parent() -> None:
    """Let the kernel end the process with the worker: the recording starts anew elsewhere."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _put_in_place(results: Path, out: Path) -> None:
    """Move finished results; another worker may have been faster after a lost connection."""
    try:
        results.rename(out)
    except OSError:
        if not (out / SUMMARY).is_file():
            shutil.rmtree(out, ignore_errors=True)
            results.rename(out)
