"""
Keep a fine-tuned encoder's 2D keypoints right on real pictures.

Synthetic images alone would teach BlazePose's trunk to forget photographs. So its published heads,
frozen, read keypoints off the learning trunk, and on unlabelled pictures these should be
those of the published network, whatever the picture's colours.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.mesh_recovery.encoders import CROP_PX, BlazePoseEncoder
from biopose_ros.pretrained.network_import import load_torch_network
from biopose_ros.training.device import training_device
from biopose_ros.training.recolouring import recoloured

_POINTS = ('landmarks', 'heatmaps')
_LANDMARKS = len(LANDMARK_NAMES)
_BATCH = 8
# Loss of landmarks a hundredth of the crop off, and of heat maps, beside the other losses.
_PLACES, _HEAT = 10.0, 1.0


class Distillation:
    """
    Compares the encoder's keypoints with those of the published network.

    :attr pictures: [pictures, 256, 256, 3], to learn from.
    """

    def __init__(
        self, encoder: BlazePoseEncoder, pictures: NDArray[np.uint8], seed: int = 0
    ) -> None:
        """
        Hang the published heads on the encoder's own layers.

        :param encoder: learns.
        :param pictures: [pictures, 256, 256, 3], blue, green, red; every eighth is held out.
        :param seed: of the order and of colours.
        """
        is_held_out = np.arange(len(pictures)) % 8 == 0
        self.pictures, self._held_out = pictures[~is_held_out], pictures[is_held_out]
        self._random = np.random.default_rng(seed)
        self._device = training_device()
        self._teacher, self._student = (
            load_torch_network(f'pose_landmark_{encoder.name}', _POINTS)
            .requires_grad_(False)
            .to(self._device)
            for _ in range(2)
        )
        own = {
            operator.output: step
            for operator, step in zip(
                encoder.network.operators, encoder.network.steps, strict=True
            )
        }
        for place, operator in enumerate(self._student.operators):
            self._student.steps[place] = own.get(operator.output, self._student.steps[place])

    def losses(self) -> dict[str, Tensor]:
        """Draw pictures, recolour them, and give the losses by name."""
        count = min(_BATCH, len(self.pictures))
        rows = self._random.choice(len(self.pictures), count, replace=False)
        pictures = self.pictures[rows]
        changed = np.stack([recoloured(self._random, picture) for picture in pictures])
        with torch.no_grad():
            wanted = self._teacher(as_input(pictures).to(self._device))
        found = self._student(as_input(changed).to(self._device))
        off = _places(found) - _places(wanted)
        heat = functional.binary_cross_entropy_with_logits(
            found['heatmaps'], torch.sigmoid(wanted['heatmaps'])
        )
        entropy = functional.binary_cross_entropy_with_logits(
            wanted['heatmaps'], torch.sigmoid(wanted['heatmaps'])
        )
        places = functional.smooth_l1_loss(off, torch.zeros_like(off), beta=0.01)
        return {'real_places': _PLACES * places, 'real_heat': _HEAT * (heat - entropy)}

    @torch.inference_mode()
    def keypoint_px(self) -> float:
        """Give the mean distance, pixels of 256, to the published network's on held-out ones."""
        distances = []
        for row in range(0, len(self._held_out), _BATCH):
            images = as_input(self._held_out[row : row + _BATCH]).to(self._device)
            found, wanted = (
                _places(network(images)) for network in (self._student, self._teacher)
            )
            distances.append(CROP_PX * (found - wanted).norm(dim=-1))
        return float(torch.cat(distances).mean())


def as_input(pictures: NDArray[np.uint8]) -> Tensor:
    """
    Give pictures as the encoders take them in training.

    :param pictures: [pictures, side, side, 3], blue, green, red.
    :returns: [pictures, 3, side, side], red first, 0 to 1.
    """
    red_first = np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2))
    return torch.from_numpy(red_first).float() / 255


def _places(outputs: dict[str, Tensor]) -> Tensor:
    """:returns: [pictures, 33, 2], 0 to 1 across the crop."""
    values = outputs['landmarks'].float().unflatten(-1, (-1, 5))
    return values[:, :_LANDMARKS, :2] / CROP_PX
