"""Compare labels with OpenSim's own inverse kinematics: same sizes, markers and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from biopose_ros.evaluation.body.labels import MarkerFit, held_coordinates
from biopose_ros.evaluation.body.opensim_fit import fit_with_opensim
from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel
from biopose_ros.records import FloatArray
from biopose_ros.training.labels import Labeller, Subject
from biopose_ros.training.labels.pose_labels import NECK

START_NOISE_RAD = 0.17


def opensim_differences_deg(
    labeller: Labeller,
    fit: MarkerFit,
    rows: Sequence[int],
    advance: Callable[[], None] = lambda: None,
) -> FloatArray:
    """
    Compare with OpenSim's inverse kinematics on the same scaled models, markers and weights.

    OpenSim starts every pose some ten degrees away from our answer, in every coordinate that our
    answer does not hold at a limit. The neck is left out: no marker of the fit is on the head.

    :param labeller: that made the labels.
    :param fit: labelled poses.
    :param rows: which poses to compare.
    :param advance: called after each pose.
    :returns: [rows, coordinates], absolute differences in degrees; NaN for what is no angle and
        for the neck.
    """
    skeleton, random = labeller.anthropometry.skeleton, np.random.default_rng(0)
    is_angle = skeleton.is_rotation.numpy()
    models: dict[Subject, OpenSimModel] = {}
    differences = np.full((len(rows), len(is_angle)), np.nan)
    for place, row in enumerate(rows):
        ours = fit.truth.coordinates[row]
        held = held_coordinates(skeleton, ours)
        noise = START_NOISE_RAD * random.standard_normal(len(ours)) * (is_angle & ~held)
        subject = fit.poses.subjects[row]
        if subject not in models:
            models[subject] = OpenSimModel.scaled(subject.skeleton, subject.scales)
        found = fit_with_opensim(
            models[subject],
            labeller.names,
            labeller.bone_markers_m(subject, fit.poses.pose[row]),
            labeller.weights.tolist(),
            skeleton.coordinate_names,
            ours + noise,
            list(np.array(skeleton.coordinate_names)[held]),
        )
        away = np.degrees(np.abs(found - ours))
        differences[place, is_angle] = np.minimum(away, np.abs(360 - away))[is_angle]
        advance()
    differences[:, [skeleton.coordinate_index(name) for name in NECK]] = np.nan
    return differences
