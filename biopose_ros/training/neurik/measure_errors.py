"""Measure a mesh network's errors on the maps of images that it did not learn from."""

from __future__ import annotations

import torch

from biopose_ros.body import load_body
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.frames import camera_to_ground
from biopose_ros.mesh_recovery.network import MeshRecovery
from biopose_ros.training.mesh.data import MeshData
from biopose_ros.training.mesh.training import recovered_points
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.part_axes import PartAxes


def measure_errors(network: MeshRecovery, data: MeshData) -> MeshErrors:
    """
    Compare the attitudes of body parts on estimated and true bodies.

    :param network: trained.
    :param data: held-out crops, with the maps of the network's encoder.
    """
    names = load_markers(load_body().topology).names
    columns = [len(JOINT_NAMES) + names.index(name) for name in MARKER_NAMES]
    axes = PartAxes()
    seen = torch.ones(len(data), len(MARKER_NAMES))
    true, estimated = (
        axes(torch.from_numpy(camera_to_ground(points_m[:, columns])).float(), seen).rotations
        for points_m in (data.truth.points_m[data.rows], recovered_points(network, data))
    )
    return MeshErrors.measure(true, estimated)
