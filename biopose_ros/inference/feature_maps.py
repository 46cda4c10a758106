"""Feature maps, left where the encoder wrote them: on the CPU or on a GPU, all crops together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biopose_ros.inference.onnx_runtime import run_on_device
from biopose_ros.records import MapBatch

if TYPE_CHECKING:
    import onnxruntime

    from biopose_ros.records import FloatArray

MAPS = ('stride4', 'stride8', 'stride16', 'stride32', 'bottleneck')


def encode(
    session: onnxruntime.InferenceSession,
    pictures: NDArray[np.uint8],
    outputs: Sequence[str] = (),
    levels: Sequence[str] = MAPS,
) -> tuple[list[FloatArray], MapBatch]:
    """
    Run an encoder; its maps stay on its device.

    :param session: takes ``images``, gives maps by the names of :data:`MAPS`, and more.
    :param pictures: [crops, side, side, 3], blue, green, red.
    :param outputs: what else it shall give.
    :param levels: of the maps; none for the other outputs alone.
    :returns: the other outputs on the CPU, in order, and the maps.
    """
    found = run_on_device(session, {'images': pictures}, outputs, levels)
    rest = [found[name].numpy() for name in outputs]
    return rest, MapBatch({level: found[level] for level in levels})
