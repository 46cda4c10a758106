"""
Take the constant knee flexion out of recordings.

Marker recordings that were fitted to a skeleton stand with 15 to 35 degrees of knee flexion and
walk with 10 too many, where people have 0 to 10 in standing: the fit's knee centre lies before the
line from hip to ankle. Each clip tells its own offset by its straighter knee.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.rotations import (
    about,
    matrices_from_vectors,
    vectors_from_matrices,
)

_SIDES = ('left', 'right')
_KNEES = [JOINT[f'{side}_knee'] for side in _SIDES]
_HIPS = [JOINT[f'{side}_hip'] for side in _SIDES]
# The lower quarter of the straighter knee's flexion, degrees, over the speed of travel, m/s.
# Walking: from the mean curve of Winter 1991, one leg half a cycle after the other. Running: Novacheck
# 1998. Standing: Kendall's plumb line passes just before the knee, a few degrees of flexion.
_SPEEDS_MPS, _USUAL_DEG = (0.0, 1.3, 3.0), (4.0, 9.0, 18.0)
_QUARTER = 25.0
# Those who never stand straight in a clip crouch; the fit is not wrong by more than this.
_MOST_RAD = np.radians(22.0)
_DEEPEST_RAD = np.radians(150.0)  # stays as it is
# Hips this high over the soles, as a share of the leg's length: standing, not sitting or lying.
_UPRIGHT_SHARE, _FEWEST_UPRIGHT = 0.8, 10
_CONTACT_M = 0.02


def straightened(clip: MotionClip) -> MotionClip:
    """
    Take a clip's constant knee flexion off, all of it where legs are straight, none at 150 degrees.

    Half of it comes off hip and ankle each, so that feet keep their attitude; the pelvis moves so
    that the foot that carries the body stays in its place.

    :param clip: with knees that are hinges about x.
    """
    offset = knee_offset_rad(clip)
    if offset <= 0.0:
        return clip
    turns = matrices_from_vectors(clip.pose)
    for side in _SIDES:
        hip, knee, ankle = (JOINT[f'{side}_{name}'] for name in ('hip', 'knee', 'ankle'))
        bent = clip.pose[:, knee, 0].astype(np.float64)
        straight = np.maximum((bent - offset) * _DEEPEST_RAD / (_DEEPEST_RAD - offset), 0.0)
        straight = np.where(bent < _DEEPEST_RAD, straight, bent)
        half = about(0, 0.5 * (bent - straight))
        turns[:, hip] = turns[:, hip] @ half
        turns[:, knee] = about(0, straight)
        turns[:, ankle] = half @ turns[:, ankle]
    pose = vectors_from_matrices(turns).astype(np.float32)
    moved = replace(clip, pose=pose)
    shift = _carrying_foot_m(clip) - _carrying_foot_m(moved)
    return replace(moved, translation_m=(clip.translation_m + shift).astype(np.float32))


def knee_offset_rad(clip: MotionClip) -> float:
    """
    Estimate the knee flexion that a clip has too much, 0 where it has none.

    :param clip: with knees that are hinges about x.
    """
    placed = clip.placed
    hips_m = placed.positions_m[:, _HIPS, 1].mean(1) - placed.soles_m[..., 1].min((1, 2))
    upright = clip.valid & (hips_m > _UPRIGHT_SHARE * clip.proportions.leg_length_m)
    if upright.sum() < _FEWEST_UPRIGHT:
        return 0.0
    straighter = clip.pose[upright][:, _KNEES, 0].min(1)
    path = clip.translation_m[:, [0, 2]].astype(np.float64)
    step = max(int(clip.fps), 1)  # over a second: swaying is no travelling
    travelled = np.linalg.norm(path[step:] - path[:-step], axis=1) if len(path) > step else None
    if travelled is None:
        travelled = np.linalg.norm(path[-1:] - path[:1], axis=1) * clip.fps / max(len(path) - 1, 1)
    usual = np.interp(np.median(travelled) * clip.fps / step, _SPEEDS_MPS, _USUAL_DEG)
    found = np.percentile(straighter, _QUARTER) - np.radians(usual)
    return float(np.clip(found, 0.0, _MOST_RAD))


def _carrying_foot_m(clip: MotionClip) -> FloatArray:
    """Where the lower foot is, [frames, 3]; between both where both stand."""
    soles_m = clip.placed.soles_m.mean(2)  # [frames, 2, 3]
    lowest = clip.placed.soles_m[..., 1].min(2)
    weight = np.exp(-(lowest - lowest.min(1, keepdims=True)) / _CONTACT_M)
    weight /= weight.sum(1, keepdims=True)
    return (weight[..., None] * soles_m).sum(1)
