"""Start ONNX Runtime on the requested device, and report on which it runs."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biopose_ros.resources import cache_path

if TYPE_CHECKING:
    import onnxruntime

_LOG = logging.getLogger(__name__)
_DEVICE = re.compile(r'auto|cpu|cuda(:\d+)?')
_REMEDY = 'run `biopose weights import`'


class NetworkFileError(RuntimeError):
    """A network file is missing or cannot be read."""


class DeviceError(RuntimeError):
    """The device asked for cannot run networks."""


def create_session(
    path: Path, device: str = 'auto', threads: int = 0
) -> onnxruntime.InferenceSession:
    """
    Load a network.

    :param path: an ONNX file.
    :param device: ``auto`` (CUDA where it works, else CPU), ``cpu``, ``cuda`` or ``cuda:N``.
    :param threads: CPU threads for one call; 0 leaves the choice to ONNX Runtime.
    :returns: the session; :func:`running_device` tells where it runs.
    :raises ValueError: for an unknown device or a negative number of threads.
    :raises NetworkFileError: when the file is missing or broken.
    :raises DeviceError: when CUDA is asked for and does not work.
    """
    import onnxruntime  # here: training runs without it

    path = Path(path)
    providers = _providers(device)
    if threads < 0:
        raise ValueError(f'threads must be 0 (automatic) or more, got {threads}')
    if not path.is_file():
        raise NetworkFileError(f'the network {path} is missing; {_REMEDY}')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # The runtime warns of how it places nodes, which is no fault; errors still raise exceptions.
    options.log_severity_level = 3
    # Threads that spin while they wait would take the cores from decoding and publishing.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its exception classes have no public common base
        raise NetworkFileError(
            f'the network {path} cannot be read ({error}); {_REMEDY}'
        ) from error
    _report(running_device(session), device)
    return session


def cached_graph(name: str, export: Callable[[Path], None]) -> Path:
    """
    Give a network as an ONNX file in the user's cache, exported on first use.

    :param name: of the network, with the versions of its export and of its weights.
    :param export: writes the ONNX file to the path that it is given.
    :returns: the file.
    """
    graph = cache_path(f'networks/{name}.onnx')
    if not graph.exists():
        _LOG.info('writing %s, once', graph)
        # Another process may write the same file: each its own, the last one stays.
        part = graph.with_suffix(f'.{os.getpid()}.part')
        export(part)
        part.replace(graph)
    return graph


def running_device(session: onnxruntime.InferenceSession) -> str:
    """
    Find the device on which a session runs.

    :param session: a loaded network.
    :returns: ``cpu`` or ``cuda:N``.
    """
    if session.get_providers()[0] != 'CUDAExecutionProvider':
        return 'cpu'
    options = session.get_provider_options()['CUDAExecutionProvider']
    return f'cuda:{options.get("device_id", 0)}'


def run_on_device(
    session: onnxruntime.InferenceSession,
    inputs: Mapping[str, NDArray[Any] | onnxruntime.OrtValue],
    outputs: Sequence[str],
    kept: Sequence[str] = (),
) -> dict[str, onnxruntime.OrtValue]:
    """
    Run a network without copies between devices.

    Values that another network left on the device go in from there, and what is kept for another
    network stays there.

    :param session: a loaded network.
    :param inputs: by name; arrays come from the CPU.
    :param outputs: wanted on the CPU.
    :param kept: wanted on the session's device.
    :returns: by name.
    """
    import onnxruntime

    binding = session.io_binding()
    for name, value in inputs.items():
        if isinstance(value, onnxruntime.OrtValue):
            binding.bind_ortvalue_input(name, value)
        else:
            binding.bind_cpu_input(name, np.ascontiguousarray(value))
    kind, _, number = running_device(session).partition(':')
    for name in outputs:
        binding.bind_output(name, 'cpu')
    for name in kept:
        binding.bind_output(name, kind, int(number or 0))
    session.run_with_iobinding(binding)
    return dict(zip((*outputs, *kept), binding.get_outputs(), strict=True))


def _providers(device: str) -> list:
    import onnxruntime

    if not _DEVICE.fullmatch(device):
        raise ValueError(f'device must be auto, cpu, cuda or cuda:N, got {device!r}')
    available = onnxruntime.get_available_providers()
    if device == 'cpu' or (device == 'auto' and 'CUDAExecutionProvider' not in available):
        return ['CPUExecutionProvider']
    if 'CUDAExecutionProvider' not in available:
        raise DeviceError(
            f'device {device} was asked for, but this onnxruntime has no CUDA; install '
            'onnxruntime-gpu in place of onnxruntime, or use device cpu or auto'
        )
    _preload_cuda_libraries()
    number = int(device.partition(':')[2] or 0)
    return [('CUDAExecutionProvider', {'device_id': number}), 'CPUExecutionProvider']


@lru_cache(maxsize=1)
def _preload_cuda_libraries() -> None:
    """Find CUDA and cuDNN in the wheels that torch brings, where the runtime can do so."""
    import onnxruntime

    if hasattr(onnxruntime, 'preload_dlls'):
        onnxruntime.preload_dlls()


@lru_cache(maxsize=16)
def _report(running: str, asked: str) -> None:
    """Log once per outcome; a device asked for by name and not got is an error each time."""
    import onnxruntime

    if asked.startswith('cuda') and running == 'cpu':
        raise DeviceError(
            f'device {asked} was asked for, but ONNX Runtime fell back to the CPU; check the '
            'NVIDIA driver, CUDA and cuDNN (`nvidia-smi`), or use device cpu or auto'
        )
    _LOG.info('ONNX Runtime %s runs on %s', onnxruntime.__version__, running)
