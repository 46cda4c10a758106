"""How far segments are turned from where they are, about each of their own axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton

SEGMENTS: Mapping[str, tuple[str, ...]] = {
    'pelvis': ('pelvis',),
    'trunk': ('torso',),
    'thigh': ('femur_r', 'femur_l'),
    'shank': ('tibia_r', 'tibia_l'),
    'foot': ('calcn_r', 'calcn_l'),
}
# OpenSim's axes: x forward, y up, z to the right.
AXES: Mapping[str, int] = {'list': 0, 'turn': 1, 'tilt': 2}


def segment_turns_deg(
    skeleton: Skeleton, estimate: FloatArray, coordinates: Mapping[str, FloatArray]
) -> dict[str, dict[str, float]]:
    """
    Measure errors of orientation in the ground frame, as rotation vectors in the true axes.

    :param skeleton: of the coordinates.
    :param estimate: [frames, coordinates], radians; NaN where nothing was estimated.
    :param coordinates: the truth, [frames] per measured coordinate, radians; coordinates that were
        not measured do not count, wherever they would matter both keep the default.
    :returns: by segment, both sides together, the mean absolute error about ``list`` (its forward
        axis), ``turn`` (its long axis) and ``tilt`` (its axis to the right), degrees.
    """
    count, names = len(estimate), skeleton.coordinate_names
    rest = np.tile(skeleton.default_coordinates.numpy(), (count, 1))
    true, estimated = rest.copy(), rest.copy()
    for name, values in coordinates.items():
        column = names.index(name)
        true[:, column], estimated[:, column] = values, estimate[:, column]
    known = np.isfinite(true).all(1) & np.isfinite(estimated).all(1)
    if not known.any():
        return {}
    turns = [
        skeleton.forward_kinematics(torch.from_numpy(values[known])).rotations.numpy()
        for values in (true, estimated)
    ]
    found: dict[str, dict[str, float]] = {}
    for segment, members in SEGMENTS.items():
        rows = [skeleton.segment_names.index(name) for name in members]
        off = [
            Rotation.from_matrix(turns[0][:, row]).inv() * Rotation.from_matrix(turns[1][:, row])
            for row in rows
        ]
        errors = np.abs(np.degrees([one.as_rotvec() for one in off])).mean((0, 1))
        found[segment] = {axis: float(errors[column]) for axis, column in AXES.items()}
    return found
