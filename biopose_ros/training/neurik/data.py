"""Labelled motion in one file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from biopose_ros.inverse_kinematics.neurik import PELVIS_COORDINATES, NeurikEstimate
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

_Motion = TypeVar('_Motion', bound='LabelledMotion')


@dataclass(frozen=True, eq=False)
class LabelledMotion:
    """
    Clips of one split, end to end. Positions are relative to the middle of the hips.

    :param markers_m: [frames, markers, 3], the markers that the network is shown, order of
        :data:`MARKER_NAMES`, ground axes: those of the true body.
    :param angles_rad: [frames, coordinates - 6].
    :param pelvis_rotations: [frames, 3, 3].
    :param pelvis_positions_m: [frames, 3].
    :param starts: [clips], first frame.
    :param lengths: [clips].
    :param rates_hz: [clips].
    :param factors: [clips, groups], size factors.
    :param names: [clips].
    """

    markers_m: Tensor
    angles_rad: Tensor
    pelvis_rotations: Tensor
    pelvis_positions_m: Tensor
    starts: Tensor
    lengths: Tensor
    rates_hz: Tensor
    factors: Tensor
    names: tuple[str, ...]

    def save(self, path: Path) -> None:
        """
        Write to a file.

        :param path: ends in ``.npz``.
        """
        arrays: dict[str, Any] = {
            field.name: np.asarray(getattr(self, field.name)) for field in fields(self)
        }
        np.savez(path, **arrays)

    @classmethod
    def load(cls: type[_Motion], path: Path) -> _Motion:
        """
        Read a file.

        :param path: written by :meth:`save`.
        :raises ValueError: when it lacks a field, or its markers are not those of this release.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if missing := {field.name for field in fields(cls)} - arrays.keys():
            raise ValueError(
                f'{path} lacks {", ".join(sorted(missing))}; delete the file to make it again'
            )
        names = tuple(str(name) for name in arrays.pop('names'))
        motion = cls(**{k: torch.from_numpy(v) for k, v in arrays.items()}, names=names)
        if motion.markers_m.shape[1] != len(MARKER_NAMES):
            raise ValueError(
                f'{path} holds {motion.markers_m.shape[1]} markers, the network takes '
                f'{len(MARKER_NAMES)}; delete the file to make it again'
            )
        return motion


@dataclass(frozen=True)
class Truth:
    """
    What the network should say; leading axes [batch, frames].

    :param angles_rad: [..., coordinates - 6].
    :param pelvis_rotations: [..., 3, 3].
    :param pelvis_positions_m: [..., 3].
    :param factors: [..., groups].
    """

    angles_rad: Tensor
    pelvis_rotations: Tensor
    pelvis_positions_m: Tensor
    factors: Tensor

    def as_estimate(self) -> NeurikEstimate:
        """Give the estimate of a network that is right, with standard deviations of 1."""
        angles = self.angles_rad
        outputs = PELVIS_COORDINATES + angles.shape[-1] + self.factors.shape[-1]
        return NeurikEstimate(
            angles,
            angles,
            self.pelvis_rotations,
            self.pelvis_positions_m,
            self.factors,
            angles.new_zeros(*angles.shape[:-1], outputs),
        )
