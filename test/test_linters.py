"""Style is a rule, so it is a test: ruff's checks, its format, and types."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    'command',
    [
        ['ruff', 'check', '--output-format=concise'],
        ['ruff', 'format', '--check'],
        ['mypy', '--no-error-summary'],
    ],
    ids=['ruff check', 'ruff format', 'mypy'],
)
def test_nothing_to_complain_about(command):
    pytest.importorskip(command[0])
    ran = subprocess.run(
        [sys.executable, '-m', *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
