"""Does a training session run here: checked within a minute, before anything long begins."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch

from biopose_ros.mesh_recovery.config import ENCODER_CHANNELS
from biopose_ros.mesh_recovery.mesh_file import MAP_CELLS
from biopose_ros.pretrained.networks import NETWORKS, network_file, source_file
from biopose_ros.resources import resource_path
from biopose_ros.training.device import training_device
from biopose_ros.training.session.bring import NETWORK, WEIGHTS
from biopose_ros.training.session.stages import Stage, open_stages
from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

_MODULES = ('torch', 'numba', 'cv2', 'scipy', 'safetensors', 'yaml', 'flatbuffers')
_CLIPS = 8  # to try the drawing with
_FREE_MIB = 2048  # besides the store: checkpoints, compiled kernels


class SessionError(RuntimeError):
    """The machine lacks something; names it and the remedy."""


def check_machine(
    folder: Path,
    motion: Path | None,
    chunks: int,
    encoder: str,
    tell: Callable[[str], None],
) -> dict[str, Stage]:
    """
    Look for all that a session needs, draw a few images, and run every stage once.

    :param folder: where the session will write.
    :param motion: folder of recorded motion; None for none.
    :param chunks: of 16 images, how many the store will hold.
    :param encoder: ``full`` or ``heavy``.
    :param tell: called with one line per part.
    :returns: the stages, open.
    :raises SessionError: when something is missing.
    :raises NetworkFileError: when the landmark network is not there.
    :raises FileNotFoundError: when weights are not there.
    """
    began = time.perf_counter()
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise SessionError(
            f'{", ".join(missing)} cannot be imported; bring wheels, or the folder that '
            '`python -m biopose_ros.training.session bring` makes'
        )
    for name in WEIGHTS:
        resource_path(name)
    network_file(source_file(NETWORKS[NETWORK]).name)
    if motion is not None and not list(motion.glob('*.npz')):
        raise SessionError(f'{motion} holds no motion (*.npz); bring it, or leave --motion out')
    folder.mkdir(parents=True, exist_ok=True)
    free_mib = shutil.disk_usage(folder).free >> 20
    wanted_mib = _FREE_MIB + store_mib(chunks, encoder)
    if free_mib < wanted_mib:
        raise SessionError(
            f'{folder}: {free_mib} MiB free, {wanted_mib} needed; give another folder'
        )
    tell(f'files and modules are there; {free_mib} MiB free, {wanted_mib} needed')
    device = training_device()
    kind = torch.cuda.get_device_name() if device.type == 'cuda' else 'no CUDA is seen'
    tell(f'torch {torch.__version__} on {device.type}: {kind}')
    samples = build_generator(SynthesisConfig(synthetic_clips=_CLIPS)).chunk(0)
    tell(f'{len(samples)} images drawn')
    stages = open_stages(samples, encoder)
    with torch.inference_mode():
        for name, stage in stages.items():
            stage(1)
            tell(f'{name} runs')
    tell(f'checked in {time.perf_counter() - began:.0f} s')
    return stages


def store_mib(chunks: int, encoder: str) -> int:
    """
    Tell how large the maps of a store are.

    :param chunks: of 16 images.
    :param encoder: whose maps.
    """
    channels = ENCODER_CHANNELS[encoder]
    image = sum(channels[level] * cells**2 for level, cells in MAP_CELLS.items())
    return (chunks * CHUNK * image) >> 20
