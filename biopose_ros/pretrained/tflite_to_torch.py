"""Turn a TensorFlow Lite graph into a trainable torch module, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from biopose_ros.pretrained.tflite_reader import Operator, TfliteGraph

# Codes of the schema's ActivationFunctionType.
_ACTIVATIONS = {0: nn.Identity, 1: nn.ReLU, 3: nn.ReLU6}
_SAME_PADDING = 0
# Tensors of trained numbers are counted from here, above those of any published file.
_FRESH = 1_000_000


class TfliteModule(nn.Module):
    """
    The network of a TensorFlow Lite file with the same weights, channels first.

    :param graph: the file's content.
    :param outputs: name to tensor index; any tensor of the graph may be asked for, and only what
        the asked ones need is computed.

    ``forward`` takes [batch, channels, height, width] and returns the outputs by name; pictures
    are channels first, vectors are [batch, values].
    """

    def __init__(self, graph: TfliteGraph, outputs: Mapping[str, int]) -> None:
        super().__init__()
        self.graph = graph
        self.input_index = graph.inputs[0]
        self.outputs = dict(outputs)
        wanted = set(self.outputs.values())
        self.operators = _fold_pads(graph, _needed(graph, wanted), wanted)
        self.steps = nn.ModuleList([_step(graph, operator) for operator in self.operators])

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Run the network.

        :param images: [batch, channels, height, width], in the range that the network expects.
        :returns: output name to tensor.
        """
        tensors = {self.input_index: images}
        for operator, step in zip(self.operators, self.steps, strict=True):
            computed = [tensors[index] for index in operator.inputs if index in tensors]
            tensors[operator.output] = step(*computed)
        return {name: tensors[index] for name, index in self.outputs.items()}

    def trained_graph(self) -> TfliteGraph:
        """
        Give the network with the numbers that it has now.

        :returns: a graph of the operators that its outputs need.
        """
        constants: dict[int, NDArray] = {}
        operators = []
        for operator, step in zip(self.operators, self.steps, strict=True):
            numbers = _layer_numbers(operator, step) or [
                self.graph.constants[index]
                for index in operator.inputs
                if index in self.graph.constants
            ]
            computed = [index for index in operator.inputs if index not in self.graph.constants]
            # Published layers share a bias where it is zero; each trained one has its own.
            fresh = range(_FRESH + len(constants), _FRESH + len(constants) + len(numbers))
            constants.update(zip(fresh, numbers, strict=True))
            operators.append(replace(operator, inputs=(*computed, *fresh)))
        outputs = tuple(self.outputs.values())
        shapes = self.graph.shapes
        return TfliteGraph((self.input_index,), outputs, tuple(operators), constants, shapes)


class _Step(nn.Module):
    """A function of tensors followed by an activation."""

    def __init__(self, function: Any, activation: int = 0) -> None:
        super().__init__()
        self.function = function
        self.activation = _ACTIVATIONS[activation]()

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.activation(self.function(*tensors))


def _needed(graph: TfliteGraph, wanted: set[int]) -> list[Operator]:
    """Keep the operators that the wanted tensors depend on, in the order of execution."""
    kept = []
    needed = set(wanted)
    for operator in reversed(graph.operators):
        if operator.output in needed:
            needed.update(index for index in operator.inputs if index not in graph.constants)
            kept.append(operator)
    missing = needed - {operator.output for operator in kept} - set(graph.inputs)
    if missing:
        raise ValueError(f'tensors {sorted(missing)} are not computed by this network')
    return kept[::-1]


def _fold_pads(
    graph: TfliteGraph, operators: Sequence[Operator], wanted: set[int]
) -> list[Operator]:
    """
    Let convolutions add the border that a step before them adds: one copy of the picture less.

    :param wanted: tensors that must stay.
    :returns: the operators left; the options of those convolutions hold a ``border`` [top, left].
    """
    kept = wanted | {
        index for operator in operators if not _can_pad(operator) for index in operator.inputs
    }
    pads = {
        operator.output: operator
        for operator in operators
        if operator.output not in kept and _even_border(graph, operator) is not None
    }
    folded = []
    for operator in operators:
        pad = pads.get(operator.inputs[0])
        if pad is not None:
            options = {**operator.options, 'border': _even_border(graph, pad)}
            inputs = (pad.inputs[0], *operator.inputs[1:])
            folded.append(replace(operator, inputs=inputs, options=options))
        elif operator.output not in pads:
            folded.append(operator)
    return folded


def _can_pad(operator: Operator) -> bool:
    is_convolution = operator.kind in ('CONV_2D', 'DEPTHWISE_CONV_2D')
    return is_convolution and operator.options['padding'] != _SAME_PADDING


def _even_border(graph: TfliteGraph, operator: Operator) -> tuple[int, int] | None:
    """:returns: [top, left] of a step that adds the same at the far sides, and no channels."""
    if operator.kind != 'PAD':
        return None
    batch, height, width, channels = graph.constants[operator.inputs[1]].tolist()
    is_even = height[0] == height[1] and width[0] == width[1]
    return (height[0], width[0]) if is_even and not any(batch + channels) else None


def _step(graph: TfliteGraph, operator: Operator) -> nn.Module:
    if operator.kind not in _BUILDERS:
        raise ValueError(f'operator {operator.kind} is not supported; known: {list(_BUILDERS)}')
    return _BUILDERS[operator.kind](graph, operator)


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pad as TensorFlow's SAME: ceil(size / stride) results, the odd pixel at the far side."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _border(graph: TfliteGraph, operator: Operator, kernel: Sequence[int]) -> list[int]:
    """:returns: [left, right, top, bottom] pixels to add before a sliding window."""
    options = operator.options
    if options['padding'] != _SAME_PADDING:
        top, left = options.get('border', (0, 0))
        return [left, left, top, top]
    _, height, width, _ = graph.shapes[operator.inputs[0]]
    top, bottom = _same_padding(height, kernel[0], options['strideH'])
    left, right = _same_padding(width, kernel[1], options['strideW'])
    return [left, right, top, bottom]


def _convolution(graph: TfliteGraph, operator: Operator) -> nn.Module:
    options = operator.options
    weight = torch.from_numpy(np.array(graph.constants[operator.inputs[1]], dtype=np.float32))
    is_depthwise = operator.kind == 'DEPTHWISE_CONV_2D'
    # [1, height, width, channels] and [out, height, width, in] both become torch's layout.
    weight = weight.permute(3, 0, 1, 2) if is_depthwise else weight.permute(0, 3, 1, 2)
    if (options['dilationHFactor'], options['dilationWFactor']) != (1, 1):
        raise ValueError(f'dilated {operator.kind} is not supported')
    if is_depthwise and options['depthMultiplier'] != 1:
        raise ValueError(f'depth multiplier {options["depthMultiplier"]} is not supported')
    channels_out, channels_per_group, rows, columns = weight.shape
    left, right, top, bottom = _border(graph, operator, (rows, columns))
    is_even = left == right and top == bottom
    convolution = nn.Conv2d(
        channels_out if is_depthwise else channels_per_group,
        channels_out,
        (rows, columns),
        (options['strideH'], options['strideW']),
        padding=(top, left) if is_even else 0,
        groups=channels_out if is_depthwise else 1,
    )
    with torch.no_grad():
        convolution.weight.copy_(weight)
        bias = np.array(graph.constants[operator.inputs[2]], dtype=np.float32)
        convolution.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
    padded = [] if is_even else [nn.ZeroPad2d((left, right, top, bottom))]
    return _Step(nn.Sequential(*padded, convolution), options['fusedActivationFunction'])


def _layer_numbers(operator: Operator, step: nn.Module) -> list[NDArray]:
    """:returns: weight and bias of a convolution in the file's layout; of other steps nothing."""
    layers = [layer for layer in step.modules() if isinstance(layer, nn.Conv2d)]
    if not layers:
        return []
    weight, bias = (value.detach().float().cpu() for value in layers[0].parameters())
    is_depthwise = operator.kind == 'DEPTHWISE_CONV_2D'
    weight = weight.permute(1, 2, 3, 0) if is_depthwise else weight.permute(0, 2, 3, 1)
    return [weight.contiguous().numpy(), bias.numpy()]


def _max_pool(graph: TfliteGraph, operator: Operator) -> nn.Module:
    options = operator.options
    kernel = (options['filterHeight'], options['filterWidth'])
    if any(_border(graph, operator, kernel)):
        raise ValueError('a max-pool that needs padding is not supported')
    pool = nn.MaxPool2d(kernel, (options['strideH'], options['strideW']))
    return _Step(pool, options['fusedActivationFunction'])


def _pad(graph: TfliteGraph, operator: Operator) -> nn.Module:
    _, height, width, channels = graph.constants[operator.inputs[1]].tolist()
    sizes = [*width, *height, *channels]
    return _Step(lambda image: F.pad(image, sizes))


def _resize(graph: TfliteGraph, operator: Operator) -> nn.Module:
    if operator.options['alignCorners'] or not operator.options['halfPixelCenters']:
        raise ValueError('only resizing with half-pixel centres is supported')
    _, before, *_ = graph.shapes[operator.inputs[0]]
    _, after, *_ = graph.shapes[operator.output]
    return nn.Upsample(scale_factor=after / before, mode='bilinear', align_corners=False)


def _depth_to_space(graph: TfliteGraph, operator: Operator) -> nn.Module:
    """Unlike torch's pixel shuffle, TensorFlow Lite reads [row, column, channel] out of depth."""
    size = operator.options['blockSize']
    _, height, width, depth = graph.shapes[operator.inputs[0]]
    channels = depth // size**2

    def function(image: Tensor) -> Tensor:
        split = image.reshape(-1, size, size, channels, height, width)
        # [batch, block rows, block columns, channels, h, w] -> [batch, channels, h, rows, w, cols]
        merged = split.permute(0, 3, 4, 1, 5, 2)
        return merged.reshape(-1, channels, height * size, width * size)

    return _Step(function)


def _reshape(graph: TfliteGraph, operator: Operator) -> nn.Module:
    """Reshape in the file's channels-last order."""
    shape = graph.shapes[operator.output][1:]
    return _Step(lambda image: image.permute(0, 2, 3, 1).reshape(-1, *shape))


def _concatenation(graph: TfliteGraph, operator: Operator) -> nn.Module:
    if len(graph.shapes[operator.output]) == 4:
        raise ValueError('concatenation of pictures is not supported')
    axis = operator.options['axis']
    return _Step(lambda *parts: torch.cat(parts, axis))


def _add(_graph: TfliteGraph, operator: Operator) -> nn.Module:
    return _Step(torch.add, operator.options['fusedActivationFunction'])


def _logistic(_graph: TfliteGraph, _operator: Operator) -> nn.Module:
    return nn.Sigmoid()


_BUILDERS = {
    'ADD': _add,
    'CONCATENATION': _concatenation,
    'CONV_2D': _convolution,
    'DEPTHWISE_CONV_2D': _convolution,
    'DEPTH_TO_SPACE': _depth_to_space,
    'LOGISTIC': _logistic,
    'MAX_POOL_2D': _max_pool,
    'PAD': _pad,
    'RESHAPE': _reshape,
    'RESIZE_BILINEAR': _resize,
}
