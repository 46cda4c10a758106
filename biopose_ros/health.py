"""What ``biopose doctor`` looks at, besides ROS: libraries, device, weights, tools."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

# Import name to distribution name of what the pipeline cannot do without.
LIBRARIES = {
    'numpy': 'numpy',
    'scipy': 'scipy',
    'cv2': 'opencv-python-headless',
    'torch': 'torch',
    'onnxruntime': 'onnxruntime',
    'onnx': 'onnx',
    'av': 'av',
    'safetensors': 'safetensors',
}
# Import name, and what is possible with it.
EXTRAS = {
    'opensim': 'checks of kinematics and inverse kinematics against OpenSim (biopose evaluate)',
    'smplx': "checks against smplx's own body layer; licensed for non-commercial use only",
}
BUILD_TOOLS = ('git', 'c++', 'cmake')
NEEDED_NETWORKS = ('pose_landmark_full',)
BEST_NETWORK = 'pose_landmark_heavy'


class ShortcomingError(Exception):
    """Something works, but not as well as it could."""


@dataclass(frozen=True)
class Check:
    """
    One thing to look at.

    :param name: the row's title.
    :param look: returns what was found; raises :class:`ShortcomingError` for what could be better,
        and any other error where something is missing.
    :param remedy: what to do then.
    :param essential: whether the package is useless without it.
    """

    name: str
    look: Callable[[], str]
    remedy: str
    essential: bool = True


@dataclass(frozen=True)
class Finding:
    """
    What a check came to.

    :param name: of the check.
    :param state: ``ok``, ``advice`` or ``fault``.
    :param detail: what was found.
    :param remedy: what to do; empty where all is well.
    """

    name: str
    state: str
    detail: str
    remedy: str = ''


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """
    Run the checks one by one.

    :param checks: in the order to report.
    :returns: one finding per check, whatever the check raised.
    """
    for check in checks:
        try:
            yield Finding(check.name, 'ok', check.look())
        except ShortcomingError as shortcoming:
            yield Finding(check.name, 'advice', str(shortcoming), check.remedy)
        except Exception as error:  # a library that is broken may raise anything on import
            state = 'fault' if check.essential else 'advice'
            yield Finding(check.name, state, f'{type(error).__name__}: {error}', check.remedy)


def checks() -> list[Check]:
    """List all checks that need no ROS."""
    return [
        Check('Python', look_at_python, 'use Python 3.10 or later'),
        *(_library_check(module, name) for module, name in LIBRARIES.items()),
        Check(
            'device',
            look_at_device,
            'for CUDA: install onnxruntime-gpu in place of onnxruntime, and check the NVIDIA '
            'driver with nvidia-smi',
        ),
        Check('networks', look_at_networks, 'run `biopose weights import`'),
        Check('weights', look_at_weights, 'install the package again'),
        *(_extra_check(module, use) for module, use in EXTRAS.items()),
        Check(
            'build tools',
            look_at_build_tools,
            'only to build the messages: sudo apt install git g++ cmake',
            essential=False,
        ),
    ]


def look_at_python() -> str:
    """Report the Python version and environment."""
    return f'{platform.python_version()} in {sys.prefix}'


def _library_check(module: str, name: str) -> Check:
    def look() -> str:
        library = import_module(module)
        return str(getattr(library, '__version__', '')) or metadata.version(name)

    return Check(name, look, f'pip install {name}')


def _extra_check(module: str, use: str) -> Check:
    def look() -> str:
        if find_spec(module) is None:
            raise ShortcomingError(f'not installed; it adds {use}')
        return f'{metadata.version(module)}: {use}'

    return Check(module, look, f'pip install "biopose_ros[{module}]"', essential=False)


def look_at_device() -> str:
    """
    Load a one-node network as the pipeline would, and ask where it runs.

    :raises ShortcomingError: when ONNX Runtime claims a CUDA that it cannot use: its GPU build
        lists CUDA even where there is none.
    """
    import onnxruntime

    from biopose_ros.inference.onnx_runtime import create_session, running_device

    with TemporaryDirectory() as folder:
        path = Path(folder) / 'identity.onnx'
        path.write_bytes(_identity_network())
        device = running_device(create_session(path))
    claims_cuda = 'CUDAExecutionProvider' in onnxruntime.get_available_providers()
    if claims_cuda and device == 'cpu':
        raise ShortcomingError(
            'networks run on the CPU, although this onnxruntime is built for CUDA'
        )
    return f'networks on {device}, refinement on {_torch_device()}'


def _identity_network() -> bytes:
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in 'xy')
    graph = helper.make_graph([helper.make_node('Identity', ['x'], ['y'])], 'identity', [x], [y])
    # Old enough for every supported ONNX Runtime.
    opset = [helper.make_opsetid('', 13)]
    return helper.make_model(graph, ir_version=8, opset_imports=opset).SerializeToString()


def _torch_device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu'


def look_at_networks() -> str:
    """
    Report which published networks are in the cache.

    :raises RuntimeError: when one that the pipeline needs is missing or broken.
    :raises ShortcomingError: when the most accurate one is.
    """
    from biopose_ros.pretrained.networks import NETWORKS, is_imported

    present = [name for name, network in NETWORKS.items() if is_imported(network)]
    missing = [name for name in NEEDED_NETWORKS if name not in present]
    if missing:
        raise RuntimeError(f'missing or broken: {", ".join(missing)}')
    if BEST_NETWORK not in present:
        raise ShortcomingError(
            f'{", ".join(present)}; angles would be more accurate with {BEST_NETWORK}'
        )
    return ', '.join(present)


def look_at_weights() -> str:
    """
    Open every file of weights that ships with the package.

    :raises FileNotFoundError: when the folder is missing.
    :raises RuntimeError: naming a file that cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    from biopose_ros.resources import resource_path

    paths = sorted(resource_path('weights').glob('*.safetensors'))
    for path in paths:
        try:
            with safe_open(path, framework='np') as file:
                file.keys()
        except SafetensorError as error:
            raise RuntimeError(f'{path} is broken: {error}') from error
    return ', '.join(path.stem for path in paths) or 'none shipped'


def look_at_build_tools() -> str:
    """
    Check whether the messages can be built here.

    :raises RuntimeError: naming the missing tools.
    """
    missing = [tool for tool in BUILD_TOOLS if shutil.which(tool) is None]
    if missing:
        raise RuntimeError(f'missing: {", ".join(missing)}')
    return ', '.join(BUILD_TOOLS)
