"""A user's encoder in the pipeline: a fine-tuned network, or a vision transformer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from biopose_ros.inference.crops import cut_out
from biopose_ros.inference.feature_maps import MAPS, encode
from biopose_ros.inference.onnx_runtime import cached_graph, create_session
from biopose_ros.inference.picture_graph import export_onnx
from biopose_ros.mesh_recovery.encoders import CROP_PX, VIT_SIZES, load_encoder
from biopose_ros.mesh_recovery.mesh_file import encoder_of
from biopose_ros.records import FeatureMaps, PersonCrop

_GRAPH_VERSION = '1'  # of the export; a new one is exported anew


def encoder_file(weights: Path) -> Path:
    """
    Name the file of the encoder that was trained together with a decoder.

    :param weights: of the decoder.
    """
    return weights.with_suffix('.encoder.safetensors')


def open_encoder(weights: Path, device: str, threads: int) -> CropEncoder | None:
    """
    Load the encoder that belongs to a decoder.

    :param weights: of the decoder.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param threads: on the CPU; 0 leaves the choice to ONNX Runtime.
    :returns: None where none lies beside it and the decoder takes maps of a published network.
    :raises FileNotFoundError: when there is no such decoder, or its encoder is missing.
    :raises ValueError: when either file is broken, or they do not belong together.
    """
    wanted, path = encoder_of(weights), encoder_file(weights)
    if not path.exists():
        if wanted in VIT_SIZES:
            raise FileNotFoundError(
                f'{weights} takes maps of the encoder {wanted!r}, but {path.name} is not beside '
                'it; `biopose train mesh` writes both, keep them together'
            )
        return None
    encoder = CropEncoder(path, device, threads)
    if encoder.name != wanted:
        raise ValueError(
            f'{path} is an encoder {encoder.name!r}, but {weights.name} takes maps of {wanted!r}; '
            'keep the two files of one training together'
        )
    return encoder


class CropEncoder:
    """
    Gives crops their feature maps.

    The first time, the encoder's ONNX graph is written into the user's cache.

    :param path: written by `biopose train mesh`.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param threads: on the CPU; 0 leaves the choice to ONNX Runtime.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when it is broken.
    """

    def __init__(self, path: Path, device: str = 'auto', threads: int = 0) -> None:
        encoder, self.name, digest = load_encoder(path)
        export = partial(export_onnx, _ChannelsFirst(encoder), MAPS, 0.0, CROP_PX)
        graph = cached_graph(f'mesh_encoder_{_GRAPH_VERSION}_{digest[:16]}', export)
        self._session = create_session(graph, device, threads)

    def encode(self, image: NDArray[np.uint8], crops: Sequence[PersonCrop]) -> list[PersonCrop]:
        """
        Look into all crops in one call.

        :param image: [height, width, 3], blue, green, red.
        :param crops: of this image.
        :returns: the same crops with maps.
        """
        if not crops:
            return []
        pictures = np.empty((len(crops), CROP_PX, CROP_PX, 3), np.uint8)
        cut_out(image, [crop.crop for crop in crops], CROP_PX, pictures)
        return self.encode_pictures(pictures, crops)

    def encode_pictures(
        self, pictures: NDArray[np.uint8], crops: Sequence[PersonCrop]
    ) -> list[PersonCrop]:
        """
        Look at crops that are cut out already.

        :param pictures: [crops, 256, 256, 3], blue, green, red.
        :param crops: what they show.
        :returns: the same crops with maps.
        """
        _, batch = encode(self._session, pictures)
        return [replace(crop, maps=FeatureMaps(batch, row)) for row, crop in enumerate(crops)]


class _ChannelsFirst(nn.Module):
    """Maps in the order of axes that the decoder's graph takes."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = self.encoder(images)
        return {level: maps[level].permute(0, 3, 1, 2) for level in MAPS}
