"""Synthetic images: how fast they come, and how much like photographs a detector finds them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import Crop
from biopose_ros.training.synthesis.generator import CHUNK, SampleGenerator
from biopose_ros.training.synthesis.records import SyntheticSample, Visibility
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator
from biopose_ros.training.synthesis.stream import samples

SURE_PRESENCE = 0.5
_TIMED_CHUNKS = 6
# Joints that body and detector both name.
COMPARED_JOINTS = tuple(
    f'{side}_{joint}'
    for joint in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    for side in ('left', 'right')
)


@dataclass(frozen=True)
class SynthesisSpeed:
    """
    How fast samples are drawn.

    :param images_per_s: by the clock, all workers together.
    :param cpu_ms_per_image: processor time of one image in one process.
    :param images: how many were drawn for the first figure.
    :param workers: processes.
    """

    images_per_s: float
    cpu_ms_per_image: float
    images: int
    workers: int


def measure_speed(generator: SampleGenerator, seconds: float, workers: int) -> SynthesisSpeed:
    """
    Draw for a while and count; the first chunk of every worker (compilation) is left out.

    :param generator: draws at its own size.
    :param seconds: how long to count.
    :param workers: processes; 0 draws in this one.
    :returns: the figures.
    """
    cpu_ms = _cpu_ms_per_image(generator)
    stream = samples(generator, workers=workers)
    for _ in range(2 * CHUNK * max(workers, 1)):
        next(stream)
    drawn, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(CHUNK):
            next(stream)
        drawn += CHUNK
    elapsed = time.perf_counter() - start
    return SynthesisSpeed(drawn / elapsed, cpu_ms, drawn, workers)


def _cpu_ms_per_image(generator: SampleGenerator) -> float:
    """Processor time, which other programs on the machine disturb less than the clock."""
    generator.chunk(0)
    began_s = time.process_time()
    for number in range(1, _TIMED_CHUNKS + 1):
        generator.chunk(number)
    return 1e3 * (time.process_time() - began_s) / (_TIMED_CHUNKS * CHUNK)


@dataclass(frozen=True)
class DetectorAgreement:
    """
    How a detector that was trained on photographs sees synthetic persons.

    :param presence_rate: share of whole persons (no joint hidden by another thing or cut off) that
        it is sure of, presence above 0.5.
    :param pck_01: share of seen joints within a tenth of the trunk's length of the truth.
    :param pck_02: the same within a fifth.
    :param pck_02_per_joint: by joint name.
    :param persons: how many whole persons were looked at.
    """

    presence_rate: float
    pck_01: float
    pck_02: float
    pck_02_per_joint: dict[str, float]
    persons: int


def detector_agreement(
    stream: Iterable[SyntheticSample], network: LandmarkNetwork, persons: int = 200
) -> DetectorAgreement:
    """
    Show whole persons to BlazePose's landmark network.

    Its hips and shoulders are not defined as the body's are, so a perfect score is not expected.

    :param stream: samples; those with hidden or cut persons are passed over.
    :param network: the imported network.
    :param persons: how many to look at.
    :returns: how far it agrees with the truth.
    :raises ValueError: where the stream ends before a whole person came.
    """
    whole = list(islice((sample for sample in stream if sample.is_whole), persons))
    if not whole:
        raise ValueError('the stream holds no whole person to look at')
    joints = [JOINT_NAMES.index(name) for name in COMPARED_JOINTS]
    landmarks = [landmark_index(name) for name in COMPARED_JOINTS]
    present, errors = [], np.full((len(whole), len(joints)), np.nan)
    for row, sample in enumerate(whole):
        side = len(sample.image_bgr)
        # The crop counts from its corner, the truth from the centre of the first pixel.
        crop = Crop(np.full(2, side / 2), float(side), 0.0)
        sighting = network.run(sample.image_bgr, [crop])[0]
        present.append(sighting.presence > SURE_PRESENCE)
        gap = sighting.keypoints_px[landmarks] - 0.5 - sample.joints_px[joints]
        seen = sample.joint_visibility[joints] == Visibility.VISIBLE
        error = np.linalg.norm(gap, axis=1) / _trunk_px(sample)
        errors[row, seen] = error[seen]
    within_01, within_02 = (np.where(np.isnan(errors), np.nan, errors < s) for s in (0.1, 0.2))
    return DetectorAgreement(
        presence_rate=float(np.mean(present)),
        pck_01=float(np.nanmean(within_01)),
        pck_02=float(np.nanmean(within_02)),
        pck_02_per_joint=dict(
            zip(COMPARED_JOINTS, np.nanmean(within_02, axis=0).tolist(), strict=True)
        ),
        persons=len(whole),
    )


def default_agreement() -> DetectorAgreement:
    """
    Show whole persons of the synthetic test split to BlazePose's network ``full``.

    :raises NetworkFileError: when the network is not imported.
    """
    network = LandmarkNetwork('full', 'cpu', 1)
    return detector_agreement(samples(build_generator(SynthesisConfig('test'))), network)


def _trunk_px(sample: SyntheticSample) -> float:
    """Length of the trunk at its distance, so that a trunk seen end-on does not shrink it."""
    joint = dict(zip(JOINT_NAMES, sample.joints_m, strict=True))
    hips = 0.5 * (joint['left_hip'] + joint['right_hip'])
    shoulders = 0.5 * (joint['left_shoulder'] + joint['right_shoulder'])
    crop_scale = np.linalg.norm(sample.crop_from_image[0, :2])
    focal = crop_scale * sample.intrinsics_px[0, 0]
    return float(focal * np.linalg.norm(hips - shoulders) / hips[2])
