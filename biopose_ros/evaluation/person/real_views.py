"""
What real video adds to the errors of rendered footage, by the views that may be used to choose.

Rendered persons have the axes and zeros of our own labels, and clothes and light of our own
making; on real video some angles are off by more, for as long as the person is seen. What is
missing for 68 % of the errors to lie within one standard deviation is added to what lasts, for all
coordinates of a kind alike. The other two views of the clip are kept to see whether that holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from biopose_ros.evaluation.angles.video import Watcher, run_view, views_and_truth
from biopose_ros.evaluation.metrics import COORDINATE_GROUPS, angle_errors_deg
from biopose_ros.person.certainty import Certainty, CertaintyModel
from biopose_ros.person.evidence import seen_coordinates, seen_parts
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray
from biopose_ros.settings import DetectionConfig, PipelineConfig
from biopose_ros.skeleton.sides import without_side

CHOOSING = ('cam01', 'cam02')
_PICTURES_PX = np.array([1080.0, 1920.0])
_SHARE = 0.683


@dataclass(frozen=True, eq=False)
class ViewErrors:
    """
    One or more views, a row per picture in which the person was seen.

    :param names: of the coordinates.
    :param errors_rad: [rows, coordinates], absolute; NaN without truth.
    :param stddev: [rows, coordinates], before it is judged.
    :param seen: [rows, coordinates], of :func:`~biopose_ros.person.evidence.seen_coordinates`.
    """

    names: tuple[str, ...]
    errors_rad: FloatArray
    stddev: FloatArray
    seen: FloatArray


def view_errors(data: Path, views: Sequence[str], watch: Watcher) -> ViewErrors:
    """
    Run the pipeline over views with truth.

    :param data: folder of real clips.
    :param views: their names.
    :param watch: shows progress.
    :raises FileNotFoundError: when the clip is not there.
    """
    chosen, truth = views_and_truth(data, views)
    config = PipelineConfig(detection=DetectionConfig(max_persons=1))
    pipeline = Pipeline(config)
    pipeline.certainty = Certainty(pipeline.skeleton, None)
    names, parts = pipeline.skeleton.coordinate_names, []
    for view in chosen:
        run = run_view(pipeline, truth, view, watch)
        for row, pose in enumerate(run.poses):
            if pose is None:
                continue
            true = [run.coordinates[name][row] if name in run.coordinates else np.nan
                    for name in names]  # fmt: skip
            errors_deg = np.abs(angle_errors_deg(pose.coordinates, np.array(true)))
            seen = seen_parts(pose.keypoints_px, pose.keypoint_confidence, _PICTURES_PX)
            parts.append((np.radians(errors_deg), pose.stddev, seen_coordinates(names, seen)))
    return ViewErrors(names, *(np.stack(column) for column in zip(*parts, strict=True)))


def with_real_floors(model: CertaintyModel, views: ViewErrors) -> CertaintyModel:
    """
    Add to what lasts what real video shows.

    :param model: learnt on rendered footage.
    :param views: of :data:`CHOOSING`.
    """
    stated = model.stddev(views.names, views.stddev, views.seen)
    spreads = dict(model.spreads)
    for members in COORDINATE_GROUPS.values():
        columns = [views.names.index(name) for name in members]
        missing = _missing_rad(views.errors_rad[:, columns], stated[:, columns])
        for base in {without_side(name) for name in members} & set(spreads):
            floor = float(np.hypot(spreads[base].floor, missing))
            spreads[base] = replace(spreads[base], floor=floor)
    return replace(model, spreads=spreads)


def _missing_rad(errors_rad: FloatArray, stddev: FloatArray) -> float:
    """Give what must be added, in quadrature, for the right share; 0 where nothing is missing."""
    known = np.isfinite(errors_rad)
    if not known.any():
        return 0.0
    over = np.square(errors_rad[known]) - np.square(stddev[known])
    return float(np.sqrt(max(np.quantile(over, _SHARE), 0.0)))
