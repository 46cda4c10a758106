"""Random windows of rendered sequences: what the networks really say, with some of it left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.neurik import Evidence
from biopose_ros.keypoints.landmarks import MIRROR_INDEX
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.neurik.data import Truth
from biopose_ros.training.neurik.noise import MeshNoise, NoiseLevels
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.turning import Mirror


@dataclass(frozen=True)
class RenderedConfig:
    """
    How windows are drawn.

    :param frames: in a window.
    :param slowest: largest frame stride.
    :param mirrored: share of windows with left and right exchanged; they have no features, which
        cannot be mirrored.
    :param without_features: share of the others that have none either.
    :param without_keypoints: share of windows.
    :param without_markers: share of windows that have keypoints.
    :param lost_frames: share of images without any evidence.
    :param noisy: share of windows with markers that are further disturbed.
    :param strength: greatest, of that noise, see :class:`NoiseLevels`.
    :param feature_noise: 1 sigma, added to all features.
    """

    frames: int = 32
    slowest: int = 3
    mirrored: float = 0.5
    without_features: float = 0.3
    without_keypoints: float = 0.2
    without_markers: float = 0.15
    lost_frames: float = 0.03
    noisy: float = 0.5
    strength: float = 0.6
    feature_noise: float = 0.05

    @staticmethod
    def plain(frames: int) -> RenderedConfig:
        """Leave everything as it was rendered, at its own rate."""
        return RenderedConfig(frames, 1, *[0.0] * 8)


class RenderedSampler:
    """
    Draws windows of rendered sequences; short sequences run back and forth.

    :param rendered: of one split.
    :param skeleton: whose coordinates the labels are.
    :param config: how windows are drawn.
    :param seed: of the random numbers.
    """

    def __init__(
        self, rendered: RenderedEvidence, skeleton: Skeleton, config: RenderedConfig, seed: int
    ) -> None:
        self.rendered = rendered
        self.config = config
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = MeshNoise(self.generator)
        self.mirror = Mirror(skeleton)

    def draw(self, count: int) -> tuple[Evidence, Truth]:
        """
        Draw windows.

        :param count: how many.
        """
        lengths = self.rendered.lengths
        clips = torch.multinomial(lengths.float(), count, True, generator=self.generator)
        step = torch.randint(1, self.config.slowest + 1, (count, 1), generator=self.generator)
        passed = step * torch.arange(self.config.frames)
        turn = (2 * (lengths[clips, None] - 1)).clamp(min=1)
        place = (self._uniform(count, 1) * lengths[clips, None]).long() + passed
        place = torch.remainder(place, turn)
        rows = self.rendered.starts[clips, None] + torch.minimum(place, turn - place)
        evidence, truth = self.rendered.of_frames(clips, rows)
        times_s = passed / self.rendered.rates_hz[clips, None].float()
        evidence, truth = self._mirrored(replace(evidence, times_s=times_s), truth)
        return self._reduced(self._disturbed(evidence)), truth

    def _mirrored(self, evidence: Evidence, truth: Truth) -> tuple[Evidence, Truth]:
        chosen = self._happens(len(evidence.weights), self.config.mirrored)
        positions_m, truth = self.mirror(evidence.positions_m, truth, chosen)
        each = chosen[:, None, None]
        exchanged_m = evidence.keypoints_m[:, :, list(MIRROR_INDEX)] * self.mirror.flip
        weights = evidence.weights[..., self.mirror.markers]
        seen = evidence.keypoint_weights[..., list(MIRROR_INDEX)]
        mirrored = replace(
            evidence,
            positions_m=positions_m,
            weights=torch.where(each, weights, evidence.weights),
            keypoints_m=torch.where(each[..., None], exchanged_m, evidence.keypoints_m),
            keypoint_weights=torch.where(each, seen, evidence.keypoint_weights),
            feature_weights=evidence.feature_weights * ~chosen[:, None],
        )
        return mirrored, truth

    def _disturbed(self, evidence: Evidence) -> Evidence:
        """Add noise to markers and features, so that nothing is learnt by heart."""
        count = len(evidence.weights)
        if not self.config.noisy:
            return evidence
        strength = self.config.strength * self._uniform(count)
        strength = strength * self._happens(count, self.config.noisy)
        levels = replace(NoiseLevels.uniform(count, 0.0, 0.0, 0.0), strength=strength)
        noisy_m, _ = self.noise(evidence.positions_m, evidence.times_s, levels)
        noise = torch.randn(evidence.features.shape, generator=self.generator)
        return replace(
            evidence,
            positions_m=noisy_m,
            features=evidence.features + self.config.feature_noise * noise,
        )

    def _reduced(self, evidence: Evidence) -> Evidence:
        """Leave kinds of evidence out, and whole frames."""
        count = len(evidence.weights)
        config = self.config
        sees = ~self._happens(count, config.without_keypoints)
        is_marked = ~(sees & self._happens(count, config.without_markers))
        is_described = ~self._happens(count, config.without_features)
        found = ~(self._uniform(*evidence.times_s.shape) < config.lost_frames)
        return replace(
            evidence,
            weights=evidence.weights * (found & is_marked[:, None])[..., None],
            keypoint_weights=evidence.keypoint_weights * (found & sees[:, None])[..., None],
            feature_weights=evidence.feature_weights * (found & is_described[:, None]),
        )

    def _happens(self, count: int, share: float) -> Tensor:
        return self._uniform(count) < share

    def _uniform(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self.generator)


def side_by_side(
    first: tuple[Evidence, Truth], second: tuple[Evidence, Truth]
) -> tuple[Evidence, Truth]:
    """
    Join two batches of windows of the same length.

    :param first: evidence and truth.
    :param second: evidence and truth.
    """
    joined = [
        {name: torch.cat([value, vars(other)[name]]) for name, value in vars(one).items()}
        for one, other in zip(first, second, strict=True)
    ]
    return Evidence(**joined[0]), Truth(**joined[1])
