"""How tall a scaled skeleton stands."""

from __future__ import annotations

import torch

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.skeleton import Skeleton

# Standing height of the default model (see default_model.py).
MODEL_STATURE_M = 1.70
# 1 sigma of a height that is not given, that of all adults (ANSUR II, both sexes). Landmarks add
# nothing: they look the same for a small person nearby and a tall one far away.
STATURE_STDDEV_M = 0.09


def standing_height(skeleton: Skeleton, scales: FloatArray) -> float:
    """
    Give the standing height of the scaled default skeleton.

    :param skeleton: with the marker ``head_vertex`` and the segments ``calcn_r`` and ``calcn_l``.
    :param scales: [segments, 3].
    :returns: metres.
    """
    rest = skeleton.default_coordinates

    def top_over_heels(size: torch.Tensor | None) -> float:
        top_m = skeleton.marker_positions(rest, size, ['head_vertex'])[0, 1]
        frames = skeleton.forward_kinematics(rest, size)
        heels_m = [frames.positions_m[skeleton.segment_index(f'calcn_{s}'), 1] for s in 'rl']
        return float(top_m - sum(heels_m) / 2)

    return MODEL_STATURE_M * top_over_heels(torch.from_numpy(scales)) / top_over_heels(None)
