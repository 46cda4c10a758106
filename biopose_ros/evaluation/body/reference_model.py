"""Compare labels with another model of the same segments, fitted to the same markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from biopose_ros.evaluation.body.labels import MarkerFit, held_coordinates
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton, solve_pose
from biopose_ros.training.labels import Labeller, Subject


def reference_differences_deg(
    labeller: Labeller, fit: MarkerFit, rows: Sequence[int], reference: Skeleton
) -> dict[str, FloatArray]:
    """
    Fit another model of the same segments to the same markers, and compare the coordinates.

    :param labeller: that made the labels.
    :param fit: labelled poses.
    :param rows: which poses to compare.
    :param reference: for example LaiUhlrich2022; it gets the person's sizes and marker places.
    :returns: signed differences in degrees, reference minus ours, [rows] per coordinate that both
        have and that no limit holds in ours.
    """
    ours = labeller.anthropometry.skeleton
    shared = [name for name in reference.coordinate_names if name in ours.coordinate_names]
    into = [reference.coordinate_index(name) for name in shared]
    out_of = [ours.coordinate_index(name) for name in shared]
    differences = np.full((len(rows), len(shared)), np.nan)
    for place, row in enumerate(rows):
        subject, answer = fit.poses.subjects[row], fit.truth.coordinates[row]
        model, scales = _dressed(reference, subject)
        names = [name for name in labeller.names if name in model.marker_names]
        places = [labeller.names.index(name) for name in names]
        start = model.default_coordinates.clone()
        start[into] = torch.as_tensor(answer[out_of]).double()
        markers_m = labeller.bone_markers_m(subject, fit.poses.pose[row])[places]
        found = solve_pose(
            model,
            names,
            torch.as_tensor(markers_m).double(),
            weights=labeller.weights[places],
            scales=scales,
            initial=start,
        ).coordinates.numpy()
        away = np.degrees(found[into] - answer[out_of])
        differences[place] = np.where(held_coordinates(ours, answer)[out_of], np.nan, away)
    is_angle = ours.is_rotation[out_of].numpy()
    wrapped = (differences + 180) % 360 - 180
    return {name: wrapped[:, i] for i, name in enumerate(shared) if is_angle[i]}


def _dressed(reference: Skeleton, subject: Subject) -> tuple[Skeleton, Tensor]:
    """Give a model a person's markers and sizes, lift its limits; stiff wrists get no hand."""
    description = reference.description
    known = set(reference.segment_names)
    joints = tuple(
        replace(
            joint,
            coordinates=tuple(replace(c, lower=-4.0, upper=4.0) for c in joint.coordinates),
        )
        for joint in description.joints
    )
    has_wrist = 'wrist_flex_r' in reference.coordinate_names
    markers = tuple(
        marker
        for marker in subject.skeleton.description.markers
        if marker.body in known and (has_wrist or not marker.body.startswith('hand_'))
    )
    scales = torch.ones(len(reference.segment_names), 3).double()
    for row, name in enumerate(reference.segment_names):
        if name in subject.model.segment_names:
            scales[row] = subject.scales[subject.model.segment_index(name)]
    return Skeleton(replace(description, joints=joints, markers=markers)), scales
