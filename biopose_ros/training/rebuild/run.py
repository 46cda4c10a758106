"""Run the steps of a rebuild, each in a process of its own, and only those that are due."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from biopose_ros.resources import FILES_VARIABLE
from biopose_ros.training.rebuild.records import Record
from biopose_ros.training.rebuild.steps import Step


class StepError(RuntimeError):
    """A step that failed, or misses its data; the message names it and the remedy."""


def run_steps(out: Path, steps: Sequence[Step], tell: Callable[[str], None]) -> None:
    """
    Run what is not current, in order; what was made before takes the place of what ships.

    :param out: folder of the rebuild.
    :param steps: in their order.
    :param tell: called with a line before each step.
    :raises StepError: at the first step that fails.
    """
    for number, step in enumerate(steps, 1):
        title, record = f'[{number}/{len(steps)}] {step.name}', Record(out, step)
        if record.is_current():
            tell(f'{title}: current')
            continue
        check_data(step)
        tell(f'{title}: biopose {" ".join(step.command)}')
        for name in step.made:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
        record.begin()
        began = time.monotonic()
        _run(out, step)
        record.end(time.monotonic() - began)


def check_data(step: Step) -> None:
    """
    See that the data of a step are there.

    :param step: to be run.
    :raises StepError: naming what is missing.
    """
    for path in step.data:
        if not path.exists():
            raise StepError(
                f'{step.name} needs {path}: give --data FOLDER with it (biopose data fetch FOLDER '
                f'makes it), or --keep {step.name} to take the file that ships'
            )


def _run(out: Path, step: Step) -> None:
    """Run one command; its output appears as it comes."""
    command = [sys.executable, '-u', '-m', 'biopose_ros.cli', *step.command]
    done = subprocess.run(command, env={**os.environ, FILES_VARIABLE: str(out)}, check=False)
    if done.returncode:
        raise StepError(
            f'{step.name} ended with status {done.returncode}; once the cause above is mended, '
            'the same command goes on from there'
        )
