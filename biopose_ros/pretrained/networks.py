"""The pretrained networks: where they come from, what they give, and where they are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.inference.onnx_runtime import NetworkFileError
from biopose_ros.pretrained.published_package import file_sha256
from biopose_ros.resources import cache_path

LICENCE = 'Apache-2.0'
# Raise it when the conversion changes, so that cached files are made again.
FORMAT_VERSION = 3
LANDMARK_OUTPUTS = ('landmarks', 'presence', 'segmentation', 'heatmaps', 'world')


@dataclass(frozen=True)
class Package:
    """
    A published package that holds networks.

    :param kind: ``wheel`` or ``npm``.
    :param name: name in its registry.
    :param version: exact version.
    """

    kind: str
    name: str
    version: str


@dataclass(frozen=True)
class Network:
    """
    A network and what is known of it.

    :param name: its file's base name.
    :param package: where it is published.
    :param member: its path inside the package.
    :param sha256: of the published file.
    :param size_px: side of the square input.
    :param lowest: value of black that it expects; white is 1.
    :param tensors: output name to tensor index; more can be asked for than the files hold.
    :param files: ONNX file name to the outputs that it holds.
    :param tolerance: greatest accepted difference to LiteRT, as a share of an output's range.
    """

    name: str
    package: Package
    member: str
    sha256: str
    size_px: int
    lowest: float
    tensors: Mapping[str, int]
    files: Mapping[str, tuple[str, ...]]
    tolerance: float


_MEDIAPIPE_WHEEL = Package('wheel', 'mediapipe', '0.10.21')
_MEDIAPIPE_NPM = Package('npm', '@mediapipe/pose', '0.5.1675469404')


def _landmark_network(
    model: str,
    package: Package,
    member: str,
    sha256: str,
    tensors: tuple[int, ...],
    tolerance: float,
) -> Network:
    name = f'pose_landmark_{model}'
    # The segmentation costs about half as much again, and following people does not need it.
    points = tuple(output for output in LANDMARK_OUTPUTS if output != 'segmentation')
    return Network(
        name=name,
        package=package,
        member=member,
        sha256=sha256,
        size_px=256,
        lowest=0.0,
        tensors=dict(zip((*LANDMARK_OUTPUTS, *MAPS), tensors, strict=True)),
        files={
            f'{name}.onnx': LANDMARK_OUTPUTS,
            f'{name}_points.onnx': points,
            f'{name}_maps.onnx': (*points, *MAPS),
        },
        tolerance=tolerance,
    )


NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            name='pose_detection',
            package=_MEDIAPIPE_WHEEL,
            member='mediapipe/modules/pose_detection/pose_detection.tflite',
            sha256='9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c',
            size_px=224,
            lowest=-1.0,
            tensors={'boxes': 441, 'scores': 429},
            files={'pose_detection.onnx': ('boxes', 'scores')},
            tolerance=1e-3,
        ),
        _landmark_network(
            'full',
            _MEDIAPIPE_WHEEL,
            'mediapipe/modules/pose_landmark/pose_landmark_full.tflite',
            'e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f',
            (337, 342, 297, 298, 339, 279, 277, 275, 300, 335),
            1e-3,
        ),
        _landmark_network(
            'lite',
            _MEDIAPIPE_NPM,
            'pose_landmark_lite.tflite',
            'f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61',
            (310, 315, 282, 283, 312, 264, 262, 260, 285, 308),
            1e-3,
        ),
        _landmark_network(
            'heavy',
            _MEDIAPIPE_NPM,
            'pose_landmark_heavy.tflite',
            '59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe',
            (696, 701, 565, 641, 698, 545, 587, 614, 644, 694),
            1e-2,
        ),
    )
}


def network_file(file_name: str) -> Path:
    """
    Find a cached network file.

    :param file_name: for example ``pose_landmark_full.onnx``.
    :returns: the existing path.
    :raises NetworkFileError: when it was never imported.
    """
    path = cache_path(f'networks/{file_name}')
    if not path.is_file():
        raise NetworkFileError(f'the network {path} is missing; run `biopose weights import`')
    return path


def best_landmark_model() -> str:
    """
    Name the most accurate landmark network that is imported.

    :raises NetworkFileError: when none is.
    """
    for model in ('heavy', 'full'):
        if is_imported(NETWORKS[f'pose_landmark_{model}']):
            return model
    raise NetworkFileError('no landmark network is imported; run `biopose weights import`')


def source_file(network: Network) -> Path:
    """
    Name the cached copy of the published file, which also serves for fine-tuning.

    :param network: one of :data:`NETWORKS`.
    :returns: the path, which may not exist.
    """
    return cache_path(f'networks/{Path(network.member).name}')


def manifest_file(network: Network) -> Path:
    """
    Name the record of an import.

    :param network: one of :data:`NETWORKS`.
    :returns: the path, which may not exist.
    """
    return cache_path(f'networks/{network.name}.json')


def read_manifest(network: Network) -> dict[str, Any] | None:
    """
    Read what the last import wrote.

    :param network: one of :data:`NETWORKS`.
    :returns: the manifest, or None where there is none that can be read.
    """
    try:
        manifest = json.loads(manifest_file(network).read_text())
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def is_imported(network: Network) -> bool:
    """
    Check that every file of a network is in the cache, whole and of this version.

    :param network: one of :data:`NETWORKS`.
    """
    manifest = read_manifest(network)
    if manifest is None or manifest.get('format_version') != FORMAT_VERSION:
        return False
    if manifest.get('sha256') != network.sha256:
        return False
    expected = {source_file(network): network.sha256}
    for name in network.files:
        expected[cache_path(f'networks/{name}')] = manifest.get('files', {}).get(name)
    return all(path.is_file() and file_sha256(path) == sha for path, sha in expected.items())
