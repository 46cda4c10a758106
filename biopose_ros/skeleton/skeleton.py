"""The skeleton: batched, differentiable forward kinematics with named parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from biopose_ros.records import FloatArray
from biopose_ros.resources import resource_path
from biopose_ros.skeleton.default_model import default_model
from biopose_ros.skeleton.description import ModelDescription
from biopose_ros.skeleton.forward_kinematics import SegmentFrames, pose_segments
from biopose_ros.skeleton.kinematic_tree import (
    KinematicTree,
    compile_tree,
    free_coordinates,
    sort_joints,
)
from biopose_ros.skeleton.osim_reader import OsimError, read_osim

DEFAULT_MODEL = 'config/skeleton/biopose.osim'


class Skeleton:
    """
    A model compiled for fast kinematics; immutable.

    Coordinates that follow others (couplers) are left out of ``coordinate_names``; a locked
    coordinate has equal limits. Tensors are float64 on the CPU; kinematics run in the precision
    and on the device of the coordinates that are passed in.

    :param description: the model: bodies, joints, markers; kept.
    :param source: the file that the model came from, if any; kept.
    :ivar name: the model's name.
    :ivar coordinate_names: [coordinates].
    :ivar segment_names: [segments], parents first.
    :ivar segment_parents: [segments], index of the parent, -1 for the ground.
    :ivar lower_limits: [coordinates], radians or metres.
    :ivar upper_limits: [coordinates].
    :ivar default_coordinates: [coordinates], the resting pose.
    :ivar is_rotation: [coordinates], whether a coordinate is an angle.
    :ivar marker_names: [markers].
    :ivar marker_segments: [markers], segment index.
    :ivar marker_offsets_m: [markers, 3], segment frame.
    :raises ValueError: when the joints form no tree or a marker's body is unknown.
    """

    def __init__(self, description: ModelDescription, source: Path | None = None) -> None:
        joints = sort_joints(description)
        coordinates = free_coordinates(description, joints)
        self.description = description
        self.source = source
        self.name = description.name
        self.coordinate_names = tuple(coordinate.name for coordinate in coordinates)
        self.segment_names = tuple(joint.child for joint in joints)
        self.marker_names = tuple(marker.name for marker in description.markers)
        self._coordinate_index = {name: i for i, name in enumerate(self.coordinate_names)}
        self._segment_index = {name: i for i, name in enumerate(self.segment_names)}
        self._marker_index = {name: i for i, name in enumerate(self.marker_names)}
        tree = compile_tree(description)
        self._trees = {(torch.device('cpu'), torch.float64): tree}
        self.segment_parents: tuple[int, ...] = tuple(tree.parents.tolist())
        self.default_coordinates = _double([c.default for c in coordinates])
        self.lower_limits = _double([c.default if c.is_locked else c.lower for c in coordinates])
        self.upper_limits = _double([c.default if c.is_locked else c.upper for c in coordinates])
        turning = {motion.coordinate for joint in joints for motion in joint.rotations}
        self.is_rotation = torch.tensor([name in turning for name in self.coordinate_names])
        self.marker_segments = torch.tensor(
            [self.segment_index(marker.body) for marker in description.markers], dtype=torch.long
        )
        self.marker_offsets_m = _double([m.offset_m for m in description.markers]).reshape(-1, 3)

    def coordinate_index(self, name: str) -> int:
        """
        Find a coordinate.

        :param name: for example ``knee_angle_r``.
        :raises ValueError: when the skeleton has no such coordinate.
        """
        return _look_up(self._coordinate_index, name, 'coordinate', self.name)

    def segment_index(self, name: str) -> int:
        """
        Find a segment.

        :param name: for example ``femur_r``.
        :raises ValueError: when the skeleton has no such segment.
        """
        return _look_up(self._segment_index, name, 'segment', self.name)

    def marker_indices(self, names: Sequence[str] | None = None) -> Tensor:
        """
        Find markers.

        :param names: marker names; None for all.
        :returns: [markers], indices into ``marker_names``.
        :raises ValueError: when the skeleton lacks one of them.
        """
        if names is None:
            return torch.arange(len(self.marker_names))
        return torch.tensor(
            [_look_up(self._marker_index, name, 'marker', self.name) for name in names],
            dtype=torch.long,
        )

    def tree(self, like: Tensor) -> KinematicTree:
        """
        Give the compiled tensors in the precision and on the device of a tensor.

        :param like: for example the coordinates.
        """
        key = (like.device, like.dtype)
        if key not in self._trees:
            master = self._trees[(torch.device('cpu'), torch.float64)]
            self._trees[key] = master.to(like.device, like.dtype)
        return self._trees[key]

    def forward_kinematics(
        self, coordinates: Tensor, scales: Tensor | None = None
    ) -> SegmentFrames:
        """
        Place every segment in the ground frame.

        :param coordinates: [..., coordinates], radians; translations in metres.
        :param scales: [..., segments, 3], size factors along each segment's own axes, unitless;
            None for the size of the model file. As in OpenSim they multiply where joints and
            markers sit on the segment.
        :returns: rotations [..., segments, 3, 3] and positions_m [..., segments, 3].
        :raises ValueError: when a shape does not fit the skeleton.
        """
        self._check(coordinates, scales)
        return pose_segments(self.tree(coordinates), coordinates, scales).frames

    def marker_positions(
        self,
        coordinates: Tensor,
        scales: Tensor | None = None,
        names: Sequence[str] | None = None,
    ) -> Tensor:
        """
        Place markers in the ground frame.

        :param coordinates: [..., coordinates], radians; translations in metres.
        :param scales: [..., segments, 3], unitless; None for the size of the model file.
        :param names: marker names; None for all, in the order of ``marker_names``.
        :returns: [..., markers, 3], metres.
        :raises ValueError: when a shape or a name does not fit the skeleton.
        """
        frames = self.forward_kinematics(coordinates, scales)
        indices = self.marker_indices(names)
        segments = self.marker_segments[indices].to(coordinates.device)
        offsets_m = self.marker_offsets_m[indices].to(coordinates)
        if scales is not None:
            offsets_m = offsets_m * scales[..., segments, :]
        return frames.points_m(segments, offsets_m)

    def checked_scales(self, scales: ArrayLike) -> FloatArray:
        """
        Check a person's size factors.

        :param scales: [segments, 3], unitless.
        :returns: the same as float64.
        :raises ValueError: when the shape does not fit, or a factor is not finite.
        """
        factors = np.asarray(scales, dtype=np.float64)
        expected = (len(self.segment_names), 3)
        if factors.shape != expected or not np.isfinite(factors).all():
            got = 'NaN or infinity' if factors.shape == expected else list(factors.shape)
            raise ValueError(f'{self.name} expects finite scales {list(expected)}, got {got}')
        return factors

    def clamp(self, coordinates: Tensor) -> Tensor:
        """
        Bring coordinates within their limits.

        :param coordinates: [..., coordinates].
        """
        return coordinates.clamp(
            self.lower_limits.to(coordinates), self.upper_limits.to(coordinates)
        )

    def _check(self, coordinates: Tensor, scales: Tensor | None) -> None:
        count = len(self.coordinate_names)
        if coordinates.shape[-1:] != (count,) or not coordinates.is_floating_point():
            raise ValueError(
                f'{self.name} expects floating [..., {count}] coordinates, got '
                f'{coordinates.dtype} {list(coordinates.shape)}'
            )
        segments = len(self.segment_names)
        if scales is not None and scales.shape[-2:] != (segments, 3):
            raise ValueError(
                f'{self.name} expects [..., {segments}, 3] scales, got {list(scales.shape)}'
            )


def load_skeleton(path: Path | str | None = None) -> Skeleton:
    """
    Load a skeleton from an OpenSim model file.

    :param path: an ``.osim`` file of version 3.x or 4.x; None for the model that ships with the
        package.
    :raises OsimError: names the file and the element that is broken or not supported.
    :raises FileNotFoundError: when there is no such file.
    """
    return _load_default() if path is None else _load(Path(path).resolve())


@lru_cache(maxsize=1)
def _load_default() -> Skeleton:
    """Compile the description that the shipped file is written from: the same, with shapes."""
    return Skeleton(default_model(), resource_path(DEFAULT_MODEL))


@lru_cache(maxsize=8)
def _load(path: Path) -> Skeleton:
    try:
        return Skeleton(read_osim(path), path)
    except OsimError:
        raise
    except ValueError as error:
        raise OsimError(f'{path}: {error}') from error


def _double(values: Sequence[object]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _look_up(index: dict[str, int], name: str, kind: str, skeleton: str) -> int:
    try:
        return index[name]
    except KeyError:
        raise ValueError(f'{skeleton} has no {kind} {name!r}; it has {", ".join(index)}') from None
