"""Train an encoder together with MQ-HMR's decoder, on images that are drawn on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.mesh_recovery.network import CropEvidence, MeshEstimate, MeshRecovery
from biopose_ros.training.device import mixed_precision, to_device, training_device
from biopose_ros.training.mesh.data import MeshTruth, disturbed, read_fields
from biopose_ros.training.mesh.distillation import Distillation, as_input
from biopose_ros.training.mesh.losses import MeshLoss
from biopose_ros.training.mesh.map_store import sample_fields
from biopose_ros.training.mesh.measures import mesh_measures
from biopose_ros.training.mesh.torch_landmarks import TorchLandmarks
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.stream import chunks
from biopose_ros.training.timed import TimedConfig, TimedTraining
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m


@dataclass(frozen=True)
class ImageBatch:
    """
    Images with their truth.

    :param images: [batch, 3, 256, 256], red first, 0 to 1.
    :param points: evidence without maps.
    :param truth: in the crop cameras' axes.
    """

    images: Tensor
    points: CropEvidence
    truth: MeshTruth

    def on(self, device: torch.device) -> ImageBatch:
        """
        Move everything.

        :param device: where to.
        """
        return ImageBatch(
            self.images.to(device), to_device(self.points, device), to_device(self.truth, device)
        )


def image_batches(
    generator: SampleGenerator,
    landmarks: LandmarkNetwork | TorchLandmarks,
    first: int = 0,
    workers: int = 0,
    batch_chunks: int = 1,
) -> Iterator[ImageBatch]:
    """
    Draw images, and read their landmarks.

    :param generator: of a split.
    :param landmarks: reads 2D keypoints, which the decoder takes from the tracker.
    :param first: number of the first chunk.
    :param workers: processes that draw.
    :param batch_chunks: chunks of 16 images in a batch.
    """
    drawn = chunks(generator, first, workers=workers)
    while samples := list(chain.from_iterable(islice(drawn, batch_chunks))):
        pictures = np.stack([sample.image_bgr for sample in samples])
        points, truth = read_fields(sample_fields(samples, landmarks.read(pictures)))
        yield ImageBatch(as_input(pictures), points, truth)


class ImageTraining(TimedTraining):
    """Trains one encoder and one decoder."""

    def __init__(
        self,
        encoder: nn.Module,
        network: MeshRecovery,
        batches: Iterator[ImageBatch],
        held_out: Sequence[ImageBatch],
        folder: Path,
        config: TimedConfig,
        distillation: Distillation | None = None,
    ) -> None:
        """
        Begin, or go on from the checkpoint in the folder.

        :param encoder: see :mod:`biopose_ros.mesh_recovery.encoders`.
        :param network: the decoder, with normalisation and mean pose.
        :param batches: to learn from, without end.
        :param held_out: to check with.
        :param folder: for checkpoint, log and curve.
        :param config: how to learn.
        :param distillation: on real pictures, with this encoder.
        """
        torch.manual_seed(config.seed)
        self._batches, self.held_out = batches, held_out
        self._distillation = distillation
        self.device = training_device()
        learner = EncodedLearner(encoder, network).to(self.device)
        # Convolutions of photographs take two thirds of the time so.
        learner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(learner, folder, config)
        seed = config.seed + 7919 * (self.step + 1)
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def losses(self) -> dict[str, Tensor]:
        """Draw a batch and give its losses."""
        model, batch = self.model, next(self._batches).on(self.device)
        assert isinstance(model, EncodedLearner)
        with mixed_precision(self.device):
            evidence = disturbed(model.evidence(batch), self.generator)
            estimates, summary = model.network.recover(evidence)
        found: dict[str, Tensor] = model.loss(estimates, summary, evidence.view, batch.truth)
        return {**found, **(self._distillation.losses() if self._distillation else {})}

    @torch.inference_mode()
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Measure errors on held-out images, means over batches."""
        assert isinstance(model, EncodedLearner)
        batches = (batch.on(self.device) for batch in self.held_out)
        figures = [mesh_measures(*model.answer(batch), batch.truth) for batch in batches]
        means = {name: float(np.mean([f[name] for f in figures])) for name in figures[0]}
        if self._distillation:  # of the weights that learn, not of their average
            means['real_keypoint_px'] = self._distillation.keypoint_px()
        return means

    def best_learner(self) -> EncodedLearner:
        """Give the best encoder and decoder so far."""
        model = deepcopy(self.average.module)  # what learns goes on
        assert isinstance(model, EncodedLearner)
        model.load_state_dict(torch.load(self.best_weights, map_location='cpu'))
        return model.cpu().eval()


class EncodedLearner(nn.Module):
    """
    Encoder, decoder, and what their losses need.

    :attr encoder: images to maps.
    :attr network: the decoder.
    """

    def __init__(self, encoder: nn.Module, network: MeshRecovery) -> None:
        """
        Put encoder and decoder together.

        :param encoder: images to maps.
        :param network: the decoder.
        """
        super().__init__()
        self.encoder, self.network = encoder, network
        self.loss = MeshLoss(network.config.feature_size)

    def evidence(self, batch: ImageBatch) -> CropEvidence:
        """
        Encode images; their maps are normalised.

        :param batch: of images.
        """
        maps = self.network.normalised(self.encoder(batch.images))
        return replace(batch.points, maps=maps)

    def answer(self, batch: ImageBatch) -> tuple[MeshEstimate, Tensor]:
        """
        Estimate.

        :param batch: of images.
        :returns: the last layer's estimate, and joints and markers about the pelvis.
        """
        with mixed_precision(batch.images.device):
            last = self.network.recover(self.evidence(batch))[0][-1]
        return last, points_about_pelvis_m(
            self.loss.body, self.loss.markers, last.pose, last.betas
        )
