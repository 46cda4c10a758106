"""Collect in one folder what a training session needs on a machine without network."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.mesh_recovery.encoders import CROP_PX
from biopose_ros.pretrained.networks import NETWORKS, network_file, source_file
from biopose_ros.resources import resource_path

ENCODER = 'heavy'
NETWORK = f'pose_landmark_{ENCODER}'
WEIGHTS = tuple(
    f'weights/{name}.safetensors'
    for name in ('body', 'neurik', 'person_detector', f'mesh_recovery_{ENCODER}')
)
MOTION, PICTURES, CACHE = 'motion', 'pictures', 'cache'
# What torch does not bring along: pure Python, so that copies run anywhere.
_MODULES = ('yaml', 'flatbuffers', 'ai_edge_litert/schema_py_generated.py')
_PICTURES, _JPEG_QUALITY = 240, 85


def bring(folder: Path, motion: Path | None, real: Sequence[Path] = ()) -> float:
    """
    Make the folder.

    :param folder: new or empty.
    :param motion: folder of recorded motion; None trains on synthesised activities alone.
    :param real: videos and folders of photos of persons, of whom pictures are cut out.
    :returns: its size, MiB.
    :raises NetworkFileError: when the landmark network is not imported.
    :raises ModuleNotFoundError: when a module to copy is not installed here.
    :raises ValueError: when the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f'{folder} is not empty; give a new folder')
    package, config = Path(__file__).resolve().parents[2], resource_path('config')
    compiled = shutil.ignore_patterns('__pycache__', '*.so')
    shutil.copytree(package, folder / package.name, ignore=compiled)
    shutil.copytree(config, folder / config.name)
    network = network_file(source_file(NETWORKS[NETWORK]).name)
    files = {f'{CACHE}/networks/{network.name}': network}
    files |= {name: resource_path(name) for name in WEIGHTS}
    if motion is not None:
        files |= {f'{MOTION}/{path.name}': path for path in sorted(motion.glob('*.npz'))}
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    for name in _MODULES:
        _copy_module(name, folder)
    if real:
        _cut_out(real, folder / PICTURES)
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 2**20


def read_pictures(folder: Path) -> NDArray[np.uint8] | None:
    """
    Read pictures of real persons.

    :param folder: written by :func:`bring`.
    :returns: [pictures, 256, 256, 3], blue, green, red; None where there are none.
    """
    found = [np.asarray(cv2.imread(str(path))) for path in sorted(folder.glob('*.jpg'))]
    return np.stack(found).astype(np.uint8) if found else None


def _copy_module(name: str, folder: Path) -> None:
    top, _, below = name.partition('/')
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f'{top} is not installed; run `pip install {top}`')
    source = Path(next(iter(spec.submodule_search_locations)))
    if not below:
        compiled = shutil.ignore_patterns('__pycache__', '*.so')
        shutil.copytree(source, folder / top, ignore=compiled)
        return
    (folder / name).parent.mkdir(exist_ok=True)
    shutil.copyfile(source / below, folder / name)


def _cut_out(real: Sequence[Path], folder: Path) -> None:
    """Write some of the pictures of persons, spread over all."""
    from biopose_ros.training.mesh.real_pictures import person_pictures

    pictures = person_pictures(real)
    folder.mkdir()
    chosen = np.linspace(0, len(pictures) - 1, min(_PICTURES, len(pictures))).astype(int)
    for number, row in enumerate(chosen):
        assert pictures[row].shape == (CROP_PX, CROP_PX, 3)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        cv2.imwrite(str(folder / f'{number:04d}.jpg'), pictures[row], quality)
