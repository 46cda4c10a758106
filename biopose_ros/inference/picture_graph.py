"""Networks that take camera pictures as they are, as ONNX graphs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn


class ByteImages(nn.Module):
    """
    A network that takes camera pictures as they are.

    ``forward`` takes [batch, height, width, 3] bytes in OpenCV's order (blue, green, red).

    :param network: takes [batch, 3, height, width], red, green, blue; gives tensors by name.
    :param lowest: value of black in the range that the network expects; white is 1.
    """

    def __init__(self, network: nn.Module, lowest: float) -> None:
        super().__init__()
        self.network = network
        self.lowest = lowest

    def forward(self, images_bgr: Tensor) -> tuple[Tensor, ...]:
        """:returns: the network's outputs in the order of its names."""
        red_first = images_bgr.permute(0, 3, 1, 2).float()[:, [2, 1, 0]]
        scaled = red_first * ((1 - self.lowest) / 255) + self.lowest
        return tuple(self.network(scaled).values())


def export_onnx(
    network: nn.Module, names: Sequence[str], lowest: float, size_px: int, path: Path
) -> None:
    """
    Write a network as ONNX: input ``images`` [batch, size, size, 3] uint8 BGR, any batch.

    :param network: gives tensors by name.
    :param names: of these, in order.
    :param lowest: value of black that the network expects, 0 or -1.
    :param size_px: side of the input picture.
    :param path: the file to write.
    """
    axes = {name: {0: 'batch'} for name in ['images', *names]}
    example = torch.zeros(1, size_px, size_px, 3, dtype=torch.uint8)
    exporter_log = logging.getLogger('torch.onnx')
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # The tracing exporter is enough for a graph without branches and needs no onnxscript.
            warnings.simplefilter('ignore')
            torch.onnx.export(
                ByteImages(network, lowest).eval(),
                (example,),
                str(path),
                input_names=['images'],
                output_names=list(names),
                dynamic_axes=axes,
                opset_version=17,
                dynamo=False,
            )
    finally:
        exporter_log.setLevel(level)
