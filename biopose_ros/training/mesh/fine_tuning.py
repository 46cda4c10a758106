"""The part of ``biopose train mesh`` that trains an encoder too, on images drawn on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.mesh_recovery.network import MeshRecovery
    from biopose_ros.training.timed import TimedConfig

_HELD_OUT = 16  # batches of 16 images to check with


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
    from biopose_ros.training.curve import draw_curve
    from biopose_ros.training.mesh.data import fit_mean_pose
    from biopose_ros.training.mesh.distillation import Distillation
    from biopose_ros.training.mesh.image_training import ImageTraining, image_batches
    from biopose_ros.training.mesh.real_pictures import person_pictures
    from biopose_ros.training.mesh.torch_landmarks import landmark_reader
    from biopose_ros.training.mesh.training import take_over
    from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

    vision = build_encoder(encoder, trained_steps)
    if not isinstance(vision, VitEncoder):
        if start is None or start.config.encoder != encoder:
            raise ValueError(f'fine-tuning {encoder} needs --start with a decoder trained on it')
    elif encoder_weights is not None:
        vision.load_transformer(torch.load(encoder_weights, map_location='cpu'))
    distillation = None
    if real:
        if not isinstance(vision, BlazePoseEncoder):
            raise ValueError('--real needs a BlazePose encoder: only those have keypoints to keep')
        pictures = person_pictures(real, config.seed)
        console.print(f'{len(pictures)} pictures of real persons')
        distillation = Distillation(vision, pictures, config.seed)
    landmarks = landmark_reader('full')

    def drawn(split: str) -> SynthesisConfig:
        return SynthesisConfig(split, config.seed, motion, synthetic_clips=500)

    held_out = list(
        islice(image_batches(build_generator(drawn('validation')), landmarks), _HELD_OUT)
    )
    generator = build_generator(drawn('train'))
    network = MeshRecovery(MeshRecoveryConfig(encoder=encoder))
    fit_mean_pose(network, next(image_batches(generator, landmarks)).truth)
    if start is not None:
        take_over(network, start)
    if isinstance(vision, VitEncoder):  # its maps are normalised already
        for level in network.config.channels:
            network.get_buffer(f'gain_{level}').fill_(1.0)
            network.get_buffer(f'shift_{level}').zero_()
    batches = image_batches(generator, landmarks, first=1, workers=1)
    training = ImageTraining(vision, network, batches, held_out, folder, config, distillation)
    training.run(lambda line: console.print(line.text(), soft_wrap=True))
    draw_curve(training.log, folder / 'curve.png')
    best = training.best_learner()
    save_mesh_recovery(output, best.network)
    save_encoder(encoder_file(output), encoder, best.encoder)
