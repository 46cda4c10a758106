"""Compare two recordings of the same movement, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from biopose_ros.files.mot import TRANSLATIONS
from biopose_ros.records import FloatArray
from biopose_ros.reports.events import vertex

# Delays that are searched within one recording of both, seconds.
LONGEST_LAG_S = 1.0
# A delay may leave no less than this share of what both recordings cover.
_LEAST_OVERLAP = 0.5
_LEAST_SAMPLES = 5
# A coordinate that moves less tells nothing of delay, gain and correlation, degrees.
_STILL_DEG = 0.5

Motion = tuple[FloatArray, Mapping[str, FloatArray]]


@dataclass(frozen=True, eq=False)
class CoordinateComparison:
    """
    How one coordinate differs from the reference.

    NaN stands where a coordinate moves too little to tell.

    :param times_s: [samples], on the clock of the reference.
    :param motion_deg: [samples].
    :param reference_deg: [samples].
    :param lag_s: how much later the motion is than the reference; the best of all delays.
    :param gain: slope of the motion on the reference at that delay; below 1: movements too small.
    :param offset_deg: mean of motion minus reference (the bias of Bland and Altman 1986).
    :param limits_deg: Bland and Altman's limits of agreement, offset -+ 1.96 standard deviations.
    :param mae_deg: mean absolute difference.
    :param rmse_deg: root of the mean squared difference.
    :param r: Pearson's correlation at that delay.
    """

    times_s: FloatArray
    motion_deg: FloatArray
    reference_deg: FloatArray
    lag_s: float
    gain: float
    offset_deg: float
    limits_deg: tuple[float, float]
    mae_deg: float
    rmse_deg: float
    r: float

    def figures(self) -> dict[str, float | list[float | None] | None]:
        """Give the figures as plain numbers, None where unknown."""
        names = ('lag_s', 'gain', 'offset_deg', 'mae_deg', 'rmse_deg', 'r')
        figures = {name: _number(getattr(self, name)) for name in names}
        return {**figures, 'limits_deg': [_number(limit) for limit in self.limits_deg]}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def compare_motions(
    motion: Motion, reference: Motion, *, align: bool = False
) -> dict[str, CoordinateComparison]:
    """
    Compare all angles that both recordings hold; translations depend on where each has its origin.

    :param motion: times [rows], seconds, and values [rows] per coordinate, radians; as
        :func:`~biopose_ros.files.mot.read_mot` gives them. Rates may differ.
    :param reference: times and values that the motion is compared with, of the same form.
    :param align: the clocks differ: shift the motion by the delay that suits all angles best.
    :returns: per coordinate, in the order of the reference.
    :raises ValueError: when the recordings share no angle or no time.
    """
    times_s, values = motion[0], motion[1]
    names = [name for name in reference[1] if name in values and name not in TRANSLATIONS]
    if not names:
        raise ValueError(
            'the files share no angle; their first columns are '
            f'{", ".join(list(values)[:4])} and {", ".join(list(reference[1])[:4])}'
        )
    step_s = _step_s(times_s, reference[0])
    if align:
        times_s = times_s - _common_lag_s(times_s, values, reference, names, step_s)
    start_s = max(times_s[0], reference[0][0])
    end_s = min(times_s[-1], reference[0][-1])
    if end_s - start_s < (_LEAST_SAMPLES - 1) * step_s:
        raise ValueError(
            f'the files share no time: {times_s[0]:.2f} to {times_s[-1]:.2f} s and '
            f'{reference[0][0]:.2f} to {reference[0][-1]:.2f} s; '
            '--align finds the shift between two clocks'
        )
    grid_s = np.arange(start_s, end_s + 1e-9, step_s)
    return {
        name: _compare(
            grid_s,
            _resampled(grid_s, times_s, values[name]),
            _resampled(grid_s, reference[0], reference[1][name]),
            step_s,
        )
        for name in names
    }


def _step_s(*clocks_s: FloatArray) -> float:
    """Give the finer of the two sampling steps."""
    if any(len(times_s) < _LEAST_SAMPLES for times_s in clocks_s):
        raise ValueError(f'a recording has fewer than {_LEAST_SAMPLES} rows; nothing to compare')
    return float(min(np.median(np.diff(times_s)) for times_s in clocks_s))


def _resampled(grid_s: FloatArray, times_s: FloatArray, values_rad: FloatArray) -> FloatArray:
    """Interpolate one angle, degrees; between unknown values it runs on."""
    known = np.isfinite(values_rad)
    if not known.any():
        return np.full(len(grid_s), np.nan)
    turned = np.degrees(np.unwrap(values_rad[known]))
    return np.asarray(np.interp(grid_s, times_s[known], turned))


def _compare(
    times_s: FloatArray, motion_deg: FloatArray, reference_deg: FloatArray, step_s: float
) -> CoordinateComparison:
    # Whole turns between two recordings are no difference.
    turns = np.round(np.nanmean(motion_deg - reference_deg) / 360.0)
    motion_deg = motion_deg - 360.0 * turns if np.isfinite(turns) else motion_deg
    difference = motion_deg - reference_deg
    offset, spread = float(difference.mean()), float(difference.std())
    lag, gain, r = _lag_gain_r(motion_deg, reference_deg, round(LONGEST_LAG_S / step_s))
    return CoordinateComparison(
        times_s=times_s,
        motion_deg=motion_deg,
        reference_deg=reference_deg,
        lag_s=lag * step_s,
        gain=gain,
        offset_deg=offset,
        limits_deg=(offset - 1.96 * spread, offset + 1.96 * spread),
        mae_deg=float(np.abs(difference).mean()),
        rmse_deg=float(np.sqrt(np.square(difference).mean())),
        r=r,
    )


def _lag_gain_r(
    motion: FloatArray, reference: FloatArray, longest: int
) -> tuple[float, float, float]:
    """Give the best delay in samples, between them too, and slope and correlation there."""
    if not min(motion.std(), reference.std()) > _STILL_DEG:
        return np.nan, np.nan, np.nan
    lags, correlations = _correlations(motion, reference, longest)
    best = int(np.argmax(correlations))
    lag = lags[best] + vertex(correlations, best)
    grid = np.arange(len(motion), dtype=float)
    inside = (grid + lag >= 0) & (grid + lag <= len(motion) - 1)
    shifted = np.interp(grid[inside] + lag, grid, motion)
    covariance = np.cov(reference[inside], shifted)
    gain = covariance[0, 1] / covariance[0, 0]
    r = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(lag), float(gain), float(r)


def _correlations(
    motion: FloatArray, reference: FloatArray, longest: int
) -> tuple[FloatArray, FloatArray]:
    """Correlate the overlapping parts for every delay of the motion, in samples."""
    reach = min(longest, int((1.0 - _LEAST_OVERLAP) * len(motion)))
    count = len(motion)
    correlations = []
    for lag in range(-reach, reach + 1):
        late = motion[max(lag, 0) : count + min(lag, 0)]
        against = reference[max(-lag, 0) :][: len(late)]
        spread = late.std() * against.std()
        covariance = np.mean((late - late.mean()) * (against - against.mean()))
        correlations.append(covariance / spread if spread > 1e-9 else -1.0)
    return np.arange(-reach, reach + 1.0), np.array(correlations)


def _common_lag_s(
    times_s: FloatArray,
    values: Mapping[str, FloatArray],
    reference: Motion,
    names: list[str],
    step_s: float,
) -> float:
    """Find the shift between two clocks: the best of all that overlap by half of the shorter."""
    lengths_s = [clock[-1] - clock[0] for clock in (times_s, reference[0])]
    count = int(max(lengths_s) / step_s) + 1
    least = max(_LEAST_SAMPLES, int(_LEAST_OVERLAP * min(lengths_s) / step_s))
    first = _on_own_grid(times_s, values, names, step_s)
    second = _on_own_grid(*reference, names, step_s)
    scores = {
        lag: _agreement(first, second, lag)
        for lag in range(-count, count + 1)
        if _overlap(len(first), len(second), lag) >= least
    }
    best = max(scores, key=lambda lag: scores[lag])
    return float(times_s[0] - reference[0][0] + best * step_s)


def _on_own_grid(
    times_s: FloatArray, values: Mapping[str, FloatArray], names: list[str], step_s: float
) -> FloatArray:
    """Sample angles evenly from their own start, [samples, coordinates], degrees; unknown is 0."""
    grid_s = np.arange(times_s[0], times_s[-1] + 1e-9, step_s)
    columns = [_resampled(grid_s, times_s, values[name]) for name in names]
    return np.nan_to_num(np.stack(columns, axis=1))


def _overlap(first: int, second: int, lag: int) -> int:
    return min(first - lag, second) - max(0, -lag)


def _agreement(first: FloatArray, second: FloatArray, lag: int) -> float:
    """Correlate all angles together over the overlap; large movements count most."""
    count = _overlap(len(first), len(second), lag)
    late = first[max(lag, 0) :][:count]
    early = second[max(-lag, 0) :][:count]
    late, early = late - late.mean(axis=0), early - early.mean(axis=0)
    spread = np.sqrt(np.square(late).sum() * np.square(early).sum())
    return float((late * early).sum() / spread) if spread > 1e-9 else -1.0
