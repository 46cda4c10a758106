"""Motion at a constant rate: cubic splines between the images, gaps left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import make_interp_spline

from biopose_ros.records import FloatArray
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.limits import is_circular

# A pause between two sightings longer than this many nominal frames, and than this many seconds,
# is a gap: the motion in it is unknown.
GAP_FRAMES = 1.5
GAP_S = 0.1
# Two images closer than this many nominal frames count as one, at their mean: a spline through
# both would turn their noise into a wild swing.
MERGED_FRAMES = 0.25


@dataclass(frozen=True)
class Motion:
    """
    A person's motion at even times.

    :param times_s: [rows], multiples of one step apart; further where there is a gap.
    :param coordinates: [rows, coordinates], within the limits; radians, metres.
    :param velocities: [rows, coordinates], per second.
    """

    times_s: FloatArray
    coordinates: FloatArray
    velocities: FloatArray


def gaps(times_s: FloatArray, rate_hz: float) -> FloatArray:
    """
    Find the pauses in which a person was not seen.

    :param times_s: [images], of the sightings, increasing.
    :param rate_hz: nominal rate of the images.
    :returns: [gaps, 2], from the last sighting before to the first after.
    """
    pauses = np.flatnonzero(np.diff(times_s) > max(GAP_FRAMES / rate_hz, GAP_S))
    return np.stack([times_s[pauses], times_s[pauses + 1]], axis=-1)


def resample(
    times_s: FloatArray,
    coordinates: FloatArray,
    skeleton: Skeleton,
    image_rate_hz: float,
    rate_hz: float,
) -> Motion:
    """
    Bring a motion to a constant rate.

    :param times_s: [images], increasing.
    :param coordinates: [images, coordinates]; NaN where unknown: such a value is interpolated, or
        keeps the nearest known one, and is 0 where none is known.
    :param skeleton: of the coordinates.
    :param image_rate_hz: nominal rate of the images.
    :param rate_hz: of the result.
    :returns: rows from the first sighting on; none in gaps, see :func:`gaps`.
    """
    grid_s = _grid(times_s, rate_hz)
    values = _filled(times_s, coordinates)
    circular = is_circular(skeleton).numpy()
    values[:, circular] = np.unwrap(values[:, circular], axis=0)
    breaks = np.searchsorted(times_s, gaps(times_s, image_rate_hz)[:, 1])
    slack_s = 1e-3 / rate_hz  # times are rounded
    rows: list[Motion] = []
    for part in np.split(np.arange(len(times_s)), breaks):
        part_s, part_values = _merged(times_s[part], values[part], MERGED_FRAMES / image_rate_hz)
        start_s, end_s = times_s[part[0]], times_s[part[-1]]
        inside = (grid_s >= start_s - slack_s) & (grid_s <= end_s + slack_s)
        at_s = np.clip(grid_s[inside], part_s[0], part_s[-1])
        spline = make_interp_spline(part_s, part_values, k=_degree(len(part_s)))
        velocities = spline(at_s, 1) if len(part_s) > 1 else np.zeros((len(at_s), values.shape[1]))
        rows.append(Motion(grid_s[inside], _clamped(skeleton, spline(at_s)), velocities))
    return Motion(
        np.concatenate([row.times_s for row in rows]),
        np.concatenate([row.coordinates for row in rows]),
        np.concatenate([row.velocities for row in rows]),
    )


def _clamped(skeleton: Skeleton, coordinates: FloatArray) -> FloatArray:
    """Cut off where a spline overshoots a joint's limit."""
    return np.asarray(skeleton.clamp(torch.from_numpy(coordinates)).numpy())


def _grid(times_s: FloatArray, rate_hz: float) -> FloatArray:
    count = int(np.floor((times_s[-1] - times_s[0]) * rate_hz + 1e-3)) + 1
    return np.asarray(times_s[0] + np.arange(count) / rate_hz)


def _degree(count: int) -> int:
    """Cubic where four images make it unique, straight below."""
    return 3 if count > 3 else min(1, count - 1)


def _filled(times_s: FloatArray, values: FloatArray) -> FloatArray:
    filled = np.zeros_like(values)
    for column in range(values.shape[1]):
        known = np.isfinite(values[:, column])
        if known.any():
            filled[:, column] = np.interp(times_s, times_s[known], values[known, column])
    return filled


def _merged(
    times_s: FloatArray, values: FloatArray, closest_s: float
) -> tuple[FloatArray, FloatArray]:
    """Put each run of images that are too close together at its mean."""
    run = np.zeros(len(times_s), dtype=int)
    start_s = times_s[0]
    for index in range(1, len(times_s)):
        is_new = times_s[index] - start_s >= closest_s
        start_s = times_s[index] if is_new else start_s
        run[index] = run[index - 1] + is_new
    counts = np.bincount(run)
    mean_s = np.bincount(run, times_s) / counts
    mean = np.zeros((len(counts), values.shape[1]))
    np.add.at(mean, run, values)
    return mean_s, mean / counts[:, None]
