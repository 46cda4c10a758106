"""All figures of the tie between body and skeleton, in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress
from rich.table import Table

from biopose_ros.body import BodyModel
from biopose_ros.evaluation.body.labels import (
    NEUTRAL_COORDINATES,
    MarkerFit,
    draw_people,
    draw_poses,
    marker_fit,
    neutral_angles_deg,
)
from biopose_ros.evaluation.tables import side_by_side
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.labels import Anthropometry, Labeller

PEOPLE = 20
WORST_POSES = 8


@dataclass(frozen=True, eq=False)
class LabelReport:
    """
    What was found; differences are None where OpenSim or the reference model is missing.

    :param neutral_deg: [people, coordinates], what standing persons read.
    :param fit: labels of random and recorded poses.
    :param skin_rms_mm: [poses], distance of the mesh's own markers, weighted as in the fit.
    :param opensim_deg: [poses, coordinates], absolute difference to OpenSim's solver.
    :param reference_deg: per coordinate [poses], difference of a reference model.
    """

    neutral_deg: FloatArray
    fit: MarkerFit
    skin_rms_mm: FloatArray
    opensim_deg: FloatArray | None = None
    reference_deg: dict[str, FloatArray] | None = None

    def figures(self) -> dict[str, float]:
        """Condense to single numbers, the keys of the JSON file."""
        rms_mm, half = self.fit.rms_mm, len(self.fit.rms_mm) - len(self.fit.rms_mm) // 2
        figures = {
            'marker_fit_rms_mm': rms_mm.mean(),
            'marker_fit_rms_random_mm': rms_mm[:half].mean(),
            'marker_fit_rms_recorded_mm': rms_mm[half:].mean(),
            'marker_fit_rms_p99_mm': np.percentile(rms_mm, 99),
            'skin_marker_rms_mm': self.skin_rms_mm.mean(),
            'neutral_bias_deg': np.abs(self.neutral_deg.mean(axis=0)).max(),
        }
        if self.opensim_deg is not None:
            largest = np.nanmax(self.opensim_deg, axis=1)
            figures |= {
                'opensim_ik_angle_difference_deg': np.nanmean(self.opensim_deg),
                'opensim_ik_angle_difference_p99_deg': np.nanpercentile(self.opensim_deg, 99),
                'opensim_ik_poses_within_1_deg': (largest < 1.0).mean(),
            }
        if self.reference_deg is not None:
            medians = [np.nanmedian(np.abs(values)) for values in self.reference_deg.values()]
            figures['reference_model_angle_difference_deg'] = max(medians)
        return {name: float(value) for name, value in figures.items()}


def measure_labels(
    body: BodyModel,
    poses: int,
    compared: int,
    motion: Path | None,
    reference: Path | None,
    progress: Progress,
) -> LabelReport:
    """
    Measure standing posture, marker fit, and agreement with OpenSim and a reference model.

    :param body: with markers for its topology.
    :param poses: how many to label, half random, half recorded.
    :param compared: how many of them to fit again with OpenSim and the reference model.
    :param motion: folder of recordings; None takes synthesised activities.
    :param reference: an ``.osim`` file, for example LaiUhlrich2022; None leaves it out.
    :param progress: shows how far it is.
    """
    labeller = Labeller(Anthropometry(body))
    people = draw_people(labeller.anthropometry, PEOPLE)
    task = progress.add_task('label poses', total=poses)
    fit = marker_fit(
        labeller,
        draw_poses(body, people, poses, motion),
        lambda done: progress.advance(task, done),
    )
    rows = np.random.default_rng(1).choice(poses, min(compared, poses), replace=False).tolist()
    columns = [labeller.anthropometry.table.index(name) for name in labeller.names]
    weights = labeller.weights.numpy()
    squares = fit.distances_m[:, columns] ** 2 @ weights / weights.sum()
    return LabelReport(
        neutral_angles_deg(labeller.anthropometry, people),
        fit,
        np.sqrt(squares) * 1e3,
        _opensim(labeller, fit, rows, progress),
        None if reference is None else _reference(labeller, fit, rows, reference),
    )


def _opensim(
    labeller: Labeller, fit: MarkerFit, rows: list[int], progress: Progress
) -> FloatArray | None:
    try:
        from biopose_ros.evaluation.body.label_references import opensim_differences_deg
    except ImportError:
        progress.console.print('opensim is not installed: not compared with it')
        return None
    task = progress.add_task("OpenSim's inverse kinematics", total=len(rows))
    return opensim_differences_deg(labeller, fit, rows, lambda: progress.advance(task))


def _reference(
    labeller: Labeller, fit: MarkerFit, rows: list[int], reference: Path
) -> dict[str, FloatArray]:
    from biopose_ros.evaluation.body.reference_model import reference_differences_deg

    return reference_differences_deg(labeller, fit, rows, load_skeleton(reference))


def tables(report: LabelReport) -> list[Table]:
    """
    Lay out standing persons, the poses that fit worst, and how a reference model reads markers.

    :param report: the figures.
    """
    columns = zip(NEUTRAL_COORDINATES, report.neutral_deg.T, strict=True)
    standing = {name: {'mean': deg.mean(), 'spread': deg.std()} for name, deg in columns}
    worst = {
        report.fit.poses.names[row]: {'RMS, mm': report.fit.rms_mm[row]}
        for row in np.argsort(-report.fit.rms_mm)[:WORST_POSES]
    }
    laid_out = [
        side_by_side(standing, '.2f', 'coordinate', 'Standing, degrees', is_turned=True),
        side_by_side(worst, '.1f', 'pose', 'Worst poses', is_turned=True),
    ]
    if report.reference_deg is not None:
        differences = {
            name: {'median': np.nanmedian(deg), 'median size': np.nanmedian(np.abs(deg))}
            for name, deg in report.reference_deg.items()
        }
        title = 'Reference minus ours, degrees'
        laid_out.append(side_by_side(differences, '.2f', 'coordinate', title, is_turned=True))
    return laid_out
