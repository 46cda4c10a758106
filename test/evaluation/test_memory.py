import os
import sys

import numpy as np
import pytest

from biopose_ros.evaluation.memory import forget_peak, peak_mib, resident_mib

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')


def test_resident_memory_follows_a_large_array():
    before = resident_mib()
    array = np.ones(2**23)  # 64 MiB
    assert resident_mib(os.getpid()) - before > 50
    del array


def test_peak_stays_and_can_be_forgotten():
    array = np.ones(2**23)
    held = resident_mib()
    del array
    assert peak_mib() >= held - 1
    forget_peak()
    assert peak_mib() < held - 30


def test_unknown_process_is_nan():
    assert np.isnan(resident_mib(2**22 + 1))
