"""How long errors last: their correlation over time, and their share that stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import FloatArray

LAGS = (1, 3, 10, 30)  # frames at 30 Hz


def correlation(
    errors: FloatArray, usable: NDArray[np.bool_], sequence: NDArray[np.int64]
) -> dict[int, float]:
    """
    Correlate errors with themselves some frames on, within sequences.

    :param errors: [frames, channels], their mean over all sequences near zero.
    :param usable: [frames, channels].
    :param sequence: [frames], number of the sequence.
    :returns: by lag in frames; NaN where nothing lasts that long.
    """
    result = {}
    for lag in LAGS:
        both = usable[lag:] & usable[:-lag] & (sequence[lag:] == sequence[:-lag])[:, None]
        now, then = errors[lag:][both], errors[:-lag][both]
        scale = np.sqrt((now**2).sum() * (then**2).sum())
        result[lag] = float((now * then).sum() / scale) if scale > 0 else float('nan')
    return result


def lasting_share(
    errors: FloatArray, usable: NDArray[np.bool_], sequence: NDArray[np.int64]
) -> float:
    """
    Compare the mean square of the sequences' means with that of all errors.

    :param errors: [frames, channels].
    :param usable: [frames].
    :param sequence: [frames], number of the sequence.
    :returns: 0 to 1; NaN without any error.
    """
    means, counts = [], []
    for number in np.unique(sequence):
        rows = usable & (sequence == number)
        if rows.any():
            means.append(errors[rows].mean(0))
            counts.append(rows.sum())
    between = np.average(np.square(means).sum(1), weights=counts)
    whole = np.square(errors[usable]).sum(1).mean()
    return float(between / whole) if whole > 0 else float('nan')
