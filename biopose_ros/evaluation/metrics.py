"""How far estimated joint angles are from the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES

SIDES = ('r', 'l')


def _both_sides(*names: str) -> tuple[str, ...]:
    return tuple(f'{name}_{side}' for name in names for side in SIDES)


LUMBAR = ('lumbar_extension', 'lumbar_bending', 'lumbar_rotation')
COORDINATE_GROUPS: Mapping[str, tuple[str, ...]] = {
    'knee': _both_sides('knee_angle'),
    'hip_flexion': _both_sides('hip_flexion'),
    'hip_adduction': _both_sides('hip_adduction'),
    'hip_rotation': _both_sides('hip_rotation'),
    'ankle': _both_sides('ankle_angle'),
    'lumbar': LUMBAR,
    'arm': _both_sides('arm_flex', 'arm_add', 'arm_rot'),
    'elbow': _both_sides('elbow_flex'),
    'neck': ('neck_extension', 'neck_bending', 'neck_rotation'),
    'wrist': _both_sides('wrist_flex', 'wrist_dev'),
    'pelvis': PELVIS_ANGLES,
}
LEGS_AND_TRUNK = ('knee', 'hip_flexion', 'hip_adduction', 'hip_rotation', 'ankle', 'lumbar')
# The coordinates that published comparisons average; neck, wrist and pelvis stand beside them.
ALL = (*LEGS_AND_TRUNK, 'arm', 'elbow')


def angle_errors_deg(estimate_rad: FloatArray, truth_rad: FloatArray) -> FloatArray:
    """
    Subtract angles the short way round.

    :param estimate_rad: [frames], radians.
    :param truth_rad: [frames], radians.
    :returns: [frames], degrees, -180 to 180.
    """
    difference = np.asarray(estimate_rad) - np.asarray(truth_rad)
    wrapped: FloatArray = np.degrees(np.arctan2(np.sin(difference), np.cos(difference)))
    return wrapped


def without_bias(errors_deg: FloatArray) -> FloatArray:
    """
    Remove the constant offset of one coordinate in one clip.

    :param errors_deg: [frames], NaN where not compared.
    :returns: [frames], degrees, about their circular mean.
    """
    errors_rad = np.radians(errors_deg)
    offset_rad = np.arctan2(np.nanmean(np.sin(errors_rad)), np.nanmean(np.cos(errors_rad)))
    return angle_errors_deg(errors_rad, offset_rad)


def group_errors(errors_deg: Mapping[str, FloatArray]) -> dict[str, float]:
    """
    Average absolute errors over frames, then over the coordinates of each group.

    :param errors_deg: per coordinate [frames], degrees; coordinates without truth are absent.
    :returns: mean absolute error per group that has truth, ``legs_and_trunk`` and ``mean``, in
        which every coordinate weighs the same.
    """
    per_coordinate = {name: float(np.nanmean(np.abs(e))) for name, e in errors_deg.items()}
    means: dict[str, float] = {}
    for group, names in GROUPS.items():
        known = [per_coordinate[name] for name in names if name in per_coordinate]
        if known:
            means[group] = float(np.mean(known))
    return means


def group_shares_within(
    errors_deg: Mapping[str, FloatArray], stddev_deg: Mapping[str, FloatArray]
) -> dict[str, float]:
    """
    Give the share of errors within one stated standard deviation; 0.68 is right.

    :param errors_deg: as in :func:`group_errors`.
    :param stddev_deg: of the same coordinates and frames.
    :returns: mean over frames, then over the coordinates of each group; empty without deviations.
    """
    shares = {}
    for name, errors in errors_deg.items():
        known = np.isfinite(errors) & np.isfinite(stddev_deg[name])
        if known.any():
            is_inside = np.abs(errors[known]) <= stddev_deg[name][known]
            shares[name] = is_inside.astype(float)
    return group_errors(shares)


@dataclass(frozen=True)
class Slope:
    """
    How one coordinate of one clip follows the truth.

    :param together: sum of products of estimate and truth, each about its mean, degrees squared.
    :param alone: sum of squares of the truth about its mean.
    """

    together: float
    alone: float

    @classmethod
    def of(cls, estimate_rad: FloatArray, truth_rad: FloatArray) -> Slope:
        """
        Compare a clip.

        :param estimate_rad: [frames], radians, NaN where not compared.
        :param truth_rad: [frames], the same.
        """
        both = np.isfinite(estimate_rad) & np.isfinite(truth_rad)
        estimate, truth = (
            without_bias(np.degrees(angles[both])) for angles in (estimate_rad, truth_rad)
        )
        return cls(float(estimate @ truth), float(truth @ truth))


def gain(slopes: Iterable[Slope]) -> float:
    """
    Give the slope of the estimate on the truth, each clip and coordinate about its own mean.

    :param slopes: of clips and coordinates; those that move much weigh much.
    :returns: 1 where the estimate moves as far as the truth, less where it shrinks; NaN where the
        truth stands still.
    """
    found = list(slopes)
    alone = sum(slope.alone for slope in found)
    return sum(slope.together for slope in found) / alone if alone > 0.0 else float('nan')


def group_gains(slopes: Mapping[str, Iterable[Slope]]) -> dict[str, float]:
    """
    Give the gain of each group of coordinates.

    :param slopes: per coordinate, of all clips; coordinates without truth are absent.
    :returns: per group that has truth, ``legs_and_trunk`` and ``mean``.
    """
    known = {
        group: [slope for name in names if name in slopes for slope in slopes[name]]
        for group, names in GROUPS.items()
    }
    return {group: gain(found) for group, found in known.items() if found}


def _members(groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for group in groups for name in COORDINATE_GROUPS[group])


# What figures are averaged over; ``mean`` is the average that publications give.
GROUPS: Mapping[str, tuple[str, ...]] = {
    **COORDINATE_GROUPS,
    'legs_and_trunk': _members(LEGS_AND_TRUNK),
    'mean': _members(ALL),
}
