"""
Take the constant flexion of knees and elbows out of recordings.

Marker recordings that were fitted to a skeleton stand with 15 to 35 degrees of knee flexion and
walk with 10 too many, where people have 0 to 10 in standing: the fit's knee centre lies before
the line from hip to ankle. Elbows of hanging arms are bent by 10 too many, too. Each clip
has offsets of its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.plan import SIDES
from biopose_ros.training.motion.postures import postures
from biopose_ros.training.motion.rotations import (
    about,
    matrices_from_vectors,
    vectors_from_matrices,
)

_KNEES, _ELBOWS = ([JOINT[f'{side}_{name}'] for side in SIDES] for name in ('knee', 'elbow'))
# Usual flexion in quiet standing: knees (Kendall 2005), elbows of hanging arms.
_STANDING_KNEE_DEG, _HANGING_ELBOW_DEG = 3.0, 18.0
# Without standing frames: the lower quarter of the straighter knee's flexion, degrees, over the
# speed of travel, m/s. Walking after the mean curve of Winter 1991, one leg half a cycle later.
_SPEEDS_MPS, _USUAL_DEG = (0.0, 1.3, 3.0), (4.0, 9.0, 18.0)
_QUARTER = 25.0
# Beyond this people do crouch, or carry their arms bent: the fits are not wrong by more.
_MOST_KNEE_RAD, _MOST_ELBOW_RAD = np.radians([26.0, 18.0])
_DEEPEST_RAD = np.radians(150.0)  # stays as it is
_FEWEST_FRAMES = 10
_CONTACT_M = 0.02


def straightened(clip: MotionClip) -> MotionClip:
    """
    Take a clip's constant flexion off, all of it where limbs are straight, none at 150 degrees.

    Half of the knee's comes off hip and ankle each, so that feet keep their attitude; the pelvis
    moves so that the foot that carries the body stays in its place.

    :param clip: with knees that are hinges about x, and elbows about y before the forearm's twist.
    """
    knee_offset, elbow_offset = flexion_offsets_rad(clip)
    if knee_offset <= 0.0 and elbow_offset <= 0.0:
        return clip
    turns = matrices_from_vectors(clip.pose)
    for side in SIDES:
        hip, knee, ankle, elbow = (
            JOINT[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle', 'elbow')
        )
        bent = clip.pose[:, knee, 0].astype(np.float64)
        straight = _stretched(bent, knee_offset)
        half = about(0, 0.5 * (bent - straight))
        turns[:, hip] = turns[:, hip] @ half
        turns[:, knee] = about(0, straight)
        turns[:, ankle] = half @ turns[:, ankle]
        flexion = _elbow_flexion(clip.pose[:, elbow])
        less = flexion - _stretched(flexion, elbow_offset)
        turns[:, elbow] = about(1, less if side == 'left' else -less) @ turns[:, elbow]
    moved = replace(clip, pose=vectors_from_matrices(turns).astype(np.float32))
    shift = _carrying_foot_m(clip) - _carrying_foot_m(moved)
    return replace(moved, translation_m=(clip.translation_m + shift).astype(np.float32))


def flexion_offsets_rad(clip: MotionClip) -> tuple[float, float]:
    """
    Estimate the flexion that a clip's knees and elbows have too much, 0 where they have none.

    :param clip: with knees that are hinges about x.
    """
    found = postures(clip)
    standing, hanging, upright = (found[name] for name in ('standing', 'hanging arms', 'upright'))
    straighter = clip.pose[:, _KNEES, 0].min(1)
    knee = elbow = 0.0
    if standing.sum() >= _FEWEST_FRAMES:
        knee = float(np.percentile(straighter[standing], _QUARTER))
        knee -= np.radians(_STANDING_KNEE_DEG)
    elif upright.sum() >= _FEWEST_FRAMES:
        usual = np.interp(np.median(clip.speeds_mps[upright]), _SPEEDS_MPS, _USUAL_DEG)
        knee = float(np.percentile(straighter[upright], _QUARTER)) - np.radians(usual)
    if hanging.sum() >= _FEWEST_FRAMES:
        flexion = _elbow_flexion(clip.pose[hanging][:, _ELBOWS])
        elbow = float(np.median(flexion)) - np.radians(_HANGING_ELBOW_DEG)
    return float(np.clip(knee, 0.0, _MOST_KNEE_RAD)), float(np.clip(elbow, 0.0, _MOST_ELBOW_RAD))


def _stretched(bent: FloatArray, offset: float) -> FloatArray:
    """Stretch the range from offset to deepest flexion down to zero; nothing overextends."""
    straight = np.maximum((bent - offset) * _DEEPEST_RAD / (_DEEPEST_RAD - offset), 0.0)
    return np.where((bent < _DEEPEST_RAD) & (bent > 0.0), straight, bent)


def _elbow_flexion(vectors_rad: FloatArray) -> FloatArray:
    """Give the angle between upper arm and forearm, whatever the forearm's twist."""
    along = matrices_from_vectors(vectors_rad)[..., 0, 0]
    return np.asarray(np.arccos(np.clip(along, -1.0, 1.0)))


def _carrying_foot_m(clip: MotionClip) -> FloatArray:
    """Where the lower foot is, [frames, 3]; between both where both stand."""
    soles_m = clip.placed.soles_m.mean(2)  # [frames, 2, 3]
    lowest = clip.placed.soles_m[..., 1].min(2)
    weight = np.exp(-(lowest - lowest.min(1, keepdims=True)) / _CONTACT_M)
    weight /= weight.sum(1, keepdims=True)
    return np.asarray((weight[..., None] * soles_m).sum(1))
