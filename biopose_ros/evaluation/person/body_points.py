"""``biopose evaluate points``: how far body points are off, and how honest their covariance is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biopose_ros.evaluation.angles.multi_view import Truth, View, interpolate
from biopose_ros.evaluation.angles.video import (
    LANDMARK_OF_KEYPOINT,
    Watcher,
    run_view,
    views_and_truth,
)
from biopose_ros.person.body_points import body_points
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray
from biopose_ros.settings import PipelineConfig

_JOINTS = ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
# Squared Mahalanobis distances within which 68.27 and 95.45 % of three-dimensional errors lie.
WITHIN_1_SIGMA, WITHIN_2_SIGMA = 3.527, 8.025


@dataclass(frozen=True)
class PointErrors:
    """
    One kind of point over all images.

    :param median_m: of the distance to the truth.
    :param late_m: 95 % of the distances are smaller.
    :param within_1_sigma: share of errors inside the covariance's 68 % ellipsoid.
    :param within_2_sigma: the same for 95 %.
    :param nearer_than_bound: share of images in which the point is nearer to the camera than its
        distance less 2 sigma says.
    """

    median_m: float
    late_m: float
    within_1_sigma: float
    within_2_sigma: float
    nearer_than_bound: float


def evaluate_points(
    data: Path,
    config: PipelineConfig,
    views: Sequence[str] | None = None,
    watch: Watcher = lambda frames, _name, _count: frames,
) -> dict[str, PointErrors]:
    """
    Run the pipeline over views with truth.

    :param data: folder that holds ``pose2sim_blender/``.
    :param config: what to run.
    :param views: names of the views, None for all.
    :param watch: shows progress.
    :returns: by joint, both sides and all views together.
    """
    chosen, truth = views_and_truth(data, views)
    pipeline = Pipeline(config)
    errors: dict[str, list[FloatArray]] = {}
    for view in chosen:
        for name, rows in _view_errors(pipeline, truth, view, watch).items():
            errors.setdefault(name, []).append(rows)
    return {name: summarise(np.concatenate(rows)) for name, rows in sorted(errors.items())}


def summarise(rows: FloatArray) -> PointErrors:
    """
    Turn errors into figures.

    :param rows: [images, 3]: distance to the truth, squared Mahalanobis distance, and how many
        sigma the point is nearer to the camera than estimated.
    """
    distance_m, mahalanobis, nearer = rows.T
    return PointErrors(
        median_m=float(np.median(distance_m)),
        late_m=float(np.quantile(distance_m, 0.95)),
        within_1_sigma=float((mahalanobis < WITHIN_1_SIGMA).mean()),
        within_2_sigma=float((mahalanobis < WITHIN_2_SIGMA).mean()),
        nearer_than_bound=float((nearer > 2.0).mean()),
    )


def _view_errors(
    pipeline: Pipeline, truth: Truth, view: View, watch: Watcher
) -> dict[str, FloatArray]:
    run = run_view(pipeline, truth, view, watch)
    rotation, shift_m = view.camera_from_trc()
    true_m = {
        point: interpolate(
            truth.keypoints_m[name] @ rotation.T + shift_m, truth.times_s, run.times_s
        )
        for name, point in LANDMARK_OF_KEYPOINT.items()
        if point.partition('_')[2] in _JOINTS
    }
    errors: dict[str, list[list[float]]] = {}
    for image, pose in enumerate(run.poses):
        if pose is None:
            continue
        points = body_points(pose, pipeline.skeleton)
        for name, rows in true_m.items():
            index = points.names.index(name)
            at_m, covariance = points.positions_m[index], points.covariances_m2[index]
            off_m = at_m - rows[image]
            if not np.isfinite(off_m).all():
                continue
            ray = at_m / np.linalg.norm(at_m)
            nearer = (np.linalg.norm(at_m) - np.linalg.norm(rows[image])) / np.sqrt(
                ray @ covariance @ ray
            )
            mahalanobis = off_m @ np.linalg.solve(covariance, off_m)
            joint = name.partition('_')[2]
            errors.setdefault(joint, []).append(
                [float(np.linalg.norm(off_m)), float(mahalanobis), float(nearer)]
            )
    return {name: np.array(rows) for name, rows in errors.items()}
