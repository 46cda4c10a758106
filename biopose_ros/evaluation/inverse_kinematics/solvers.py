"""The solvers that NeurIK is compared with: OpenSim's inverse kinematics and our own."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from biopose_ros.evaluation.inverse_kinematics.errors import coordinates_of
from biopose_ros.inverse_kinematics.neurik import Evidence
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import (
    Skeleton,
    SolverConfig,
    scale_groups,
    solve_pose,
)
from biopose_ros.skeleton.description import Marker
from biopose_ros.skeleton.sides import left_of
from biopose_ros.training.labels.pose_labels import LABEL_WEIGHTS
from biopose_ros.training.neurik.data import Truth
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES

# Markers that the labels do not use count this much.
_OTHER_WEIGHT = 0.1
_SEGMENT_OF_PART = {'foot': 'calcn', 'forearm': 'radius'}


@dataclass(frozen=True, eq=False)
class SolverResult:
    """
    What a solver made of a clip.

    :param errors_rad: [frames, coordinates], angles the short way round; metres for the rest.
    :param seconds_per_frame: without writing and opening the model.
    """

    errors_rad: FloatArray
    seconds_per_frame: float


def solve_clip(
    skeleton: Skeleton, clean_m: Tensor, truth: Truth, evidence: Evidence
) -> SolverResult:
    """
    Fit every frame with our own solver, from the true pose of the clip's first frame on.

    :param skeleton: the default one.
    :param clean_m: [1, frames, markers, 3], to place the markers on the segments.
    :param truth: of the clip.
    :param evidence: noisy markers.
    """
    wanted, scales = coordinates_of(skeleton, truth), _scales(skeleton, truth)
    marked = with_markers(skeleton, clean_m[0], wanted, scales)
    began = time.perf_counter()
    found = solve_pose(
        marked,
        MARKER_NAMES,
        evidence.positions_m[0].double(),
        weights=evidence.weights[0].double() * torch.tensor(marker_weights()),
        scales=scales,
        initial=wanted[:1].expand_as(wanted),
        config=SolverConfig(max_iterations=40),
    ).coordinates
    seconds = time.perf_counter() - began
    return SolverResult(_differences(skeleton, found, wanted), seconds / len(wanted))


def track_with_opensim(
    skeleton: Skeleton, clean_m: Tensor, truth: Truth, evidence: Evidence
) -> SolverResult:
    """
    Track the clip with OpenSim's solver, that of InverseKinematicsTool, from the true first pose.

    :param skeleton: the default one.
    :param clean_m: [1, frames, markers, 3], to place the markers on the segments.
    :param truth: of the clip.
    :param evidence: noisy markers.
    """
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel, marker_table

    wanted, scales = coordinates_of(skeleton, truth), _scales(skeleton, truth)
    marked = with_markers(skeleton, clean_m[0], wanted, scales)
    positions_m = evidence.positions_m[0].numpy().astype(np.float64).copy()
    positions_m[evidence.weights[0].numpy() <= 0] = np.nan
    found, seconds = OpenSimModel.scaled(marked, scales.numpy()).track(
        marker_table(MARKER_NAMES, positions_m),
        marker_weights(),
        skeleton.coordinate_names,
        wanted[0].numpy(),
    )
    return SolverResult(_differences(skeleton, torch.from_numpy(found), wanted), seconds)


def with_markers(
    skeleton: Skeleton, clean_m: Tensor, coordinates: Tensor, scales: Tensor
) -> Skeleton:
    """
    Put the network's markers on the skeleton, where they are on this person on average.

    :param skeleton: the default one, unscaled.
    :param clean_m: [frames, markers, 3].
    :param coordinates: [frames, coordinates], true.
    :param scales: [segments, 3].
    """
    frames = skeleton.forward_kinematics(coordinates, scales)
    segments = [skeleton.segment_index(name) for name in marker_segments()]
    away_m = clean_m.double() - frames.positions_m[:, segments]
    local_m = (frames.rotations[:, segments].mT @ away_m[..., None]).squeeze(-1).mean(0)
    unscaled = (local_m / scales[segments]).tolist()
    markers = tuple(
        Marker(name, segment, tuple(offset))
        for name, segment, offset in zip(MARKER_NAMES, marker_segments(), unscaled, strict=True)
    )
    return Skeleton(replace(skeleton.description, markers=markers))


def marker_segments() -> list[str]:
    """Name the segment of every marker of the network, [markers]."""
    segments = []
    for part in BODY_PARTS:
        kind = _SEGMENT_OF_PART.get(part.kind, part.kind)
        side = part.name.removeprefix(part.kind)
        segments += [kind + side] * len(part.markers)
    return segments


def marker_weights() -> list[float]:
    """Weigh the network's markers as the labels do, [markers]."""
    known = {**LABEL_WEIGHTS, 'bp_right_hip': LABEL_WEIGHTS['R_HJC']}
    known |= {left_of(name): weight for name, weight in known.items()}
    return [known.get(name, _OTHER_WEIGHT) for name in MARKER_NAMES]


def _scales(skeleton: Skeleton, truth: Truth) -> Tensor:
    return scale_groups(skeleton).expand(truth.factors[0, 0].double())


def _differences(skeleton: Skeleton, found: Tensor, wanted: Tensor) -> FloatArray:
    away = found - wanted
    turned = torch.atan2(away.sin(), away.cos())
    return torch.where(skeleton.is_rotation, turned, away).numpy()
