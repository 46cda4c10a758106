"""How errors depend on the side from which the camera sees the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from biopose_ros.evaluation.metrics import group_errors, without_bias
from biopose_ros.records import FloatArray

# Ends of the angle between where the person faces and the way to the camera, degrees.
VIEW_ANGLES_DEG: Mapping[str, tuple[float, float]] = {
    'front': (0, 30),
    'oblique front': (30, 60),
    'side': (60, 120),
    'oblique back': (120, 150),
    'back': (150, 180),
}


@dataclass(frozen=True)
class AngleResult:
    """
    The scores of the pictures that show a person from one side.

    :param frames: pictures compared.
    :param mae_deg: mean absolute error per coordinate group, degrees.
    :param mae_deg_bias_corrected: the same without each coordinate's constant offset in the whole
        clip.
    """

    frames: int
    mae_deg: Mapping[str, float]
    mae_deg_bias_corrected: Mapping[str, float]


def facing_angles_deg(
    rotations: FloatArray, positions_m: FloatArray, camera_m: FloatArray
) -> FloatArray:
    """
    Find the side from which a camera sees a person.

    :param rotations: [rows, 3, 3], the pelvis's axes (x forward), in axes whose y is up.
    :param positions_m: [rows, 3], of the person.
    :param camera_m: [3], of the camera.
    :returns: [rows], angle on the floor between the pelvis's forward axis and the way to the
        camera: 0 from the front, 90 from a side, 180 from behind.
    """
    facing = rotations[:, [0, 2], 0]
    way = (camera_m - positions_m)[:, [0, 2]]
    across = facing[:, 0] * way[:, 1] - facing[:, 1] * way[:, 0]
    angles: FloatArray = np.degrees(np.arctan2(np.abs(across), (facing * way).sum(axis=1)))
    return angles


def errors_by_view_angle(
    errors_deg: Mapping[str, FloatArray], angles_deg: FloatArray
) -> dict[str, AngleResult]:
    """
    Score the pictures of one clip apart by view angle.

    :param errors_deg: per coordinate [frames], degrees, NaN where not compared.
    :param angles_deg: [frames], of :func:`facing_angles_deg`.
    :returns: by name of :data:`VIEW_ANGLES_DEG`; angles that do not occur are left out.
    """
    unbiased = {name: without_bias(errors) for name, errors in errors_deg.items()}
    compared = np.any([np.isfinite(errors) for errors in errors_deg.values()], axis=0)
    found = {}
    for name, (low, high) in VIEW_ANGLES_DEG.items():
        is_last = high == 180
        chosen = compared & (angles_deg >= low) & ((angles_deg < high) | is_last)
        if chosen.any():
            raw, without = (
                group_errors({key: values[chosen] for key, values in errors.items()})
                for errors in (errors_deg, unbiased)
            )
            found[name] = AngleResult(int(np.count_nonzero(chosen)), raw, without)
    return found


def pooled(clips: Sequence[Mapping[str, AngleResult]]) -> dict[str, AngleResult]:
    """
    Join the scores of several clips, every picture weighing the same.

    :param clips: of :func:`errors_by_view_angle`, with the same coordinate groups.
    """
    found = {}
    for name in VIEW_ANGLES_DEG:
        parts = [clip[name] for clip in clips if name in clip]
        if parts:
            weights = [part.frames for part in parts]
            found[name] = AngleResult(
                sum(weights),
                _mean([part.mae_deg for part in parts], weights),
                _mean([part.mae_deg_bias_corrected for part in parts], weights),
            )
    return found


def _mean(figures: Sequence[Mapping[str, float]], weights: Sequence[int]) -> dict[str, float]:
    return {
        group: float(np.average([one[group] for one in figures], weights=weights))
        for group in figures[0]
    }
