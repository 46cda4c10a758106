"""What MQ-HMR learns from, on every layer of the decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biopose_ros.body import load_body
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.mesh_recovery.network import MeshEstimate
from biopose_ros.mesh_recovery.placing import onto_crop, pelvis_position_m
from biopose_ros.training.mesh.data import MeshTruth
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.cut_body import cut_body, points_about_pelvis_m

_JOINTS = len(JOINT_NAMES)
_FAR = 1.0  # a point further off than a crop's side teaches no more
# What joint angles are read from; hands and toes are not.
_JOINT_WEIGHTS = {
    'pelvis': 1.5,
    'hip': 2.0,
    'knee': 2.5,
    'ankle': 2.0,
    'elbow': 1.5,
    'spine1': 1.5,
    'hand': 0.3,
    'foot': 0.5,
}
_LAPLACE = 2**0.5  # 1 sigma over the mean absolute deviation of a Laplace distribution


_WEIGHTS = {
    'turn': 2.0,  # of joint rotations, relative to the parent and to the camera
    'points': 12.0,  # of joints and markers about the pelvis, per metre
    'shape': 0.05,  # of betas
    'place': 1.0,  # of the pelvis's place and depth
    'image': 3.0,  # of joints and markers on the crop
    'keypoints': 0.05,  # of the joints' own places and their uncertainty
    'uncertainty': 0.02,  # of the uncertainty of the joints' positions
    'summary': 4.0,  # of the joints read off the summary
}
_EARLY = 0.4  # weight of all layers but the last, relative to it


class MeshLoss(nn.Module):
    """Losses of the network's estimates; holds the body and what reads the summary."""

    def __init__(self, feature_size: int) -> None:
        """
        Cut the body down to what the losses look at.

        :param feature_size: of the network's summary.
        """
        super().__init__()
        whole = load_body()
        self.body, self.markers = cut_body(whole, load_markers(whole.topology))
        self.read_summary = nn.Linear(feature_size, 3 * _JOINTS)
        weights = torch.tensor([_JOINT_WEIGHTS.get(n.split('_')[-1], 1.0) for n in JOINT_NAMES])
        self.register_buffer('joint_weights', weights[:, None, None], persistent=False)

    def forward(
        self, estimates: list[MeshEstimate], summary: Tensor, view: Tensor, truth: MeshTruth
    ) -> dict[str, Tensor]:
        """
        Compare.

        :param estimates: of all layers.
        :param summary: [batch, feature_size].
        :param view: [batch, 3], of the evidence.
        :param truth: of the batch.
        :returns: weighted losses by name.
        """
        total: dict[str, Tensor] = {}
        for number, estimate in enumerate(estimates):
            weight = 1.0 if number == len(estimates) - 1 else _EARLY
            for name, loss in self._numbers(estimate, truth).items():
                total[name] = total.get(name, loss.new_zeros(())) + weight * loss
        joints_m = self.read_summary(summary).unflatten(-1, (_JOINTS, 3))
        off = (joints_m - truth.points_m[:, :_JOINTS]).abs().mean()
        total |= {**self._points(estimates[-1], view, truth), 'summary': off}
        return {name: _WEIGHTS[name] * loss for name, loss in total.items()}

    def _numbers(self, estimate: MeshEstimate, truth: MeshTruth) -> dict[str, Tensor]:
        """Compare the network's direct outputs."""
        components = estimate.betas.shape[-1]
        of_joint = self.get_buffer('joint_weights')
        local = (of_joint * (estimate.pose - truth.pose).abs()).mean()
        to_camera = (of_joint * (estimate.turns - truth.turns).abs()).mean()
        off = estimate.joints - truth.joints
        return {
            'turn': local + to_camera,
            'shape': (estimate.betas - truth.betas[:, :components]).abs().mean(),
            'place': (estimate.place - truth.place).abs().clamp(max=_FAR).mean(),
            'keypoints': _laplace(off, estimate.log_stddev[..., :1]),
        }

    def _points(self, estimate: MeshEstimate, view: Tensor, truth: MeshTruth) -> dict[str, Tensor]:
        """Compare where joints and markers of the body are, in space and on the crop."""
        points_m = points_about_pelvis_m(self.body, self.markers, estimate.pose, estimate.betas)
        pelvis_m = pelvis_position_m(estimate.place, truth.unprojection, view[:, 0])
        seen = onto_crop(points_m + pelvis_m[:, None], truth.projection)
        wanted = onto_crop(truth.points_m + truth.pelvis_m[:, None], truth.projection)
        off_m = points_m - truth.points_m
        return {
            'points': off_m.abs().mean(),
            'image': (seen - wanted).abs().clamp(max=_FAR).mean(),
            'uncertainty': _laplace(off_m[:, :_JOINTS].detach(), estimate.log_stddev[..., 1:]),
        }


def _laplace(off: Tensor, log_stddev: Tensor) -> Tensor:
    """Give the negative log-likelihood of errors under a Laplace distribution, but a constant."""
    size = off.abs().clamp(max=_FAR)
    return (_LAPLACE * size * torch.exp(-log_stddev) + log_stddev).mean()
