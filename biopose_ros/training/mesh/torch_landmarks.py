"""The landmark network for training: in torch on a GPU and where ONNX Runtime is missing."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.detection.landmark_network import (
    POINT_OUTPUTS,
    CropReading,
    LandmarkNetwork,
    crop_reading,
)
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.pretrained.network_import import load_torch_network
from biopose_ros.records import FeatureMaps, MapBatch
from biopose_ros.training.device import training_device
from biopose_ros.training.mesh.distillation import as_input


class TorchLandmarks:
    """
    Reads crops as :class:`~biopose_ros.detection.landmark_network.LandmarkNetwork` does.

    :param model: ``lite``, ``full`` or ``heavy``.
    :param with_maps: give the feature maps as well.
    :raises NetworkFileError: when the network is not imported.
    """

    def __init__(self, model: str, with_maps: bool = False) -> None:
        self.device = training_device()
        self._levels = MAPS if with_maps else ()
        network = load_torch_network(f'pose_landmark_{model}', (*POINT_OUTPUTS, *self._levels))
        self.network = network.requires_grad_(False).eval().to(self.device)

    @torch.inference_mode()
    def read(self, pictures: NDArray[np.uint8]) -> list[CropReading]:
        """
        Look at crops that are cut out already.

        :param pictures: [crops, 256, 256, 3], blue, green, red.
        :returns: one reading per crop.
        """
        outputs = self.network(as_input(pictures).to(self.device))
        landmarks, presence, heatmaps, world = (
            outputs[name].float().cpu().numpy() for name in POINT_OUTPUTS
        )
        batch = MapBatch({level: outputs[level].float().cpu() for level in self._levels})
        return [
            crop_reading(
                landmarks[row],
                presence[row],
                heatmaps[row],
                world[row],
                FeatureMaps(batch, row) if self._levels else None,
            )
            for row in range(len(pictures))
        ]


def landmark_reader(model: str, with_maps: bool = False) -> LandmarkNetwork | TorchLandmarks:
    """
    Open the network where it runs best.

    :param model: ``lite``, ``full`` or ``heavy``.
    :param with_maps: give the feature maps as well.
    :raises NetworkFileError: when the network is not imported.
    """
    if training_device().type == 'cpu' and find_spec('onnxruntime'):
        return LandmarkNetwork(model, 'cpu', threads=1, with_maps=with_maps)
    return TorchLandmarks(model, with_maps)
