"""
Read a TensorFlow Lite file into plain records: operators, constants and tensor shapes.

Weights stored as float16 and as sparse matrices are unpacked on the way, so that the operators
left over are only those that compute something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_UNPACKING = ('DEQUANTIZE', 'DENSIFY')


@dataclass(frozen=True)
class Operator:
    """
    One step of the graph.

    :param kind: TensorFlow Lite's name, for example ``CONV_2D``.
    :param inputs: tensor indices.
    :param output: tensor index; every operator read here has one output.
    :param options: its settings in the schema's words, for example ``strideH``.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class TfliteGraph:
    """
    A network as TensorFlow Lite stores it, channels last.

    :param inputs: tensor indices.
    :param outputs: tensor indices.
    :param operators: in the order of execution.
    :param constants: tensor index to value.
    :param shapes: tensor index to shape.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]
    constants: Mapping[int, NDArray]
    shapes: Mapping[int, tuple[int, ...]]


def read_tflite(path: Path) -> TfliteGraph:
    """
    Read a ``.tflite`` file.

    :param path: the file.
    :returns: its first subgraph.
    :raises ValueError: when the file is not TensorFlow Lite or uses a feature unknown here.
    :raises ImportError: without the package ``ai-edge-litert``.
    """
    from ai_edge_litert import schema_py_generated as schema

    content = Path(path).read_bytes()
    if content[4:8] != b'TFL3':
        raise ValueError(f'{path} is not a TensorFlow Lite file (no TFL3 mark); import it again')
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    kinds = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    operators = [_operator(model, kinds, raw) for raw in graph.operators]
    constants = {
        index: _constant(schema, tensor, model.buffers[tensor.buffer].data)
        for index, tensor in enumerate(graph.tensors)
        if model.buffers[tensor.buffer].data is not None
    }
    for operator in operators:
        if operator.kind in _UNPACKING:
            constants[operator.output] = _unpacked(constants, operator, path)
    return TfliteGraph(
        inputs=tuple(map(int, graph.inputs)),
        outputs=tuple(map(int, graph.outputs)),
        operators=tuple(item for item in operators if item.kind not in _UNPACKING),
        constants=constants,
        shapes={index: _shape(tensor) for index, tensor in enumerate(graph.tensors)},
    )


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor.shape is None else tuple(int(size) for size in tensor.shape)


def _operator(model: Any, kinds: Mapping[int, str], raw: Any) -> Operator:
    code = model.operatorCodes[raw.opcodeIndex]
    # Old files keep the code in the deprecated field, which holds 127 where it does not fit.
    kind = kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
    options = vars(raw.builtinOptions) if raw.builtinOptions else {}
    return Operator(kind, tuple(map(int, raw.inputs)), int(raw.outputs[0]), options)


def _constant(schema: Any, tensor: Any, data: NDArray[np.uint8]) -> NDArray:
    dtypes: dict[Any, np.dtype[Any]] = {
        schema.TensorType.FLOAT32: np.dtype('<f4'),
        schema.TensorType.FLOAT16: np.dtype('<f2'),
        schema.TensorType.INT32: np.dtype('<i4'),
    }
    if tensor.type not in dtypes:
        raise ValueError(f'tensor {tensor.name!r} has type {tensor.type}, which is not supported')
    values = data.view(dtypes[tensor.type])
    if tensor.sparsity is not None:
        return _dense(schema, tensor, values)
    return values.reshape(_shape(tensor))


def _dense(schema: Any, tensor: Any, values: NDArray) -> NDArray:
    """Fill in the zeros of a tensor whose last axis is stored as compressed sparse rows."""
    shape = _shape(tensor)
    *rows, last = tensor.sparsity.dimMetadata
    is_sparse_row = last.format == schema.DimensionType.SPARSE_CSR and all(
        axis.format == schema.DimensionType.DENSE for axis in rows
    )
    if not is_sparse_row or list(tensor.sparsity.traversalOrder) != list(range(len(shape))):
        raise ValueError(f'tensor {tensor.name!r} is sparse in a layout that is not supported')
    dense = np.zeros((int(np.prod(shape[:-1])), shape[-1]), values.dtype)
    starts = np.asarray(last.arraySegments.values, dtype=np.int64)
    row_of_value = np.repeat(np.arange(len(dense)), np.diff(starts))
    columns = np.asarray(last.arrayIndices.values, dtype=np.int64)
    dense[row_of_value, columns] = values[: len(columns)]
    return dense.reshape(shape)


def _unpacked(constants: Mapping[int, NDArray], operator: Operator, path: Path) -> NDArray:
    (source,) = operator.inputs
    if source not in constants:
        raise ValueError(f'{path}: {operator.kind} of a computed tensor is not supported')
    values = constants[source]
    return values.astype(np.float32) if operator.kind == 'DEQUANTIZE' else values
