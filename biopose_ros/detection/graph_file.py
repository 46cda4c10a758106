"""
Networks that ship with the package: the graph and its numbers in one file, ONNX in the cache.

The graph is that of a published network (:mod:`biopose_ros.pretrained`), cut down to what its
outputs need; the numbers are what our training wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from biopose_ros.inference.onnx_runtime import cached_graph
from biopose_ros.inference.weights_file import read_weights, write_weights
from biopose_ros.pretrained.tflite_reader import Operator, TfliteGraph

if TYPE_CHECKING:
    from biopose_ros.pretrained.tflite_to_torch import TfliteModule

FORMAT_VERSION = '1'
_REMEDY = 'install a matching release'
_EXPORT_VERSION = '1'  # of the ONNX export; a new one is exported anew


@dataclass(frozen=True)
class GraphFile:
    """
    A network as a file holds it.

    :param graph: operators and numbers.
    :param outputs: output name to tensor index.
    :param size_px: side of the square input.
    :param lowest: value of black that it expects; white is 1.
    :param sha256: of the numbers.
    """

    graph: TfliteGraph
    outputs: Mapping[str, int]
    size_px: int
    lowest: float
    sha256: str


def write_graph(
    path: Path,
    kind: str,
    module: TfliteModule,
    size_px: int,
    lowest: float,
    header: Mapping[str, str],
) -> None:
    """
    Write a network, numbers in half precision.

    :param path: ends in ``.safetensors``.
    :param kind: what the network is for, for example ``person_detector``.
    :param module: the network with its outputs.
    :param size_px: side of its square input.
    :param lowest: value of black that it expects; white is 1.
    :param header: further texts to keep.
    """
    graph = module.trained_graph()
    tensors = {index for item in graph.operators for index in (*item.inputs, item.output)}
    structure = {
        'inputs': graph.inputs,
        'operators': [asdict(item) for item in graph.operators],
        'shapes': {index: graph.shapes[index] for index in tensors & set(graph.shapes)},
        'outputs': module.outputs,
        'size_px': size_px,
        'lowest': lowest,
    }
    arrays = {
        str(index): value.astype(np.float16) if value.dtype == np.float32 else value
        for index, value in graph.constants.items()
    }
    write_weights(path, kind, FORMAT_VERSION, arrays, {**header, 'graph': json.dumps(structure)})


def read_graph(path: Path, kind: str) -> GraphFile:
    """
    Read a network.

    :param path: written by :func:`write_graph`.
    :param kind: what it must be for.
    :returns: the network.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when it is broken, of another kind or version, or was changed.
    """
    arrays, header = read_weights(path, kind, FORMAT_VERSION, _REMEDY)
    structure = json.loads(header['graph'])
    graph = TfliteGraph(
        inputs=tuple(structure['inputs']),
        outputs=tuple(structure['outputs'].values()),
        operators=tuple(
            Operator(item['kind'], tuple(item['inputs']), item['output'], item['options'])
            for item in structure['operators']
        ),
        constants={int(name): value for name, value in arrays.items()},
        shapes={int(index): tuple(shape) for index, shape in structure['shapes'].items()},
    )
    return GraphFile(
        graph, structure['outputs'], structure['size_px'], structure['lowest'], header['sha256']
    )


def onnx_of_graph(path: Path, kind: str) -> Path:
    """
    Give a network as an ONNX file, written into the user's cache on first use.

    :param path: written by :func:`write_graph`.
    :param kind: what it must be for.
    :returns: the ONNX file; input and outputs as
        :func:`~biopose_ros.inference.picture_graph.export_onnx` has them.
    :raises ValueError: when the file is broken.
    """
    network = read_graph(path, kind)

    def export(part: Path) -> None:
        from biopose_ros.inference.picture_graph import export_onnx
        from biopose_ros.pretrained.tflite_to_torch import TfliteModule

        module = TfliteModule(network.graph, network.outputs)
        export_onnx(module, list(network.outputs), network.lowest, network.size_px, part)

    return cached_graph(f'{kind}_{_EXPORT_VERSION}_{network.sha256[:16]}', export)
