"""Where trainings run: on a GPU where there is one, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

_Function = TypeVar('_Function', bound=Callable[..., Any])


def training_device() -> torch.device:
    """Give the GPU where there is one, else the CPU."""
    return torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def mixed_precision(device: torch.device) -> torch.autocast:
    """
    Let matrix products run in bfloat16: several times faster, also on CPUs that know it.

    :param device: that computes.
    """
    return torch.autocast(device.type, torch.bfloat16)


def compiled(function: _Function, device: torch.device) -> _Function:
    """
    Fuse a function's kernels on a GPU; on a CPU, compiling would take longer than it saves.

    :param function: of tensors.
    :param device: that computes.
    """
    if device.type != 'cuda':
        return function
    return cast(_Function, torch.compile(function, dynamic=False))


def to_device(record: Any, device: torch.device) -> Any:
    """
    Move the tensors of a record.

    :param record: frozen dataclass; fields that are no tensors, or mappings of such, stay.
    :param device: where to.
    """

    def moved(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.to(device, non_blocking=True)
        if isinstance(value, Mapping):
            return {name: moved(part) for name, part in value.items()}
        return value

    return replace(record, **{name: moved(value) for name, value in vars(record).items()})
