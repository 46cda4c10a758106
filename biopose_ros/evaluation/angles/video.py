"""``biopose evaluate video``: joint angles from single views against multi-view truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from biopose_ros.evaluation.angles.limb_directions import (
    ANGLES,
    CAMERA,
    SECTION,
    VIDEO,
    DirectionResult,
    direction_angles,
    read_truth,
    score_directions,
    stated_deviations,
)
from biopose_ros.evaluation.angles.limb_directions import CLIP as DIRECTIONS_CLIP
from biopose_ros.evaluation.angles.multi_view import (
    Truth,
    View,
    find_views,
    interpolate,
    load_truth,
    pelvis_coordinates,
    projected_keypoints,
    view_angles_deg,
)
from biopose_ros.evaluation.angles.own_model import carried_poses
from biopose_ros.evaluation.angles.segment_turns import segment_turns_deg
from biopose_ros.evaluation.angles.view_angle import AngleResult, errors_by_view_angle
from biopose_ros.evaluation.metrics import (
    GROUPS,
    Slope,
    angle_errors_deg,
    group_errors,
    group_gains,
    group_shares_within,
    without_bias,
)
from biopose_ros.files.camera import read_camera
from biopose_ros.files.frames import Frame
from biopose_ros.files.video import open_frames
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.person.recording import RecordedImage, RecordingSmoother
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import Camera, FloatArray, PersonPose
from biopose_ros.settings import PipelineConfig
from biopose_ros.skeleton import Skeleton

CLIP = 'pose2sim_blender'
# Keypoints of the truth and the landmarks that mean the same places.
LANDMARK_OF_KEYPOINT: Mapping[str, str] = {
    f'{side[0].upper()}{joint.capitalize()}': f'{side}_{joint}'
    for joint in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle', 'heel')
    for side in ('right', 'left')
} | {'Nose': 'nose'}


@dataclass(frozen=True)
class ViewResult:
    """
    The scores of one view.

    :param frames: pictures of the view for which truth exists.
    :param frames_compared: those of them in which the person was seen.
    :param mae_deg: mean absolute error per coordinate group, degrees.
    :param mae_deg_bias_corrected: the same without each coordinate's constant offset.
    :param within_1_sigma: per coordinate group, share of errors within the stated deviation.
    :param gain: per coordinate group, slope of the estimate on the truth.
    :param slopes: per coordinate, what the gain is made of.
    :param coordinate_mae_deg: per coordinate, degrees.
    :param coordinate_bias_deg: per coordinate, mean of estimate minus truth, degrees.
    :param segment_deg: per segment and axis, mean absolute error of its orientation, degrees.
    :param keypoint_error_px: per landmark, median distance to the projected truth, pixels.
    :param keypoint_offset_px: per landmark, median x and y of estimate minus truth, pixels.
    :param by_view_angle: the pictures apart by the side that they show.
    """

    frames: int
    frames_compared: int
    mae_deg: Mapping[str, float]
    mae_deg_bias_corrected: Mapping[str, float]
    within_1_sigma: Mapping[str, float]
    gain: Mapping[str, float]
    slopes: Mapping[str, Slope]
    coordinate_mae_deg: Mapping[str, float]
    coordinate_bias_deg: Mapping[str, float]
    segment_deg: Mapping[str, Mapping[str, float]]
    keypoint_error_px: Mapping[str, float]
    keypoint_offset_px: Mapping[str, Sequence[float]]
    by_view_angle: Mapping[str, AngleResult]


# Wraps the pictures of a clip to show progress; gets the clip's name and the number of pictures.
Watcher = Callable[[Iterable[Frame], str, 'int | None'], Iterable[Frame]]


def evaluate_views(
    data: Path,
    config: PipelineConfig,
    views: Sequence[str] | None = None,
    watch: Watcher = lambda frames, _name, _count: frames,
    looks_ahead: bool = False,
) -> dict[str, ViewResult]:
    """
    Run the pipeline over every view of the clip.

    :param data: folder that holds ``pose2sim_blender/``.
    :param config: what to run.
    :param views: names of the views, None for all.
    :param watch: shows progress.
    :param looks_ahead: whether what comes after a picture counts, as in `biopose run`.
    :returns: the scores per clip, ``pose2sim_blender/<view>``.
    :raises FileNotFoundError: when the clip is not there.
    :raises ValueError: when a view is unknown.
    """
    chosen, truth = views_and_truth(data, views)
    pipeline = Pipeline(config)
    return {
        f'{CLIP}/{view.name}': _evaluate_view(pipeline, truth, view, watch, looks_ahead)
        for view in chosen
    }


def views_and_truth(data: Path, names: Sequence[str] | None) -> tuple[list[View], Truth]:
    """
    Open the clip.

    :param data: folder that holds ``pose2sim_blender/``.
    :param names: of the views, None for all.
    :raises FileNotFoundError: when the clip is not there.
    :raises ValueError: when a view is unknown.
    """
    known = {view.name: view for view in find_views(data / CLIP)}
    if unknown := set(names or ()) - known.keys():
        raise ValueError(f'unknown view {sorted(unknown)[0]!r}; choose from {", ".join(known)}')
    chosen = [view for name, view in known.items() if not names or name in names]
    return chosen, load_truth(data / CLIP)


@dataclass(frozen=True)
class ViewRun:
    """
    What the pipeline made of one view, beside the truth.

    :param times_s: [frames].
    :param poses: of the subject, None where it was not seen.
    :param coordinates: the truth, [frames] per measured coordinate, radians.
    :param keypoints_px: the truth, [frames, 2] per landmark.
    :param view_angles_deg: the truth, [frames], 0 from the front to 180 from behind.
    """

    times_s: FloatArray
    poses: Sequence[PersonPose | None]
    coordinates: Mapping[str, FloatArray]
    keypoints_px: Mapping[str, FloatArray]
    view_angles_deg: FloatArray


def _evaluate_view(
    pipeline: Pipeline, truth: Truth, view: View, watch: Watcher, looks_ahead: bool
) -> ViewResult:
    """Score the pipeline on one view; parameters as for :func:`run_view`."""
    run = run_view(pipeline, truth, view, watch, looks_ahead)
    if pipeline.config.osim is None:
        return _score(run, pipeline.skeleton)
    poses, model = carried_poses(run.poses, pipeline.skeleton, pipeline.config.osim)
    return _score(replace(run, poses=poses), model)


def run_view(
    pipeline: Pipeline, truth: Truth, view: View, watch: Watcher, looks_ahead: bool = False
) -> ViewRun:
    """
    Run the pipeline over one view, picture by picture as it would live.

    :param pipeline: is reset first.
    :param truth: of the clip.
    :param view: the camera.
    :param watch: shows progress.
    :param looks_ahead: whether what comes after a picture counts.
    """
    pipeline.reset()
    source = open_frames(view.video)
    height_px, width_px = next(iter(source)).image_bgr.shape[:2]
    camera = view.camera(width_px, height_px)
    frames = watch(source, view.name, source.frame_count)
    times_s, persons = _processed(pipeline, frames, camera, looks_ahead)
    keypoints_px = {
        LANDMARK_OF_KEYPOINT[name]: interpolate(points_px, truth.times_s, times_s)
        for name, points_px in projected_keypoints(truth, view, camera).items()
        if name in LANDMARK_OF_KEYPOINT
    }
    poses = _subject(persons, keypoints_px)
    rows = {**truth.coordinates, **pelvis_coordinates(truth, view, pipeline.ground)}
    true_coordinates = {
        name: interpolate(values, truth.times_s, times_s) for name, values in rows.items()
    }
    angles_deg = interpolate(view_angles_deg(truth, view), truth.times_s, times_s)
    return ViewRun(times_s, poses, true_coordinates, keypoints_px, angles_deg)


def _processed(
    pipeline: Pipeline, frames: Iterable[Frame], camera: Camera, looks_ahead: bool
) -> tuple[FloatArray, list[list[PersonPose]]]:
    """Run the pipeline over pictures: their times [frames], and who was seen in each."""
    stamps_ns, persons = [], []
    for frame in frames:
        stamps_ns.append(frame.stamp_ns)
        persons.append(pipeline.process(frame.image_bgr, camera, frame.stamp_ns))
    times_s = np.array(stamps_ns) * 1e-9
    if looks_ahead:
        smoother = RecordingSmoother(pipeline.skeleton, camera, pipeline.config.smoothing)
        images = map(RecordedImage, times_s, persons)
        done = [
            image for one in images for image in smoother.add(one, pipeline.ground)
        ] + smoother.finish()
        deviations = pipeline.certainty.deviations
        persons = [[deviations(pose, camera) for pose in image.poses] for image in done]
    return times_s, persons


def _subject(
    persons: Sequence[Sequence[PersonPose]], keypoints_px: Mapping[str, FloatArray]
) -> list[PersonPose | None]:
    """Pick the pose that lies on the true person in each picture; None where none was seen."""
    indices = [landmark_index(name) for name in keypoints_px]
    true_px = np.stack(list(keypoints_px.values()), axis=1)  # [frames, keypoints, 2]
    chosen: list[PersonPose | None] = []
    for poses, target_px in zip(persons, true_px, strict=True):
        has_truth = np.isfinite(target_px).any()
        seen = [pose for pose in poses if pose.state.is_seen and has_truth]
        distances_px = [
            np.nanmean(np.linalg.norm(pose.keypoints_px[indices] - target_px, axis=-1))
            for pose in seen
        ]
        chosen.append(seen[int(np.argmin(distances_px))] if seen else None)
    return chosen


def _score(run: ViewRun, skeleton: Skeleton) -> ViewResult:
    coordinate_names = skeleton.coordinate_names
    poses, true_coordinates, true_keypoints_px = run.poses, run.coordinates, run.keypoints_px
    has_truth = np.isfinite(next(iter(true_keypoints_px.values()))).all(axis=-1)
    unknown = np.full(len(coordinate_names), np.nan)
    estimate = np.stack([unknown if pose is None else pose.coordinates for pose in poses])
    stddev = np.stack([unknown if pose is None else pose.stddev for pose in poses])
    errors_deg = {
        name: angle_errors_deg(estimate[:, index], true_coordinates[name])
        for index, name in enumerate(coordinate_names)
        if name in true_coordinates
    }
    compared = {name: errors for name, errors in errors_deg.items() if np.isfinite(errors).any()}
    unbiased = {name: without_bias(errors) for name, errors in compared.items()}
    slopes = {
        name: Slope.of(estimate[:, coordinate_names.index(name)], true_coordinates[name])
        for name in compared
    }
    offsets_px = {
        name: _keypoint_offsets(poses, landmark_index(name), true_px)
        for name, true_px in true_keypoints_px.items()
    }
    return ViewResult(
        frames=int(np.count_nonzero(has_truth)),
        frames_compared=sum(pose is not None for pose in poses),
        mae_deg=group_errors(compared),
        mae_deg_bias_corrected=group_errors(unbiased),
        within_1_sigma=group_shares_within(
            compared,
            {name: np.degrees(stddev[:, coordinate_names.index(name)]) for name in compared},
        ),
        gain=group_gains({name: [slope] for name, slope in slopes.items()}),
        slopes=slopes,
        coordinate_mae_deg={name: float(np.nanmean(np.abs(e))) for name, e in compared.items()},
        coordinate_bias_deg={name: float(np.nanmean(e)) for name, e in compared.items()},
        segment_deg=segment_turns_deg(
            skeleton, estimate, {name: true_coordinates[name] for name in compared}
        ),
        keypoint_error_px={
            name: float(np.nanmedian(np.linalg.norm(offsets, axis=1)))
            for name, offsets in offsets_px.items()
        },
        keypoint_offset_px={
            name: np.nanmedian(offsets, axis=0).tolist() for name, offsets in offsets_px.items()
        },
        by_view_angle=errors_by_view_angle(compared, run.view_angles_deg),
    )


def mean_of_views(results: Mapping[str, ViewResult]) -> dict[str, dict[str, float]]:
    """
    Average the scores of all views.

    :param results: per view.
    :returns: per coordinate group and ``all`` (the published average): ``mae_deg``,
        ``mae_deg_bias_corrected`` and ``gain``.
    """
    views = list(results.values())
    names = {name for view in views for name in view.slopes}
    slopes = {name: [v.slopes[name] for v in views if name in v.slopes] for name in names}
    gains = group_gains(slopes)
    means = {}
    for group in GROUPS:
        rows = [(v.mae_deg, v.mae_deg_bias_corrected) for v in views if group in v.mae_deg]
        if rows:
            raw, corrected = (float(np.mean([row[k][group] for row in rows])) for k in (0, 1))
            means['all' if group == 'mean' else group] = {
                'mae_deg': raw,
                'mae_deg_bias_corrected': corrected,
                'gain': gains[group],
            }
    return means


def evaluate_directions(
    data: Path,
    config: PipelineConfig,
    watch: Watcher = lambda frames, _name, _count: frames,
    looks_ahead: bool = False,
) -> DirectionResult:
    """
    Run the pipeline over the clip of a man who sits down and stands up.

    :param data: folder that holds ``sit_to_stand/``.
    :param config: what to run.
    :param watch: shows progress.
    :param looks_ahead: whether what comes after a picture counts.
    :raises FileNotFoundError: when the clip is not there.
    """
    folder, pipeline = data / DIRECTIONS_CLIP, Pipeline(config)
    truth = read_truth(folder / ANGLES)
    source = open_frames(folder / VIDEO)
    height_px, width_px = next(iter(source)).image_bgr.shape[:2]
    camera = read_camera(folder / CAMERA, width_px, height_px, SECTION)
    frames = watch(source, DIRECTIONS_CLIP, source.frame_count)
    _, persons = _processed(pipeline, frames, camera, looks_ahead)
    seen = [[pose for pose in found if pose.state.is_seen] for found in persons]
    poses = [max(some, key=lambda pose: pose.confidence) if some else None for some in seen]
    skeleton = pipeline.skeleton
    return score_directions(
        direction_angles(poses, skeleton), truth, stated_deviations(poses, skeleton)
    )


def _keypoint_offsets(
    poses: Sequence[PersonPose | None], landmark: int, true_px: FloatArray
) -> FloatArray:
    """Estimate minus truth, [frames, 2] pixels, NaN where no person was seen."""
    unknown = np.full(2, np.nan)
    estimate_px = [unknown if pose is None else pose.keypoints_px[landmark] for pose in poses]
    return np.stack(estimate_px) - true_px
