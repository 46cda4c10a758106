"""How many CPU threads torch may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """
    Keep torch on the calling thread for a while; also a decorator.

    Kinematics are thousands of tiny operations. Spread over threads they wait for each other, and
    beside other busy processes that wait made them take 20 times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
