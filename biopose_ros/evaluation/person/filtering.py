"""
Measure filters over time: jitter at rest against lag in fast motion.

The errors are real: what the unfiltered pipeline errs by on views with multi-view truth, without
each coordinate's constant offset. They are played over a body at rest, and over recorded motion
that no network has seen. Lag and error in fast motion are measured on the motion without errors,
but with the stated uncertainty, since that sets the filter's strength.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt

from biopose_ros.evaluation.angles.video import Watcher, run_view, views_and_truth
from biopose_ros.evaluation.metrics import angle_errors_deg, without_bias
from biopose_ros.evaluation.person.filter_candidates import (
    RATE_HZ,
    Filter,
    butterworth,
    causal,
    look_ahead,
    one_euro,
    unfiltered,
)
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import FloatArray
from biopose_ros.settings import PipelineConfig
from biopose_ros.training.motion.recordings import load_fields
from biopose_ros.training.motion.splits import Split, split_of_group

# Views that may be used to choose settings; the others are kept for acceptance.
VIEWS = ('cam01', 'cam02')
STRENGTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# One-Euro: cut-offs at rest, hertz, for each speed coefficient.
EURO_CUTOFFS_HZ, EURO_BETAS = (10.0, 5.0, 3.0, 2.0, 1.0, 0.5), (0.3, 1.0, 3.0)
# Movements of healthy people stay below this; above it, at rest, is jitter.
_JITTER_HZ = 3.0
_LEAST_RANGE_RAD = np.radians(20.0)
_LONGEST_FRAMES = 600
_EDGE = 15  # frames at both ends that filters need to settle
_FAST_PERCENTILE = 95.0
_LAGS_S = np.arange(-0.1, 0.4, 0.002)
_SPIKE_RAD, _SPIKE_EVERY = np.radians(90.0), 31


@dataclass(frozen=True, eq=False)
class RecordedErrors:
    """
    How the unfiltered estimate errs on one view.

    :param names: coordinates.
    :param errors_rad: [frames, coordinates] at :data:`RATE_HZ`, without constant offsets.
    :param stddev: the stated 1 sigma, [frames, coordinates].
    """

    names: tuple[str, ...]
    errors_rad: FloatArray
    stddev: FloatArray


@dataclass(frozen=True, eq=False)
class Movement:
    """
    Recorded motion.

    :param name: of the clip.
    :param names: coordinates that move.
    :param angles_rad: [frames, coordinates] at :data:`RATE_HZ`.
    """

    name: str
    names: tuple[str, ...]
    angles_rad: FloatArray


@dataclass(frozen=True)
class FilterFigures:
    """
    What one filter does; medians over coordinates.

    :param jitter_deg: 1 sigma of what moves faster than 3 Hz at rest.
    :param lag_ms: delay of the best correlation.
    :param fast_error_deg: root mean square error in the fastest twentieth of the frames.
    :param error_deg: mean absolute error with the real errors on the motion.
    :param spike_deg: largest error that single frames, 90 degrees off, leave.
    :param velocity_slope: of the velocity on the true one, 1 is right; None where there is none.
    :param velocity_error: root mean square error of the velocity over that of the true one.
    :param within_1_sigma: share of errors within the stated uncertainty, errors scaled such that
        the uncertainty before the filter is right; a good filter keeps it near 0.68.
    :param within_2_sigma: the same for twice the uncertainty, near 0.95.
    """

    jitter_deg: float
    lag_ms: float
    fast_error_deg: float
    error_deg: float
    spike_deg: float
    velocity_slope: float | None = None
    velocity_error: float | None = None
    within_1_sigma: float | None = None
    within_2_sigma: float | None = None


def recorded_errors(data: Path, config: PipelineConfig, watch: Watcher) -> list[RecordedErrors]:
    """
    Run the pipeline without a filter over the views that are not kept for acceptance.

    :param data: folder that holds ``pose2sim_blender/``.
    :param config: what to run; its smoothing is switched off.
    :param watch: shows progress.
    :raises FileNotFoundError: when the clip is not there.
    """
    chosen, truth = views_and_truth(data, VIEWS)
    pipeline = Pipeline(replace(config, smoothing=0.0))
    names = pipeline.skeleton.coordinate_names
    unknown = np.full(len(names), np.nan)
    found = []
    for view in chosen:
        run = run_view(pipeline, truth, view, watch)
        columns = {
            name: angle_errors_deg(
                np.array([unknown[i] if p is None else p.coordinates[i] for p in run.poses]),
                run.coordinates[name],
            )
            for i, name in enumerate(names)
            if name in run.coordinates
        }
        stddev = np.stack([unknown if p is None else p.stddev for p in run.poses])
        known = [name for name in columns if np.isfinite(columns[name]).any()]
        errors = np.radians(np.stack([without_bias(columns[name]) for name in known], axis=1))
        sigma = stddev[:, [names.index(name) for name in known]]
        seen = np.isfinite(errors).all(axis=1)
        step = max(1, round(1.0 / (np.median(np.diff(run.times_s)) * RATE_HZ)))
        for phase in range(step):
            rows = np.flatnonzero(seen)[phase::step]
            found.append(RecordedErrors(tuple(known), errors[rows], sigma[rows]))
    return found


def fresh_share(errors: Sequence[RecordedErrors]) -> float:
    """
    Estimate the share of the errors' variance that is new in each image.

    White noise of variance v has second differences of variance 6 v; their median is used, since
    jumps are no noise.

    :param errors: of views.
    :returns: median over views and coordinates.
    """
    shares = []
    for view in errors:
        second = np.abs(np.diff(view.errors_rad, 2, axis=0))
        fresh = (1.4826 * np.median(second, axis=0)) ** 2 / 6.0
        shares.append(fresh / view.errors_rad.var(axis=0))
    return float(np.median(np.concatenate(shares)))


def held_out_motion(folder: Path) -> list[Movement]:
    """
    Read the OpenSim motions of persons that no training sees.

    :param folder: holds ``opensim_coordinates.npz``.
    :raises MotionFileError: when it does not.
    """
    path = folder / 'opensim_coordinates.npz'
    fields = load_fields(path)
    names = [str(name) for name in fields['coord_names']]
    movements = []
    for clip, name in enumerate(str(name) for name in fields['clip_names']):
        if split_of_group(f'{path.stem}/{name.split("_")[0]}') is not Split.TEST:
            continue
        start = int(fields['clip_start'][clip])
        length = min(int(fields['clip_length'][clip]), _LONGEST_FRAMES)
        angles = fields['angles'][start : start + length].astype(np.float64)
        moves = np.isfinite(angles).all(axis=0) & (np.ptp(angles, axis=0) > _LEAST_RANGE_RAD)
        movements.append(
            Movement(name, tuple(np.array(names)[moves]), np.unwrap(angles[:, moves], axis=0))
        )
    return movements


def measure(
    filter_: Filter, errors: Sequence[RecordedErrors], movements: Sequence[Movement]
) -> FilterFigures:
    """
    Measure one filter.

    :param filter_: over series.
    :param errors: of views.
    :param movements: recorded motion.
    """
    rows: dict[str, list[FloatArray]] = {}
    for movement in movements:
        for number, view in enumerate(errors):
            for name, values in _figures(filter_, movement, view, seed=number).items():
                rows.setdefault(name, []).append(values)
    return FilterFigures(
        **{
            name: float((np.mean if name.startswith('within') else np.median)(np.concatenate(v)))
            for name, v in rows.items()
        }
    )


def _figures(
    filter_: Filter, movement: Movement, view: RecordedErrors, seed: int
) -> dict[str, FloatArray]:
    """Give every figure per coordinate."""
    shared = [name for name in movement.names if name in view.names]
    truth = movement.angles_rad[:, [movement.names.index(name) for name in shared]]
    columns = [view.names.index(name) for name in shared]
    played = _played(len(view.errors_rad), len(truth), seed)
    errors, stddev = view.errors_rad[played][:, columns], view.stddev[played][:, columns]
    inner = slice(_EDGE, -_EDGE)
    clean = filter_(truth, stddev)
    noisy = filter_(truth + errors, stddev)
    rest = filter_(errors, stddev).positions
    slow = sosfiltfilt(butter(2, _JITTER_HZ, fs=RATE_HZ, output='sos'), rest, axis=0)
    spikes = np.zeros_like(truth)
    spikes[_EDGE::_SPIKE_EVERY] = _SPIKE_RAD
    spiked = filter_(truth + spikes, stddev).positions
    velocity = np.gradient(truth, 1.0 / RATE_HZ, axis=0)
    speed = np.abs(velocity)
    fast = speed > np.percentile(speed, _FAST_PERCENTILE, axis=0)
    figures = {
        'jitter_deg': np.degrees((rest - slow)[inner].std(axis=0)),
        'lag_ms': 1e3 * _lags_s(clean.positions, truth),
        'fast_error_deg': np.degrees(
            np.sqrt(np.nanmean(np.where(fast, clean.positions - truth, np.nan) ** 2, axis=0))
        ),
        'error_deg': np.degrees(np.abs(noisy.positions - truth)[inner].mean(axis=0)),
        'spike_deg': np.degrees(np.abs(spiked - clean.positions)[inner].max(axis=0)),
    }
    if clean.velocities is not None:
        found, true = clean.velocities[inner], velocity[inner]
        figures['velocity_slope'] = (found * true).sum(axis=0) / (true**2).sum(axis=0)
        figures['velocity_error'] = np.sqrt(
            ((found - true) ** 2).mean(axis=0) / (true**2).mean(axis=0)
        )
    if noisy.stddev is not None:
        scaled = errors / np.sqrt(np.mean((errors / stddev) ** 2, axis=0))
        series = filter_(truth + scaled, stddev)
        assert series.stddev is not None
        ratio = (np.abs(series.positions - truth) / series.stddev)[inner]
        figures['within_1_sigma'] = (ratio < 1.0).mean(axis=0)
        figures['within_2_sigma'] = (ratio < 2.0).mean(axis=0)
    return figures


def _played(recorded: int, frames: int, seed: int) -> np.ndarray:
    """Play a recording to and fro, from anywhere: rows [frames]."""
    start = np.random.default_rng(seed).integers(2 * recorded)
    place = (np.arange(frames) + start) % (2 * recorded - 2)
    return np.asarray(np.minimum(place, 2 * recorded - 2 - place))


def _lags_s(found: FloatArray, truth: FloatArray) -> FloatArray:
    """Give the delay of the best correlation of each coordinate, [coordinates]."""
    times_s = np.arange(len(truth)) / RATE_HZ
    inner = slice(_EDGE, -_EDGE)
    spline = CubicSpline(times_s, truth)

    def normal(values: FloatArray) -> FloatArray:
        centred = values - values.mean(axis=0)
        return np.asarray(centred / np.linalg.norm(centred, axis=0))

    match = [
        (normal(spline(times_s[inner] - lag_s)) * normal(found[inner])).sum(axis=0)
        for lag_s in _LAGS_S
    ]
    return np.asarray(_LAGS_S[np.argmax(match, axis=0)])


def filters() -> dict[str, dict[str, Filter]]:
    """Give all filters to compare, by family and setting."""
    return {
        'unfiltered': {'': unfiltered},
        'causal': {f'{strength:g}': causal(strength) for strength in STRENGTHS},
        **{
            f'one_euro_beta_{beta:g}': {
                f'{cutoff:g}': one_euro(cutoff, beta) for cutoff in EURO_CUTOFFS_HZ
            }
            for beta in EURO_BETAS
        },
        'look_ahead': {f'{strength:g}': look_ahead(strength) for strength in STRENGTHS[::2]},
        'butterworth': {'6': butterworth(6.0)},
    }


def evaluate_filtering(
    errors: Sequence[RecordedErrors],
    movements: Sequence[Movement],
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """
    Measure all filters over their ranges.

    :param errors: of views.
    :param movements: recorded motion.
    :param advance: called after each filter.
    :returns: figures per family and setting.
    """
    results: dict[str, Any] = {
        'fresh_share': fresh_share(errors),
        'clips': [movement.name for movement in movements],
    }
    for family, settings in filters().items():
        results[family] = {}
        for setting, filter_ in settings.items():
            results[family][setting] = asdict(measure(filter_, errors, movements))
            advance()
    return results
