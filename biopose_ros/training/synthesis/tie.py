"""Skeleton coordinates and scales for samples, by the labels' own inverse kinematics."""

from __future__ import annotations

import numpy as np
import torch

from biopose_ros.body import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.labels import Anthropometry, Labeller
from biopose_ros.training.motion.rotations import matrices_from_vectors, vectors_from_matrices

# The labels want the body in axes x left, y up, z forward, of which OpenSim's ground is a fixed
# turn. Seen from the camera, whose ground looks back into it, these are x right, y up, z back.
_BODY_FROM_CAMERA = np.diag([1.0, -1.0, -1.0])


class LabelTie:
    """
    A :data:`~.generator.SkeletonTie`: exact and slow, tens of milliseconds per sample.

    :param body: the body that is drawn.
    """

    def __init__(self, body: BodyModel) -> None:
        self.body = body
        self.labeller = Labeller(Anthropometry(body))

    def __call__(
        self, pose: FloatArray, betas: FloatArray, translation_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """
        Label bodies in camera axes.

        :param pose: [bodies, 24, 3], rotation vectors, the root's into camera axes.
        :param betas: [bodies, components].
        :param translation_m: [bodies, 3], as :class:`~.records.SyntheticSample` keeps it.
        :returns: coordinates [bodies, coordinates], pelvis in the ground frame of the camera; and
            scales [bodies, segments, 3].
        """
        shapes = torch.as_tensor(betas)
        subjects = self.labeller.anthropometry.subjects(shapes)
        turned, pelvis_m = self._upright(pose, shapes, translation_m)
        truths = [
            self.labeller.label(subject, turned[i : i + 1], pelvis_m[i : i + 1])
            for i, subject in enumerate(subjects)
        ]
        return (
            np.concatenate([truth.coordinates for truth in truths]),
            np.stack([truth.scales for truth in truths]),
        )

    def motion(
        self, pose: FloatArray, betas: FloatArray, translation_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """
        Label the motion of one person, as a whole: a :data:`~.sequence.MotionTie`.

        :param pose: [frames, 24, 3], in the order of time, as above.
        :param betas: [components].
        :param translation_m: [frames, 3].
        :returns: coordinates [frames, coordinates] and scales [segments, 3].
        """
        shape = torch.as_tensor(betas)
        subject = self.labeller.anthropometry.subject(shape)
        truth = self.labeller.label(subject, *self._upright(pose, shape[None], translation_m))
        return truth.coordinates, truth.scales

    def _upright(
        self, pose: FloatArray, shapes: torch.Tensor, translation_m: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Turn poses and pelvis joints [bodies, 3] from camera axes into those of the labels."""
        pelvis_m = self.body.shaped_joints_m(shapes)[:, 0].numpy() + translation_m
        turned = np.array(pose, np.float64)
        root = _BODY_FROM_CAMERA @ matrices_from_vectors(turned[:, 0])
        turned[:, 0] = vectors_from_matrices(root)
        return turned, pelvis_m @ _BODY_FROM_CAMERA
