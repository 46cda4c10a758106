"""Put the parts together: the shipped body, motion, markers and backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from biopose_ros.body import BodyModel, load_body
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.recordings import read_recordings, recording_files
from biopose_ros.training.motion.retarget import retarget
from biopose_ros.training.synthesis.backdrop import Photos
from biopose_ros.training.synthesis.generator import SampleGenerator, SkeletonTie
from biopose_ros.training.synthesis.sources import Split, motion_pool, only_activities
from biopose_ros.virtual_markers import load_markers


@dataclass(frozen=True)
class SynthesisConfig:
    """
    What to draw.

    :param split: ``train``, ``validation`` or ``test``.
    :param seed: of the stream.
    :param motion_folder: with recordings (``*.npz``); None takes synthetic activities alone.
    :param activities: words, one of which a clip's activity or name must hold; none takes all.
    :param backgrounds: folder of photographs; None draws backgrounds.
    :param side_px: width and height of the images.
    """

    split: str = 'train'
    seed: int = 0
    motion_folder: Path | None = None
    activities: tuple[str, ...] = ()
    backgrounds: Path | None = None
    side_px: int = 256

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
        if not 32 <= self.side_px <= 2048:
            raise ValueError(f'side_px must lie between 32 and 2048, got {self.side_px}')


def build_generator(
    config: SynthesisConfig,
    clips: Sequence[MotionClip] | None = None,
    tie: SkeletonTie | None = None,
) -> SampleGenerator:
    """
    Assemble a generator from what ships with the package.

    :param config: what to draw.
    :param clips: motion to use in place of the config's folder.
    :param tie: skeleton coordinates and scales, where they are wanted.
    :returns: the generator.
    :raises ValueError: for an unknown split or activity, an empty background folder, or motion
        that cannot be used.
    """
    split = Split.named(config.split)
    body = load_body()
    if clips is None:
        clips = load_clips(body, config.motion_folder)
    photos = Photos(config.backgrounds) if config.backgrounds else None
    pool = motion_pool(only_activities(clips, config.activities), split)
    markers = load_markers(body.topology)
    return SampleGenerator(body, pool, split, config.seed, config.side_px, photos, markers, tie)


def load_clips(body: BodyModel, motion_folder: Path | None) -> list[MotionClip]:
    """
    Give recorded motion to the mean body.

    :param body: whose proportions the clips get.
    :param motion_folder: with recordings.
    :returns: the clips.
    """
    proportions = Proportions.from_rest_joints(
        body.rest_joints_m.numpy(), float(body.template_m[:, 1].min())
    )
    files = recording_files(motion_folder) if motion_folder else []
    return [
        retarget(recording, proportions) for file in files for recording in read_recordings(file)
    ]
