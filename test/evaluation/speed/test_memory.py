import subprocess
import sys

import numpy as np
import pytest

from biopose_ros.evaluation.speed.memory import resident_mib

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')


def in_a_fresh_process(code):
    """Run where nothing was freed before that a new array could take over."""
    lines = (
        'import numpy as np',
        'from biopose_ros.evaluation.speed.memory import forget_peak, peak_mib, resident_mib',
        *code,
    )
    subprocess.run([sys.executable, '-c', '\n'.join(lines)], check=True)


def test_resident_memory_follows_a_large_array():
    in_a_fresh_process(
        [
            'before = resident_mib()',
            'array = np.ones(2**23)  # 64 MiB',
            'assert resident_mib() - before > 50, (before, resident_mib())',
        ]
    )


def test_peak_stays_and_can_be_forgotten():
    in_a_fresh_process(
        [
            'array = np.ones(2**23)',
            'held = resident_mib()',
            'del array',
            'assert peak_mib() >= held - 1, (peak_mib(), held)',
            'forget_peak()',
            'assert peak_mib() < held - 30, (peak_mib(), held)',
        ]
    )


def test_unknown_process_is_nan():
    assert np.isnan(resident_mib(2**22 + 1))
