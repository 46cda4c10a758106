"""Linear blend skinning of an SMPL-format body in torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from biopose_ros.body.body_data import BodyData
from biopose_ros.body.joints import JOINT_NAMES, JOINT_PARENTS
from biopose_ros.body.rotations import chained, pose_to_matrices


@dataclass(frozen=True)
class BodyMesh:
    """
    Posed bodies, in the axes of the root rotation's target frame.

    :param vertices_m: [..., vertices, 3], metres.
    :param joints_m: [..., 24, 3], metres, in the order of
        :data:`biopose_ros.body.joints.JOINT_NAMES`.
    """

    vertices_m: Tensor
    joints_m: Tensor


class BodyModel(nn.Module):
    """
    Pose and shape to vertices and joints; differentiable, on any device, any leading batch axes.

    :param data: its arrays.
    :attr topology: which marker table fits, see :class:`~biopose_ros.body.body_data.BodyData`.
    :attr faces: [faces, 3] array of vertex numbers.
    :attr num_components: how many shape components the model has.
    """

    template_m: Tensor
    shape_directions_m: Tensor
    weights: Tensor
    rest_joints_m: Tensor
    joint_shape_directions_m: Tensor
    _moved: Tensor

    def __init__(self, data: BodyData) -> None:
        super().__init__()
        self.data = data
        self.topology = data.topology
        self.faces = data.faces
        directions = data.shape_directions_m
        self.num_components = directions.shape[-1]
        regressor = data.joint_regressor
        joint_directions = regressor @ directions.reshape(len(directions), -1)
        self._keep('template_m', data.template_m)
        self._keep('shape_directions_m', np.moveaxis(directions, -1, 0))
        self._keep('weights', data.weights)
        self._keep('rest_joints_m', regressor @ data.template_m)
        self._keep(
            'joint_shape_directions_m',
            np.moveaxis(joint_directions.reshape(len(JOINT_NAMES), 3, -1), -1, 0),
        )
        self._block_joints = [block.joint for block in data.pose_blocks]
        nothing = np.zeros(0, np.int64)
        self._keep('_moved', np.concatenate([nothing, *(b.vertices for b in data.pose_blocks)]))
        for block in data.pose_blocks:
            self._keep(f'_offsets_{block.joint}', block.offsets_m)

    def _keep(self, name: str, array: np.ndarray) -> None:
        kind = torch.float32 if array.dtype.kind == 'f' else torch.int64
        tensor = torch.as_tensor(np.ascontiguousarray(array)).to(kind)
        self.register_buffer(name, tensor, persistent=False)

    def forward(
        self, pose: Tensor, betas: Tensor | None = None, translation_m: Tensor | None = None
    ) -> BodyMesh:
        """
        Pose bodies.

        :param pose: axis-angle [..., 24, 3] in radians, matrices [..., 24, 3, 3], or the matrices'
            first two columns [..., 24, 6]; each joint relative to its parent.
        :param betas: [..., components], unit variance over the population; fewer than the model's
            components leave the rest zero; None is the mean body.
        :param translation_m: [..., 3].
        :returns: the bodies; leading axes of the arguments are broadcast.
        :raises ValueError: for wrong shapes.
        """
        rotations = pose_to_matrices(pose, len(JOINT_NAMES))
        betas = self._checked_betas(betas, rotations)
        if translation_m is None:
            translation_m = rotations.new_zeros(3)
        leading = torch.broadcast_shapes(
            rotations.shape[:-3], betas.shape[:-1], translation_m.shape[:-1]
        )
        rotations = rotations.expand(*leading, -1, -1, -1).reshape(-1, len(JOINT_NAMES), 3, 3)
        shaped = self.shaped_m(betas).expand(*leading, -1, -1).reshape(-1, *self.template_m.shape)
        rest_joints = self.shaped_joints_m(betas).expand(*leading, -1, -1)
        rest_joints = rest_joints.reshape(-1, len(JOINT_NAMES), 3)
        turns, joints = self._chain(rotations, rest_joints)
        shifts = joints - (turns @ rest_joints[..., None])[..., 0]
        unposed = self._with_correctives(shaped, rotations)
        vertices = self._skin(unposed, turns, shifts)
        shift = translation_m[..., None, :]
        return BodyMesh(
            vertices.unflatten(0, leading) + shift if leading else vertices[0] + shift,
            joints.unflatten(0, leading) + shift if leading else joints[0] + shift,
        )

    def _checked_betas(self, betas: Tensor | None, like: Tensor) -> Tensor:
        if betas is None:
            return like.new_zeros(0)
        if betas.shape[-1] > self.num_components:
            raise ValueError(
                f'betas must have at most {self.num_components} components, '
                f'got {tuple(betas.shape)}'
            )
        return betas

    def shaped_m(self, betas: Tensor) -> Tensor:
        """
        Shape the body in the T-pose, without pose correctives.

        :param betas: [..., components].
        :returns: [..., vertices, 3].
        """
        directions = self.shape_directions_m[: betas.shape[-1]].flatten(1)
        return self.template_m + (betas @ directions).unflatten(-1, (-1, 3))

    def shaped_joints_m(self, betas: Tensor) -> Tensor:
        """
        Place the joints of the shaped body in the T-pose.

        :param betas: [..., components].
        :returns: [..., 24, 3].
        """
        directions = self.joint_shape_directions_m[: betas.shape[-1]].flatten(1)
        return self.rest_joints_m + (betas @ directions).unflatten(-1, (-1, 3))

    def statures_m(self, betas: Tensor) -> Tensor:
        """
        Measure standing heights, between the mean body's lowest and highest vertices.

        :param betas: [..., components].
        :returns: [...].
        """
        heights = self.template_m[:, 1]
        ends = [int(heights.argmin()), int(heights.argmax())]
        directions = self.shape_directions_m[: betas.shape[-1], ends, 1]
        low, high = (heights[ends] + betas @ directions).unbind(-1)
        return high - low

    def _chain(self, rotations: Tensor, rest_joints: Tensor) -> tuple[Tensor, Tensor]:
        """Follow the joints from the root: world rotations and positions, [bodies, 24, ...]."""
        turns, places = chained(rotations), [rest_joints[:, 0]]
        for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
            bone = rest_joints[:, joint] - rest_joints[:, parent]
            places.append(places[parent] + (turns[:, parent] @ bone[..., None])[..., 0])
        return turns, torch.stack(places, 1)

    def _with_correctives(self, shaped: Tensor, rotations: Tensor) -> Tensor:
        identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
        features = (rotations - identity).flatten(-2)
        moves = [
            features[:, joint] @ getattr(self, f'_offsets_{joint}').flatten(1)
            for joint in self._block_joints
        ]
        if not moves:
            return shaped
        return shaped.index_add(1, self._moved, torch.cat(moves, -1).unflatten(-1, (-1, 3)))

    def _skin(self, unposed: Tensor, turns: Tensor, shifts: Tensor) -> Tensor:
        # Coordinates before vertices: long rows, far faster than many small matrix products.
        moves = torch.cat([turns, shifts[..., None]], -1).flatten(-2).mT
        blended = (moves @ self.weights.T).unflatten(-2, (3, 4))
        turned = (blended[..., :3, :] * unposed.mT[..., None, :, :]).sum(-2)
        return (turned + blended[..., 3, :]).mT.contiguous()
