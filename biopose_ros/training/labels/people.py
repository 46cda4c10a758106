"""Batches in which every frame may show another person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from biopose_ros.skeleton.least_squares import Problem
from biopose_ros.training.labels.anthropometry import Subject


@dataclass(frozen=True)
class People:
    """
    Persons as tensors: one for all frames, or one per frame.

    :param betas: [persons, components].
    :param scales: [persons, segments, 3].
    :param neutral: [persons, coordinates].
    :param offsets_m: [persons, markers, 3], in the frames of the scaled segments.
    """

    betas: Tensor
    scales: Tensor
    neutral: Tensor
    offsets_m: Tensor

    @classmethod
    def of(cls, subjects: Sequence[Subject]) -> People:
        """
        Stack subjects.

        :param subjects: at least one.
        """
        return cls(
            torch.stack([subject.betas for subject in subjects]),
            torch.stack([subject.scales for subject in subjects]),
            torch.stack([subject.neutral for subject in subjects]),
            torch.stack([subject.marker_offsets_m for subject in subjects]),
        )

    def select(self, frames: Tensor) -> People:
        """
        Take some of the frames.

        :param frames: their indices.
        """
        tensors = (self.betas, self.scales, self.neutral, self.offsets_m)
        return People(*(tensor[frames] for tensor in tensors))

    def expand(self, frames: int) -> People:
        """
        Give every frame its person.

        :param frames: how many.
        """
        tensors = (self.betas, self.scales, self.neutral, self.offsets_m)
        return People(*(tensor.expand(frames, *tensor.shape[1:]) for tensor in tensors))


@dataclass(frozen=True)
class PeopleProblem(Problem):
    """A fit in which the markers' offsets are [frames, markers, 3]: every frame has its own."""

    def select(self, frames: Tensor | slice) -> PeopleProblem:
        """
        Take some of the frames.

        :param frames: their indices.
        """
        markers = replace(self.markers, offsets_m=self.markers.offsets_m[frames])
        return replace(super().select(frames), markers=markers)  # type: ignore[return-value]
