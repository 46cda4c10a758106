"""Training of an encoder too, on images drawn on the way, from what ships and what is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import nn

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.crop_encoder import encoder_file
from biopose_ros.mesh_recovery.encoders import (
    BlazePoseEncoder,
    VitEncoder,
    build_encoder,
    save_encoder,
)
from biopose_ros.mesh_recovery.mesh_file import save_mesh_recovery
from biopose_ros.mesh_recovery.network import MeshRecovery
from biopose_ros.training.mesh.data import fit_mean_pose
from biopose_ros.training.mesh.distillation import Distillation
from biopose_ros.training.mesh.image_training import ImageTraining, image_batches
from biopose_ros.training.mesh.torch_landmarks import landmark_reader
from biopose_ros.training.mesh.training import take_over
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.training.timed import TimedConfig


@dataclass(frozen=True)
class DrawnImages:
    """
    What is drawn to train an encoder.

    :param motion: folder of recorded motion.
    :param activities: how many synthesised clips.
    :param landmarks: the landmark network whose 2D keypoints the decoder gets.
    :param workers: processes that draw.
    :param batch_chunks: chunks of 16 images in a batch.
    :param held_out: batches to check with.
    """

    motion: Path | None
    activities: int = 500
    landmarks: str = 'full'
    workers: int = 1
    batch_chunks: int = 1
    held_out: int = 16


def encoder_training(
    vision: nn.Module,
    network: MeshRecoveryConfig,
    start: MeshRecovery | None,
    pictures: NDArray[np.uint8] | None,
    drawn: DrawnImages,
    folder: Path,
    config: TimedConfig,
) -> ImageTraining:
    """
    Prepare a training of encoder and decoder.

    :param vision: the encoder.
    :param network: sizes of the decoder.
    :param start: a trained decoder; a BlazePose encoder needs it for its maps' normalisation.
    :param pictures: [pictures, 256, 256, 3], of real persons, on which a BlazePose encoder keeps
        its keypoints; None for none.
    :param drawn: the images.
    :param folder: for checkpoint and log.
    :param config: how to learn.
    :raises ValueError: where a BlazePose encoder has no decoder to go with.
    """
    if not isinstance(vision, VitEncoder) and (
        start is None or start.config.encoder != network.encoder
    ):
        raise ValueError(
            f'fine-tuning {network.encoder} needs --start with a decoder trained on it'
        )
    distillation = None
    if pictures is not None:
        if not isinstance(vision, BlazePoseEncoder):
            raise ValueError('--real needs a BlazePose encoder: only those have keypoints to keep')
        distillation = Distillation(vision, pictures, config.seed)
    landmarks = landmark_reader(drawn.landmarks)

    def images(split: str) -> SynthesisConfig:
        return SynthesisConfig(split, config.seed, drawn.motion, synthetic_clips=drawn.activities)

    validation = image_batches(build_generator(images('validation')), landmarks)
    held_out = list(islice(validation, drawn.held_out))
    generator = build_generator(images('train'))
    model = MeshRecovery(network)
    fit_mean_pose(model, next(image_batches(generator, landmarks)).truth)
    if start is not None:
        take_over(model, start)
    if isinstance(vision, VitEncoder):  # its maps are normalised already
        for level in network.channels:
            model.get_buffer(f'gain_{level}').fill_(1.0)
            model.get_buffer(f'shift_{level}').zero_()
    batches = image_batches(generator, landmarks, 1, drawn.workers, drawn.batch_chunks)
    return ImageTraining(vision, model, batches, held_out, folder, config, distillation)


def save_pair(output: Path, training: ImageTraining) -> None:
    """
    Write the best decoder so far and, beside it, its encoder.

    :param output: file of the decoder.
    :param training: its encoder's file, ``.encoder.safetensors``, lies beside.
    """
    best = training.best_learner()
    save_mesh_recovery(output, best.network)
    save_encoder(encoder_file(output), best.network.config.encoder, best.encoder)


def train_on_images(
    output: Path,
    motion: Path | None,
    folder: Path,
    encoder: str,
    trained_steps: int,
    encoder_weights: Path | None,
    real: Sequence[Path],
    start: MeshRecovery | None,
    config: TimedConfig,
    console: Console,
) -> None:
    """
    Train encoder and decoder, and write both.

    :param output: file of the decoder; the encoder's, ``.encoder.safetensors``, lies beside it.
    :param motion: folder of recorded motion.
    :param folder: for checkpoint, log and curve.
    :param encoder: its name.
    :param trained_steps: how many of the last steps of a BlazePose network learn.
    :param encoder_weights: state dict of a published transformer, to start with.
    :param real: videos and folders of photos, on which a BlazePose network keeps its keypoints.
    :param start: a trained decoder; a BlazePose encoder needs it for its maps' normalisation.
    :param config: how to learn.
    :param console: for messages.
    :raises ValueError: where weights do not fit, or a BlazePose encoder has no decoder to go with.
    """
    import torch

    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.mesh.real_pictures import person_pictures

    vision = build_encoder(encoder, trained_steps)
    if isinstance(vision, VitEncoder) and encoder_weights is not None:
        vision.load_transformer(torch.load(encoder_weights, map_location='cpu'))
    pictures = None
    if real:
        pictures = person_pictures(real, config.seed)
        console.print(f'{len(pictures)} pictures of real persons')
    network = MeshRecoveryConfig(encoder=encoder)
    drawn = DrawnImages(motion)
    training = encoder_training(vision, network, start, pictures, drawn, folder, config)
    training.run(lambda line: console.print(line.text(), soft_wrap=True))
    draw_curve(training.log, folder / 'curve.png')
    save_pair(output, training)
