"""Errors of NeurIK on clips, and what is averaged from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from biopose_ros.evaluation.metrics import COORDINATE_GROUPS, Slope, group_gains, without_bias
from biopose_ros.inverse_kinematics.neurik import Evidence, NeurikEstimate
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, scale_groups
from biopose_ros.skeleton.limits import is_circular
from biopose_ros.skeleton.pelvis import pelvis_coordinates
from biopose_ros.training.neurik.data import Truth
from biopose_ros.training.neurik.losses import estimate_errors

Network = Callable[[Evidence], NeurikEstimate]


@dataclass(frozen=True, eq=False)
class ClipErrors:
    """
    What NeurIK made of one clip.

    :param name: of the motion.
    :param errors: [frames, coordinates + groups], radians, metres, unitless.
    :param stddev: 1 sigma of the estimates, shape and units of ``errors``.
    :param marker_errors_m: [frames, markers], relative to the pelvis.
    :param jitter: mean absolute second difference of estimate and truth, radians.
    :param violations: values outside their limits.
    :param slopes: by angle, how it follows the truth.
    """

    name: str
    errors: FloatArray
    stddev: FloatArray
    marker_errors_m: FloatArray
    jitter: tuple[float, float]
    violations: int
    slopes: Mapping[str, Slope]


@torch.no_grad()
def clip_errors(
    model: Network, skeleton: Skeleton, name: str, evidence: Evidence, truth: Truth
) -> ClipErrors:
    """
    Run the network over a clip and compare.

    :param model: in evaluation mode.
    :param skeleton: the default one.
    :param name: of the clip.
    :param evidence: of the clip, [1, frames, ...].
    :param truth: of the same frames.
    """
    estimate = model(evidence)
    found = coordinates_of(skeleton, estimate)
    wanted = coordinates_of(skeleton, truth)
    groups = scale_groups(skeleton)
    places_m = [
        skeleton.marker_positions(coordinates, groups.expand(part.factors[0].double()))
        - part.pelvis_positions_m[0, :, None]
        for coordinates, part in ((found, estimate), (wanted, truth))
    ]
    bounded = ~is_circular(skeleton)
    outside = (found < skeleton.lower_limits - 1e-6) | (found > skeleton.upper_limits + 1e-6)
    angles = (estimate.angles_rad[0], truth.angles_rad[0])
    jitter = [float(a.diff(dim=0).diff(dim=0).abs().mean()) for a in angles]
    return ClipErrors(
        name,
        estimate_errors(skeleton, estimate, truth)[0].numpy(),
        estimate.log_stddev[0].exp().numpy(),
        (places_m[0] - places_m[1]).norm(dim=-1).numpy(),
        (jitter[0], jitter[1]),
        int(outside[:, bounded].sum()),
        {
            name: Slope.of(found[:, column].numpy(), wanted[:, column].numpy())
            for column, name in enumerate(skeleton.coordinate_names)
            if skeleton.is_rotation[column]
        },
    )


def coordinates_of(skeleton: Skeleton, part: NeurikEstimate | Truth) -> Tensor:
    """
    Give all coordinates of one clip.

    :param skeleton: the default one.
    :param part: an estimate or the truth, [1, frames, ...].
    :returns: [frames, coordinates], float64.
    """
    pelvis = pelvis_coordinates(
        skeleton, part.pelvis_rotations[0].double(), part.pelvis_positions_m[0].double()
    )
    return torch.cat([pelvis, part.angles_rad[0].double()], -1)


def summary(skeleton: Skeleton, clips: Sequence[ClipErrors]) -> dict[str, Any]:
    """
    Average over clips, every frame the same.

    :param skeleton: the default one.
    :param clips: of one noise.
    """
    count = len(skeleton.coordinate_names)
    rotation = skeleton.is_rotation.numpy()
    errors = np.concatenate([clip.errors for clip in clips])
    raw = per_coordinate(skeleton, errors[:, :count])
    unbiased = np.concatenate([_unbiased(clip.errors[:, :count]) for clip in clips])
    corrected = per_coordinate(skeleton, unbiased)
    ratio = np.abs(errors) / np.concatenate([clip.stddev for clip in clips])
    angle_ratio = ratio[:, :count][:, rotation]
    estimated, true = np.sum([clip.jitter for clip in clips], axis=0)
    return {
        'mae_angle_deg': float(np.mean(list(raw.values()))),
        'mae_angle_bias_corrected_deg': float(np.mean(list(corrected.values()))),
        'groups_deg': by_group(raw),
        'groups_bias_corrected_deg': by_group(corrected),
        'gain': group_gains({name: [clip.slopes[name] for clip in clips] for name in raw}),
        'coordinates_deg': raw,
        'coordinates_bias_deg': {
            name: float(np.degrees(errors[:, column]).mean())
            for column, name in enumerate(skeleton.coordinate_names)
            if name in raw
        },
        'mpblpe_mm': float(np.concatenate([c.marker_errors_m for c in clips]).mean() * 1e3),
        'mae_body': float(np.abs(errors[:, count:]).mean()),
        'limit_violations': int(sum(clip.violations for clip in clips)),
        'jitter_ratio': float(estimated / true),
        'within_1_sigma': float((angle_ratio < 1).mean()),
        'within_2_sigma': float((angle_ratio < 2).mean()),
    }


def per_coordinate(skeleton: Skeleton, errors_rad: FloatArray) -> dict[str, float]:
    """
    Give the mean absolute error of every angle, degrees.

    :param skeleton: the default one.
    :param errors_rad: [frames, coordinates].
    """
    return {
        name: float(np.degrees(np.abs(errors_rad[:, column])).mean())
        for column, name in enumerate(skeleton.coordinate_names)
        if skeleton.is_rotation[column]
    }


def _unbiased(errors_rad: FloatArray) -> FloatArray:
    columns = [np.radians(without_bias(np.degrees(column))) for column in errors_rad.T]
    return np.stack(columns, axis=1)


def by_group(errors_deg: dict[str, float]) -> dict[str, float]:
    """
    Average over the angles of each group.

    :param errors_deg: by coordinate.
    """
    return {
        group: float(np.mean([errors_deg[name] for name in names]))
        for group, names in COORDINATE_GROUPS.items()
    }
