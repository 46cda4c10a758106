"""Clips of the test split, and what the network is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.neurik import Evidence
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.keypoints import SimulatedDetector
from biopose_ros.training.neurik.noise import MeshNoise, NoiseLevels
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.turning import random_turns, turned
from biopose_ros.training.neurik.windows import moved, no_features, places

# Strength, chance of missing parts, chance of swapped sides.
NOISES = {
    'clean': (0.0, 0.0, 0.0),
    'mesh_noise': (1.0, 0.0, 0.01),
    'heavy_noise': (2.0, 0.3, 0.05),
}
_SHORTEST_FRAMES = 30


@dataclass(frozen=True, eq=False)
class Clip:
    """
    One clip of one person, somewhere before a camera.

    :param name: of the motion.
    :param positions_m: [1, frames, markers, 3], clean.
    :param times_s: [1, frames].
    :param truth: of the clip.
    :param origins_m: [1, frames, 3], middle of the hips.
    """

    name: str
    positions_m: Tensor
    times_s: Tensor
    truth: Truth
    origins_m: Tensor

    def shortened(self, frames: int) -> Clip:
        """
        Keep the beginning.

        :param frames: how many.
        """
        truth = Truth(*(value[:, :frames] for value in vars(self.truth).values()))
        return Clip(
            self.name,
            self.positions_m[:, :frames],
            self.times_s[:, :frames],
            truth,
            self.origins_m[:, :frames],
        )


def turned_clips(motion: LabelledMotion) -> list[Clip]:
    """
    Cut a split into its clips, each somewhere before a camera that leans a little.

    :param motion: of the test split.
    """
    generator = torch.Generator().manual_seed(0)
    turns = random_turns(len(motion.starts), generator, tilt_deg=5.0)
    origins_m = places(torch.zeros(len(turns), 1), generator)
    clips = []
    for row, turn in enumerate(turns):
        start, length = int(motion.starts[row]), int(motion.lengths[row])
        if length < _SHORTEST_FRAMES:
            continue
        frames = slice(start, start + length)
        truth = Truth(
            motion.angles_rad[None, frames],
            motion.pelvis_rotations[None, frames],
            motion.pelvis_positions_m[None, frames],
            motion.factors[None, row, None].expand(1, length, -1),
        )
        positions_m, truth = turned(motion.markers_m[None, frames], truth, turn[None])
        times_s = torch.arange(length)[None] / float(motion.rates_hz[row])
        place_m = origins_m[row, None]
        clips.append(
            Clip(
                motion.names[row],
                positions_m + place_m[:, :, None],
                times_s,
                moved(truth, place_m),
                place_m.expand(1, length, 3),
            )
        )
    return clips


def evidence_of(clip: Clip, noise: str, seed: int) -> Evidence:
    """
    Disturb a clip's markers, and let a detector see it.

    :param clip: clean.
    :param noise: a key of :data:`NOISES`.
    :param seed: of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    levels = NoiseLevels.uniform(1, *NOISES[noise])
    noisy_m, weights = MeshNoise(generator)(clip.positions_m, clip.times_s, levels)
    detector = SimulatedDetector(generator)
    keypoints_m, confidence = detector(clip.positions_m, clip.origins_m, clip.times_s)
    features = no_features(*clip.times_s.shape)
    return Evidence(noisy_m, weights, clip.times_s, keypoints_m, confidence, *features)


def spread(clips: Sequence[Clip], count: int, frames: int) -> list[Clip]:
    """
    Take clips from all over the list, cut short.

    :param clips: of a split.
    :param count: how many.
    :param frames: of each.
    """
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(count, len(clips))).round().astype(int))
    return [clips[i].shortened(frames) for i in chosen]


def rendered_clips(rendered: RenderedEvidence) -> list[tuple[str, Evidence, Truth]]:
    """
    Cut a split of rendered sequences into its clips.

    :param rendered: of the test split.
    :returns: name, evidence and truth of each, [1, frames, ...].
    """
    clips = []
    for number, name in enumerate(rendered.names):
        start, length = int(rendered.starts[number]), int(rendered.lengths[number])
        rows = torch.arange(start, start + length)[None]
        clips.append((name, *rendered.of_frames(torch.tensor([number]), rows)))
    return clips
