"""Feet of synthesised activities: known contact, noisy estimates, and the fit of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biopose_ros.person.estimator import MotionEstimator
from biopose_ros.person.foot_contact import contact_features
from biopose_ros.person.motion_model import MotionModel
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.library import activity_clips
from biopose_ros.training.motion.rotations import about
from biopose_ros.training.motion.splits import Split

# A point stands where the clean motion has it so low and so slow.
_STANDING_M, _STANDING_SPEED = 0.025, 0.15
# 1 sigma of the estimate's errors: of the whole person, mostly in depth, and of each foot against
# it; and how long they last. Shares as found by `biopose evaluate filtering`.
_ROOT_M, _FOOT_M = np.array([0.04, 0.01, 0.01]), 0.02
_FRESH_SHARE, _MEMORY_S = 0.1, 0.5
_STATED_M = 0.03
_SOLES = [0, 1]  # heel and inner ball
_LOOK_BACK_S = 2.0


@dataclass(frozen=True, eq=False)
class WalkingFeet:
    """
    The feet of one clip, as they are and as a camera sees them.

    :param name: of the clip.
    :param times_s: [frames].
    :param points_m: [frames, 2, 2, 3], heel and ball of the left and right foot, y up, x to the
        camera.
    :param root_m: [frames, 3], the pelvis.
    :param stands: [frames, 2, 2], whether the point stands on the floor.
    :param seen_points_m: estimated and filtered as the pipeline does.
    :param seen_root_m: the root as it was estimated, same shape.
    """

    name: str
    times_s: FloatArray
    points_m: FloatArray
    root_m: FloatArray
    stands: np.ndarray
    seen_points_m: FloatArray
    seen_root_m: FloatArray


def feet_of_split(split: Split, clips: int, seed: int = 0) -> list[WalkingFeet]:
    """
    Synthesise activities before cameras on any side.

    :param split: of the clips.
    :param clips: how many.
    :param seed: of clips, sides and errors.
    """
    random = np.random.default_rng([seed, 1])
    return [see_feet(clip, random) for clip in activity_clips(clips, seed, split)]


def see_feet(clip: MotionClip, random: np.random.Generator) -> WalkingFeet:
    """
    Estimate the feet of a clip with errors like the pipeline's.

    :param clip: with a known floor.
    :param random: of the errors and of the camera's side.
    """
    times_s = np.arange(len(clip)) / clip.fps
    turn = about(1, random.uniform(0.0, 2.0 * np.pi))
    points_m = clip.placed.soles_m[:, :, _SOLES] @ turn.T
    root_m = clip.translation_m.astype(np.float64) @ turn.T
    speed = np.linalg.norm(np.gradient(points_m, times_s, axis=0), axis=-1)
    stands = (points_m[..., 1] < _STANDING_M) & (speed < _STANDING_SPEED)
    root_error_m = _ROOT_M * _errors(random, times_s, (3,))
    foot_error_m = _FOOT_M * _errors(random, times_s, (2, 1, 3))
    noisy_root_m = root_m + root_error_m
    noisy_points_m = points_m + root_error_m[:, None, None] + foot_error_m
    both = np.concatenate([noisy_root_m, noisy_points_m.reshape(len(times_s), -1)], axis=1)
    seen = _filtered(times_s, both)
    return WalkingFeet(
        clip.name, times_s, points_m, root_m, stands, seen[:, 3:].reshape(points_m.shape),
        seen[:, :3],
    )  # fmt: skip


def fit_contact(feet: Sequence[WalkingFeet]) -> FloatArray:
    """
    Fit the log odds of standing by logistic regression (Newton's method).

    :param feet: of the train split.
    :returns: [3], :data:`~biopose_ros.person.foot_contact.CONTACT_WEIGHTS`.
    """
    features, stands = (np.concatenate(part) for part in zip(*map(_samples, feet), strict=True))
    columns = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(3)
    for _ in range(30):
        probability = 1.0 / (1.0 + np.exp(-np.clip(columns @ weights, -50.0, 50.0)))
        spread = probability * (1.0 - probability)
        curvature = columns.T @ (columns * spread[:, None]) + 1e-6 * np.eye(3)
        weights = weights + np.linalg.solve(curvature, columns.T @ (stands - probability))
    return weights


def _samples(feet: WalkingFeet) -> tuple[FloatArray, np.ndarray]:
    """Give features [samples, 2] and whether each stands, [samples]."""
    features = []
    for frame in range(1, len(feet.times_s)):
        start = np.searchsorted(feet.times_s, feet.times_s[frame] - _LOOK_BACK_S)
        features.append(
            contact_features(
                feet.times_s[start:frame],
                feet.seen_points_m[start:frame],
                feet.seen_points_m[frame],
                float(feet.times_s[frame]),
            )
        )
    return np.stack(features).reshape(-1, 2), feet.stands[1:].reshape(-1)


def _filtered(times_s: FloatArray, positions_m: FloatArray) -> FloatArray:
    count = positions_m.shape[1]
    unlimited = np.full(count, np.inf)
    model = MotionModel(np.zeros(count, bool), np.zeros(count, bool))
    causal = MotionEstimator(model, (-unlimited, unlimited), 0.5)
    stddev = np.full(count, _STATED_M)
    rows = zip(positions_m, times_s, strict=True)
    return np.stack([causal.update(row, stddev, float(time_s)).positions for row, time_s in rows])


def _errors(random: np.random.Generator, times_s: FloatArray, size: tuple[int, ...]) -> FloatArray:
    """Give errors of 1 sigma that mostly last, [frames, ...]."""
    keep = np.exp(-(times_s[1] - times_s[0]) / _MEMORY_S)
    noise = random.normal(size=(2, len(times_s), *size))
    lasting = noise[0].copy()
    for frame in range(1, len(times_s)):
        lasting[frame] = keep * lasting[frame - 1] + np.sqrt(1.0 - keep**2) * noise[0, frame]
    return np.sqrt(1.0 - _FRESH_SHARE) * lasting + np.sqrt(_FRESH_SHARE) * noise[1]
