"""
Measure NeurIK on persons and clips that training never saw, beside inverse kinematics.

Markers come from the mesh, truth from its labels. Both solvers get what a laboratory would give
them and NeurIK does not have: the person's true sizes, the true places of the markers on the
segments, and the true pose of the first frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from biopose_ros.evaluation.metrics import COORDINATE_GROUPS, without_bias
from biopose_ros.evaluation.neurik_solvers import SolverResult, solve_clip, track_with_opensim
from biopose_ros.inverse_kinematics.body_parts import MARKER_NAMES
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik, NeurikEstimate
from biopose_ros.inverse_kinematics.pelvis import pelvis_coordinates
from biopose_ros.inverse_kinematics.predictor import NeurikPredictor, PersonFrame
from biopose_ros.records import FloatArray, Markers
from biopose_ros.skeleton import Skeleton, scale_groups
from biopose_ros.skeleton.limits import is_circular
from biopose_ros.training.neurik.data import LabelledMotion, Truth, random_turns, turned
from biopose_ros.training.neurik.keypoints import simulated_keypoints
from biopose_ros.training.neurik.losses import estimate_errors
from biopose_ros.training.neurik.noise import MeshNoise, NoiseLevels

# Strength, chance of missing parts, chance of swapped sides.
NOISES = {
    'clean': (0.0, 0.0, 0.0),
    'mesh_noise': (1.0, 0.0, 0.01),
    'heavy_noise': (2.0, 0.3, 0.05),
}
REAL_MOTION = 'opensim_coordinates/'
_SHORTEST_FRAMES = 30
_TIMED_FRAMES = 60


@dataclass(frozen=True, eq=False)
class Clip:
    """
    One clip of one person, before a camera.

    :param name: of the motion.
    :param positions_m: [1, frames, markers, 3], clean.
    :param times_s: [1, frames].
    :param truth: of the clip.
    """

    name: str
    positions_m: Tensor
    times_s: Tensor
    truth: Truth


@dataclass(frozen=True, eq=False)
class ClipErrors:
    """
    What NeurIK made of one clip.

    :param name: of the motion.
    :param errors: [frames, coordinates + groups], radians, metres, unitless.
    :param stddev: likewise.
    :param marker_errors_m: [frames, markers], relative to the pelvis.
    :param jitter: mean absolute second difference of estimate and truth, radians.
    :param violations: values outside their limits.
    """

    name: str
    errors: FloatArray
    stddev: FloatArray
    marker_errors_m: FloatArray
    jitter: tuple[float, float]
    violations: int


def turned_clips(motion: LabelledMotion, seed: int = 0) -> list[Clip]:
    """
    Cut a split into its clips, each turned to any side of a camera that leans a little.

    :param motion: of the test split.
    :param seed: of the turns.
    """
    generator = torch.Generator().manual_seed(seed)
    turns = random_turns(len(motion.starts), generator, tilt_deg=5.0)
    clips = []
    for row, turn in enumerate(turns):
        start, length = int(motion.starts[row]), int(motion.lengths[row])
        if length < _SHORTEST_FRAMES:
            continue
        frames = slice(start, start + length)
        truth = Truth(
            motion.angles_rad[None, frames],
            motion.pelvis_rotations[None, frames],
            motion.pelvis_positions_m[None, frames],
            motion.factors[None, row, None].expand(1, length, -1),
        )
        positions_m, truth = turned(motion.markers_m[None, frames], truth, turn[None])
        times_s = torch.arange(length)[None] / float(motion.rates_hz[row])
        clips.append(Clip(motion.names[row], positions_m, times_s, truth))
    return clips


def evidence_of(clip: Clip, noise: str, seed: int, has_keypoints: bool = False) -> Evidence:
    """
    Disturb a clip.

    :param clip: clean.
    :param noise: a key of :data:`NOISES`.
    :param seed: of the noise.
    :param has_keypoints: whether 2D keypoints come along.
    """
    generator = torch.Generator().manual_seed(seed)
    levels = NoiseLevels.uniform(1, *NOISES[noise])
    noisy_m, weights = MeshNoise(generator)(clip.positions_m, clip.times_s, levels)
    keypoints_m, confidence = simulated_keypoints(clip.positions_m, clip.times_s, generator)
    return Evidence(noisy_m, weights, clip.times_s, keypoints_m, confidence * has_keypoints)


@torch.no_grad()
def clip_errors(model: Neurik, skeleton: Skeleton, clip: Clip, evidence: Evidence) -> ClipErrors:
    """
    Run the network over a clip and compare.

    :param model: in evaluation mode.
    :param skeleton: the default one.
    :param clip: with its truth.
    :param evidence: of the clip.
    """
    estimate = model(evidence)
    found = coordinates_of(skeleton, estimate)
    wanted = coordinates_of(skeleton, clip.truth)
    groups = scale_groups(skeleton)
    places_m = [
        skeleton.marker_positions(coordinates, groups.expand(part.factors[0].double()))
        - part.pelvis_positions_m[0, :, None]
        for coordinates, part in ((found, estimate), (wanted, clip.truth))
    ]
    bounded = ~is_circular(skeleton)
    outside = (found < skeleton.lower_limits - 1e-6) | (found > skeleton.upper_limits + 1e-6)
    angles = (estimate.angles_rad[0], clip.truth.angles_rad[0])
    jitter = [float(a.diff(dim=0).diff(dim=0).abs().mean()) for a in angles]
    return ClipErrors(
        clip.name,
        estimate_errors(skeleton, estimate, clip.truth)[0].numpy(),
        estimate.log_stddev[0].exp().numpy(),
        (places_m[0] - places_m[1]).norm(dim=-1).numpy(),
        (jitter[0], jitter[1]),
        int(outside[:, bounded].sum()),
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
    raw = _per_coordinate(skeleton, errors[:, :count])
    unbiased = np.concatenate([_unbiased(clip.errors[:, :count]) for clip in clips])
    corrected = _per_coordinate(skeleton, unbiased)
    ratio = np.abs(errors) / np.concatenate([clip.stddev for clip in clips])
    angle_ratio = ratio[:, :count][:, rotation]
    estimated, true = np.sum([clip.jitter for clip in clips], axis=0)
    return {
        'mae_angle_deg': float(np.mean(list(raw.values()))),
        'mae_angle_bias_corrected_deg': float(np.mean(list(corrected.values()))),
        'groups_deg': _groups(raw),
        'groups_bias_corrected_deg': _groups(corrected),
        'coordinates_deg': raw,
        'mpblpe_mm': float(np.concatenate([c.marker_errors_m for c in clips]).mean() * 1e3),
        'mae_body': float(np.abs(errors[:, count:]).mean()),
        'limit_violations': int(sum(clip.violations for clip in clips)),
        'jitter_ratio': float(estimated / true),
        'within_1_sigma': float((angle_ratio < 1).mean()),
        'within_2_sigma': float((angle_ratio < 2).mean()),
    }


def _per_coordinate(skeleton: Skeleton, errors_rad: FloatArray) -> dict[str, float]:
    return {
        name: float(np.degrees(np.abs(errors_rad[:, column])).mean())
        for column, name in enumerate(skeleton.coordinate_names)
        if skeleton.is_rotation[column]
    }


def _unbiased(errors_rad: FloatArray) -> FloatArray:
    columns = [np.radians(without_bias(np.degrees(column))) for column in errors_rad.T]
    return np.stack(columns, axis=1)


def _groups(per_coordinate: dict[str, float]) -> dict[str, float]:
    return {
        group: float(np.mean([per_coordinate[name] for name in names]))
        for group, names in COORDINATE_GROUPS.items()
    }


def evaluate_neurik(
    model: Neurik,
    predictor: NeurikPredictor,
    motion: LabelledMotion,
    solver_clips: int,
    solver_frames: int,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """
    Produce all figures.

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
    some = _spread(clips, solver_clips, solver_frames)
    results: dict[str, Any] = {}
    opensim_s: list[float] = []
    for noise in NOISES:
        evidence = [evidence_of(clip, noise, seed) for seed, clip in enumerate(clips)]
        figures = summary(
            skeleton,
            [clip_errors(model, skeleton, c, e) for c, e in zip(clips, evidence, strict=True)],
        )
        figures |= _variants(model, skeleton, clips, evidence, noise)
        solved: list[SolverResult] = []
        tracked: list[SolverResult] = []
        ours: list[ClipErrors] = []
        for seed, clip in enumerate(some):
            given = evidence_of(clip, noise, seed)
            ours.append(clip_errors(model, skeleton, clip, given))
            for solve, found in ((solve_clip, solved), (track_with_opensim, tracked)):
                found.append(solve(skeleton, clip.positions_m, clip.truth, given))
            advance()
        figures['opensim_ik_mae_angle_deg'] = _solver_mae(skeleton, tracked)
        figures['batched_ik_mae_angle_deg'] = _solver_mae(skeleton, solved)
        figures['opensim_ik_groups_deg'] = _solver_groups(skeleton, tracked)
        figures['same_frames_mae_angle_deg'] = summary(skeleton, ours)['mae_angle_deg']
        opensim_s += [result.seconds_per_frame for result in tracked]
        results[noise] = figures
    return results | _times(predictor, clips, float(np.mean(opensim_s)))


def _spread(clips: Sequence[Clip], count: int, frames: int) -> list[Clip]:
    """Take clips from all over the list, cut short."""
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(count, len(clips))).round().astype(int))
    return [_shortened(clips[i], frames) for i in chosen]


def _shortened(clip: Clip, frames: int) -> Clip:
    truth = Truth(*(value[:, :frames] for value in vars(clip.truth).values()))
    return replace(
        clip,
        positions_m=clip.positions_m[:, :frames],
        times_s=clip.times_s[:, :frames],
        truth=truth,
    )


def _variants(
    model: Neurik,
    skeleton: Skeleton,
    clips: Sequence[Clip],
    evidence: Sequence[Evidence],
    noise: str,
) -> dict[str, float]:
    """Show what the window, 2D evidence, and real motion change."""
    single, with_2d, real = [], [], []
    for seed, (clip, given) in enumerate(zip(clips, evidence, strict=True)):
        single.append(clip_errors(_OneFrame(model), skeleton, clip, given))  # type: ignore[arg-type]
        both = evidence_of(clip, noise, seed, has_keypoints=True)
        with_2d.append(clip_errors(model, skeleton, clip, both))
        if clip.name.startswith(REAL_MOTION):
            real.append(clip_errors(model, skeleton, clip, given))
    variants = {'one_frame': single, 'with_keypoints': with_2d, 'opensim_coordinates': real}
    return {
        f'{name}_mae_angle_deg': summary(skeleton, errors)['mae_angle_deg']
        for name, errors in variants.items()
        if errors
    }


class _OneFrame:
    """The same network without memory."""

    def __init__(self, model: Neurik) -> None:
        self.model = model

    def __call__(self, evidence: Evidence) -> NeurikEstimate:
        frames = {name: value.transpose(0, 1) for name, value in vars(evidence).items()}
        estimate = self.model(Evidence(**frames))
        return NeurikEstimate(**{n: v.transpose(0, 1) for n, v in vars(estimate).items()})


def _solver_errors(skeleton: Skeleton, results: Sequence[SolverResult]) -> dict[str, float]:
    errors = np.concatenate([result.errors_rad for result in results])
    return _per_coordinate(skeleton, errors)


def _solver_mae(skeleton: Skeleton, results: Sequence[SolverResult]) -> float:
    return float(np.mean(list(_solver_errors(skeleton, results).values())))


def _solver_groups(skeleton: Skeleton, results: Sequence[SolverResult]) -> dict[str, float]:
    return _groups(_solver_errors(skeleton, results))


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
        seen = [PersonFrame(f'timed_{i}', stamp_ns, markers) for i in range(persons)]
        began = time.perf_counter()
        predictor.update(seen)
        times.append(time.perf_counter() - began)
    for person in range(persons):
        predictor.forget(f'timed_{person}')
    return float(np.median(times) * 1e3)
