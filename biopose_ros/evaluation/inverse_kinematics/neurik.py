"""
Measure NeurIK on persons and clips that training never saw, beside inverse kinematics.

Markers come from the mesh, truth from its labels. Both solvers get what a laboratory would give
them and NeurIK does not have: the person's true sizes, the true places of the markers on the
segments, and the true pose of the first frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from biopose_ros.evaluation.inverse_kinematics.clips import (
    NOISES,
    Clip,
    evidence_of,
    rendered_clips,
    spread,
    turned_clips,
)
from biopose_ros.evaluation.inverse_kinematics.errors import (
    ClipErrors,
    Network,
    by_group,
    clip_errors,
    per_coordinate,
    summary,
)
from biopose_ros.evaluation.inverse_kinematics.solvers import (
    SolverResult,
    solve_clip,
    track_with_opensim,
)
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, NeurikEstimate
from biopose_ros.inverse_kinematics.predictor import NeurikPredictor, PersonFrame
from biopose_ros.records import Markers
from biopose_ros.skeleton import Skeleton
from biopose_ros.training.neurik.data import LabelledMotion
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.windows import without
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

REAL_MOTION = 'opensim_coordinates/'
# Kinds of evidence, and the weights that are set to zero for them.
COMBINATIONS: dict[str, tuple[str, ...]] = {
    'markers': ('keypoint_weights', 'feature_weights'),
    'keypoints': ('weights', 'feature_weights'),
    'features': ('weights', 'keypoint_weights'),
    'markers_keypoints': ('feature_weights',),
    'markers_features': ('keypoint_weights',),
    'keypoints_features': ('weights',),
    'all': (),
}
_TIMED_FRAMES = 60


def evaluate_neurik(
    model: Neurik,
    predictor: NeurikPredictor,
    motion: LabelledMotion,
    solver_clips: int,
    solver_frames: int,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """
    Produce all figures; unless stated otherwise the evidence is markers only.

    :param model: in evaluation mode.
    :param predictor: with the same weights, for the times.
    :param motion: of the test split.
    :param solver_clips: how many clips the slow solvers get.
    :param solver_frames: of each.
    :param advance: called after each clip and noise.
    :returns: per noise, and the times.
    """
    skeleton = predictor.skeleton
    clips = turned_clips(motion)
    some = spread(clips, solver_clips, solver_frames)
    results: dict[str, Any] = {}
    opensim_s: list[float] = []
    for noise in NOISES:
        figures = _of_network(model, skeleton, clips, noise)
        compared, seconds = _of_solvers(model, skeleton, some, noise, advance)
        results[noise] = figures | compared
        opensim_s.append(seconds)
    return results | _times(predictor, clips, float(np.mean(opensim_s)))


def evaluate_rendered(
    model: Neurik, skeleton: Skeleton, rendered: RenderedEvidence
) -> dict[str, Any]:
    """
    Measure what the networks' own evidence on image sequences is worth.

    :param model: in evaluation mode.
    :param skeleton: the default one.
    :param rendered: of the test split.
    :returns: figures by the evidence that NeurIK is shown.
    """
    clips = rendered_clips(rendered)
    return {
        name: summary(
            skeleton,
            [clip_errors(model, skeleton, n, without(e, *hidden), t) for n, e, t in clips],
        )
        for name, hidden in COMBINATIONS.items()
    } | {
        'all_one_frame': summary(
            skeleton, [clip_errors(one_frame(model), skeleton, n, e, t) for n, e, t in clips]
        )
    }


def one_frame(model: Neurik) -> Network:
    """
    Take the network's memory away.

    :param model: in evaluation mode.
    """

    def forget(evidence: Evidence) -> NeurikEstimate:
        frames = {name: value.transpose(0, 1) for name, value in vars(evidence).items()}
        estimate = model(Evidence(**frames))
        return NeurikEstimate(**{n: v.transpose(0, 1) for n, v in vars(estimate).items()})

    return forget


def _of_network(
    model: Neurik, skeleton: Skeleton, clips: Sequence[Clip], noise: str
) -> dict[str, Any]:
    """Give all figures for markers alone, and the angle error of everything else."""
    given = [evidence_of(clip, noise, seed) for seed, clip in enumerate(clips)]

    def errors(network: Network, evidence: str) -> list[ClipErrors]:
        return [
            clip_errors(network, skeleton, c.name, without(e, *COMBINATIONS[evidence]), c.truth)
            for c, e in zip(clips, given, strict=True)
        ]

    plain = errors(model, 'markers')
    variants = {
        'one_frame': errors(one_frame(model), 'markers'),
        'with_keypoints': errors(model, 'markers_keypoints'),
        'keypoints_alone': errors(model, 'keypoints'),
        'keypoints_alone_one_frame': errors(one_frame(model), 'keypoints'),
        'opensim_coordinates': [clip for clip in plain if clip.name.startswith(REAL_MOTION)],
    }
    return summary(skeleton, plain) | {
        f'{name}_mae_angle_deg': summary(skeleton, found)['mae_angle_deg']
        for name, found in variants.items()
        if found
    }


def _of_solvers(
    model: Neurik,
    skeleton: Skeleton,
    clips: Sequence[Clip],
    noise: str,
    advance: Callable[[], None],
) -> tuple[dict[str, Any], float]:
    """Give the solvers' figures, NeurIK's on the same frames, and OpenSim's seconds per frame."""
    solved: list[SolverResult] = []
    tracked: list[SolverResult] = []
    ours: list[ClipErrors] = []
    for seed, clip in enumerate(clips):
        given = without(evidence_of(clip, noise, seed), *COMBINATIONS['markers'])
        ours.append(clip_errors(model, skeleton, clip.name, given, clip.truth))
        for solve, found in ((solve_clip, solved), (track_with_opensim, tracked)):
            found.append(solve(skeleton, clip.positions_m, clip.truth, given))
        advance()
    opensim, batched = (
        per_coordinate(skeleton, np.concatenate([one.errors_rad for one in results]))
        for results in (tracked, solved)
    )
    figures = {
        'opensim_ik_mae_angle_deg': float(np.mean(list(opensim.values()))),
        'batched_ik_mae_angle_deg': float(np.mean(list(batched.values()))),
        'opensim_ik_groups_deg': by_group(opensim),
        'same_frames_mae_angle_deg': summary(skeleton, ours)['mae_angle_deg'],
    }
    return figures, float(np.mean([result.seconds_per_frame for result in tracked]))


def _times(
    predictor: NeurikPredictor, clips: Sequence[Clip], opensim_s: float
) -> dict[str, float]:
    """Time one new frame for 1 and 8 persons; OpenSim takes persons one after the other."""
    one, eight = (_milliseconds(predictor, clips[0], persons) for persons in (1, 8))
    return {
        'ms_1_person': one,
        'ms_8_persons': eight,
        'opensim_ms_1_person': opensim_s * 1e3,
        'opensim_ms_8_persons': 8 * opensim_s * 1e3,
        'speedup_8_persons': 8 * opensim_s * 1e3 / eight,
    }


def _milliseconds(predictor: NeurikPredictor, clip: Clip, persons: int) -> float:
    """Give the median time per image, milliseconds."""
    positions_m = clip.positions_m[0].numpy().astype(np.float64)
    confidence, times = np.ones(len(MARKER_NAMES)), []
    for frame in range(_TIMED_FRAMES):
        markers = Markers(MARKER_NAMES, positions_m[frame % len(positions_m)], confidence)
        stamp_ns = (frame + 1) * 33_000_000
        seen = [PersonFrame(i, stamp_ns, markers) for i in range(persons)]
        began = time.perf_counter()
        predictor.update(seen)
        times.append(time.perf_counter() - began)
    for person in range(persons):
        predictor.forget(person)
    return float(np.median(times) * 1e3)
