"""Bodies of many shapes in many poses at once, ready to be set on the floor of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body.model import BodyMesh, BodyModel
from biopose_ros.body.rotations import chained, pose_to_matrices
from biopose_ros.inference.torch_threads import one_torch_thread
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import matrices_from_vectors
from biopose_ros.training.synthesis.scene import PosedPerson
from biopose_ros.virtual_markers import MarkerTable


@dataclass(frozen=True)
class PosedBodies:
    """
    Bodies that still hang at the origin: x, y (up) and z of the world, metres.

    :param vertices_m: [bodies, vertices, 3].
    :param joints_m: [bodies, 24, 3].
    :param rest_joints_m: [bodies, 24, 3], of the same shapes in the T-pose.
    :param statures_m: [bodies].
    :param turns: [bodies, 24, 3, 3], world rotations of the joints.
    :param betas: [bodies, components].
    :param markers_m: [bodies, markers, 3].
    """

    vertices_m: NDArray[np.float32]
    joints_m: FloatArray
    rest_joints_m: FloatArray
    statures_m: FloatArray
    turns: FloatArray
    betas: FloatArray
    markers_m: FloatArray

    def person(
        self, body: int, pelvis_xz_m: FloatArray, lowest_m: float, sits: bool
    ) -> PosedPerson:
        """
        Set one body down.

        :param body: its number.
        :param pelvis_xz_m: [2], where its pelvis comes to be, seen from above.
        :param lowest_m: height of its lowest point over the floor.
        :param sits: whether a seat belongs under it if its thighs are level.
        """
        vertices, joints = self.vertices_m[body], self.joints_m[body]
        drop = lowest_m - vertices[:, 1].min()
        shift = np.array(
            [pelvis_xz_m[0] - joints[0, 0], drop, pelvis_xz_m[1] - joints[0, 2]], np.float32
        )
        stature = float(self.statures_m[body])
        return PosedPerson(
            vertices + shift,
            joints + shift,
            self.rest_joints_m[body],
            np.array([stature, 0.095 * stature, 0.075 * stature]),
            self.turns[body],
            sits and _is_seated(joints),
            self.betas[body],
            self.markers_m[body] + shift,
        )


def pose_bodies(
    body: BodyModel,
    markers: MarkerTable | None,
    pose: NDArray[np.float32],
    betas: FloatArray,
    headings_rad: FloatArray,
) -> PosedBodies:
    """
    Pose bodies all at once.

    :param body: the body model.
    :param markers: table of virtual markers, or None.
    :param pose: [bodies, 24, 3], rotation vectors.
    :param betas: [bodies, components].
    :param headings_rad: [bodies], further turn about the vertical.
    """
    with one_torch_thread(), torch.inference_mode():
        local = pose_to_matrices(torch.from_numpy(pose), 24)
        local[:, 0] = _about_vertical(headings_rad) @ local[:, 0]
        shape = torch.from_numpy(betas)
        mesh = body(local, shape)
        return PosedBodies(
            mesh.vertices_m.numpy(),
            mesh.joints_m.numpy(),
            body.shaped_joints_m(shape).numpy(),
            body.statures_m(shape).numpy(),
            chained(local.double()).numpy(),
            betas,
            _place_markers(markers, mesh),
        )


def _place_markers(markers: MarkerTable | None, mesh: BodyMesh) -> FloatArray:
    """Markers [bodies, markers, 3] of posed bodies."""
    if markers is None:
        return np.zeros((len(mesh.vertices_m), 0, 3), np.float32)
    return markers.positions_m(mesh).numpy()


def _about_vertical(angles_rad: FloatArray) -> torch.Tensor:
    """Turns about y, [n, 3, 3] float32."""
    vectors = np.zeros((len(angles_rad), 3))
    vectors[:, 1] = angles_rad
    return torch.from_numpy(matrices_from_vectors(vectors).astype(np.float32))


def _is_seated(joints_m: FloatArray) -> bool:
    """Thighs near level."""
    drop = joints_m[[1, 2], 1].mean() - joints_m[[4, 5], 1].mean()
    thigh = np.linalg.norm(joints_m[1] - joints_m[4])
    return bool(abs(drop) < 0.55 * thigh)
