"""The arrays of a body model, as numbers without a device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray

# How far a new person lies from an example, as a share of the population's spread.
SMOOTHING = 0.3


@dataclass(frozen=True)
class PoseBlock:
    """
    Pose correctives of one joint, only where they are not zero.

    :param joint: which joint's rotation drives them, 1 to 23.
    :param vertices: [moved], vertex numbers.
    :param offsets_m: [9, moved, 3], metres per unit of (rotation matrix - identity), row by row.
    """

    joint: int
    vertices: np.ndarray
    offsets_m: FloatArray


@dataclass(frozen=True)
class Population:
    """
    How the shape components of adults are distributed: example persons of both sexes.

    :param people: [2, persons, components], women first.
    """

    people: FloatArray

    @cached_property
    def mean(self) -> FloatArray:
        """Mean shape components per sex: [2, components], women first."""
        return self.people.mean(axis=1)

    @cached_property
    def factor(self) -> FloatArray:
        """Lower triangular root of the covariance per sex: [2, components, components]."""
        return np.stack([np.linalg.cholesky(np.cov(people.T)) for people in self.people])

    def sample(self, sex: int, count: int, generator: np.random.Generator) -> FloatArray:
        """
        Draw new persons near the examples, with the examples' mean, covariance and skewness.

        :param sex: 0 for women, 1 for men.
        :param count: how many.
        :param generator: source of randomness.
        :returns: [count, components].
        """
        people, mean = self.people[sex], self.people[sex].mean(axis=0)
        # Every example once before any a second time.
        chosen = people[np.resize(generator.permutation(len(people)), count)] - mean
        noise = generator.standard_normal(chosen.shape) @ self.factor[sex].T
        return mean + np.sqrt(1 - SMOOTHING**2) * chosen + SMOOTHING * noise


@dataclass(frozen=True)
class BodyData:
    """
    A body model in SMPL terms, axes x to the subject's left, y up, z forward.

    :param topology: which marker table fits: ``biopose``, ``smpl``, or ``unknown``.
    :param template_m: [vertices, 3], the mean body in the T-pose.
    :param shape_directions_m: [vertices, 3, components], metres per unit of shape component.
    :param pose_blocks: pose correctives.
    :param joint_regressor: [24, vertices], joint positions from the unposed vertices.
    :param weights: [vertices, 24], skinning weights; rows sum to one.
    :param faces: [faces, 3], counter-clockwise seen from outside.
    :param population: distribution of adults, None where the file does not say.
    """

    topology: str
    template_m: FloatArray
    shape_directions_m: FloatArray
    pose_blocks: tuple[PoseBlock, ...]
    joint_regressor: csr_matrix
    weights: FloatArray
    faces: np.ndarray
    population: Population | None = None

    def dense_pose_directions(self) -> FloatArray:
        """Spread the pose correctives over all vertices: [vertices, 3, 207]."""
        joints = len(JOINT_NAMES) - 1
        dense = np.zeros((len(self.template_m), 3, joints, 9), np.float32)
        for block in self.pose_blocks:
            dense[block.vertices, :, block.joint - 1] = block.offsets_m.transpose(1, 2, 0)
        return dense.reshape(len(self.template_m), 3, joints * 9)


def pose_blocks_from_dense(pose_directions_m: FloatArray) -> tuple[PoseBlock, ...]:
    """
    Cut dense pose correctives into one block per joint.

    :param pose_directions_m: [vertices, 3, 207].
    """
    per_joint = pose_directions_m.reshape(len(pose_directions_m), 3, -1, 9)
    blocks = []
    for joint in range(1, per_joint.shape[2] + 1):
        offsets = per_joint[:, :, joint - 1]
        moved = np.flatnonzero(np.any(offsets != 0.0, axis=(1, 2)))
        if len(moved):
            values = np.ascontiguousarray(offsets[moved].transpose(2, 0, 1))
            blocks.append(PoseBlock(joint, moved, values))
    return tuple(blocks)
