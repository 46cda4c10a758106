"""
A clip whose truth is angles between limb directions: a man who sits down and stands up again.

Two calibrated cameras saw the ends of his limbs (markerless), so the truth has no axes: flexion is
the angle between the lines from joint to joint. The same is computed from the skeleton's joints.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biopose_ros.evaluation.metrics import Slope, gain, without_bias
from biopose_ros.records import FloatArray, PersonPose
from biopose_ros.skeleton import Skeleton

CLIP = 'sit_to_stand'
VIDEO, CAMERA, SECTION, ANGLES = 'cam0_test.mp4', 'camera.toml', 'cam0', 'angles.csv'
# He stands still; hip flexion and the trunk's inclination count from here, in truth and estimate.
STANDING = slice(110, 127)
_GROUPS = {
    'knee': ('knee_flexion_r', 'knee_flexion_l'),
    'hip_flexion': ('hip_flexion_r', 'hip_flexion_l'),
    'elbow': ('elbow_flexion_r', 'elbow_flexion_l'),
    'trunk': ('trunk_inclination',),
}
# Angles that are one coordinate of the skeleton each, but for a constant.
_COORDINATES = {
    f'{angle}_{side}': f'{coordinate}_{side}'
    for angle, coordinate in (('knee_flexion', 'knee_angle'), ('elbow_flexion', 'elbow_flex'))
    for side in 'rl'
}


@dataclass(frozen=True)
class DirectionResult:
    """
    The scores of the clip, by group of angles, degrees.

    :param frames: pictures whose truth is good.
    :param frames_compared: those of them in which the person was seen.
    :param mae_deg: mean absolute error.
    :param mae_deg_bias_corrected: the same without each angle's constant offset.
    :param gain: slope of the estimate on the truth.
    :param standing_deg: mean of estimate minus truth while he stands; hip and trunk count from
        there, so theirs says nothing.
    :param within_1_sigma: share of the errors within one stated standard deviation, of the groups
        that have one.
    """

    frames: int
    frames_compared: int
    mae_deg: Mapping[str, float]
    mae_deg_bias_corrected: Mapping[str, float]
    gain: Mapping[str, float]
    standing_deg: Mapping[str, float]
    within_1_sigma: Mapping[str, float]


def read_truth(path: Path) -> dict[str, FloatArray]:
    """
    Read the angles of the clip.

    :param path: of ``angles.csv``.
    :returns: by angle [frames], degrees, NaN where the truth is not good.
    """
    with path.open(encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    is_good = np.array([row['ok'] == '1' for row in rows])
    return {
        name: np.where(is_good, [float(row[name]) for row in rows], np.nan)
        for names in _GROUPS.values()
        for name in names
    }


def direction_angles(
    poses: Sequence[PersonPose | None], skeleton: Skeleton
) -> dict[str, FloatArray]:
    """
    Compute the clip's angles from the skeleton's joints.

    :param poses: one per picture of the clip, None where no person was seen.
    :param skeleton: whose segments the poses have.
    :returns: by angle [frames], degrees, NaN where no person was seen.
    """
    nowhere = np.full((len(skeleton.segment_names), 3), np.nan)
    places = np.stack([nowhere if p is None else p.segment_positions_m for p in poses])

    def joint(segment: str) -> FloatArray:
        return np.asarray(places[:, skeleton.segment_index(segment)])

    shoulders, hips = (joint(f'{n}_r') + joint(f'{n}_l') for n in ('humerus', 'femur'))
    trunk = shoulders - hips
    upright = np.nanmean(_unit(trunk)[STANDING], axis=0)
    angles = {'trunk_inclination': _between_deg(trunk, np.broadcast_to(upright, trunk.shape))}
    for side in 'rl':
        hip, knee, ankle = (joint(f'{name}_{side}') for name in ('femur', 'tibia', 'talus'))
        shoulder, elbow, wrist = (joint(f'{name}_{side}') for name in ('humerus', 'ulna', 'hand'))
        bend = _between_deg(-trunk, knee - hip)
        angles[f'hip_flexion_{side}'] = bend - np.nanmedian(bend[STANDING])
        angles[f'knee_flexion_{side}'] = _between_deg(knee - hip, ankle - knee)
        angles[f'elbow_flexion_{side}'] = _between_deg(elbow - shoulder, wrist - elbow)
    return angles


def stated_deviations(
    poses: Sequence[PersonPose | None], skeleton: Skeleton
) -> dict[str, FloatArray]:
    """
    Give what is stated of the angles that are one coordinate each.

    :param poses: one per picture of the clip, None where no person was seen.
    :param skeleton: of the poses.
    :returns: 1 sigma by angle [frames], degrees, NaN where no person was seen.
    """
    unknown = np.full(len(skeleton.coordinate_names), np.nan)
    stddev = np.degrees(np.stack([unknown if p is None else p.stddev for p in poses]))
    return {
        angle: np.asarray(stddev[:, skeleton.coordinate_index(coordinate)])
        for angle, coordinate in _COORDINATES.items()
    }


def score_directions(
    estimate: Mapping[str, FloatArray],
    truth: Mapping[str, FloatArray],
    stddev: Mapping[str, FloatArray],
) -> DirectionResult:
    """
    Compare.

    :param estimate: by angle [frames], degrees, NaN where no person was seen.
    :param truth: by angle [frames], degrees, NaN where it is not reliable.
    :param stddev: of :func:`stated_deviations`.
    """
    errors = {name: estimate[name] - truth[name] for name in truth}
    slopes = {n: Slope.of(np.radians(estimate[n]), np.radians(truth[n])) for n in truth}
    known = np.isfinite(truth['knee_flexion_r'])
    seen = known & np.isfinite(estimate['knee_flexion_r'])

    within = {n: float(np.mean(np.abs(errors[n][seen]) <= stddev[n][seen])) for n in stddev}

    def by_group(figures: Mapping[str, float]) -> dict[str, float]:
        return {
            group: float(np.mean([figures[name] for name in names]))
            for group, names in _GROUPS.items()
            if names[0] in figures
        }

    return DirectionResult(
        int(known.sum()),
        int(seen.sum()),
        by_group({n: float(np.nanmean(np.abs(e))) for n, e in errors.items()}),
        by_group({n: float(np.nanmean(np.abs(without_bias(e)))) for n, e in errors.items()}),
        {g: gain([slopes[n] for n in names]) for g, names in _GROUPS.items()},
        by_group({n: float(np.nanmean(e[STANDING])) for n, e in errors.items()}),
        by_group(within),
    )


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _between_deg(first: FloatArray, second: FloatArray) -> FloatArray:
    cosine = (_unit(first) * _unit(second)).sum(-1)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
