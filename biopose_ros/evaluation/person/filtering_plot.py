"""The trade-off of filters as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')  # no display

_STYLES = {
    'causal': ('o-', 'C0', 'ours, causal (smoothing 0 to 1)'),
    'one_euro_beta_0.3': ('.--', 'C1', 'One-Euro, beta 0.3'),
    'one_euro_beta_1': ('.--', 'C2', 'One-Euro, beta 1'),
    'one_euro_beta_3': ('.--', 'C3', 'One-Euro, beta 3'),
    'look_ahead': ('s-', 'C4', 'ours, looking ahead'),
    'butterworth': ('D', 'k', 'Butterworth 6 Hz, both ways'),
}
_COSTS = {
    'lag_ms': 'lag, milliseconds',
    'fast_error_deg': 'error in the fastest motion, degrees',
}


def draw_trade_off(results: Mapping[str, Any], path: Path) -> None:
    """
    Draw jitter at rest against lag and error in fast motion.

    :param results: of :func:`~biopose_ros.evaluation.person.filtering.evaluate_filtering`.
    :param path: of the picture, its folder is made where absent.
    """
    from matplotlib import pyplot

    still = results['unfiltered']['']['jitter_deg']
    figure, axes = pyplot.subplots(
        1, len(_COSTS), figsize=(11, 4.5), sharey=True, layout='constrained'
    )
    for axis, (cost, label) in zip(axes, _COSTS.items(), strict=True):
        for family, (style, colour, name) in _STYLES.items():
            rows = results[family]
            jitter = [100.0 * row['jitter_deg'] / still for row in rows.values()]
            costs = [row[cost] for row in rows.values()]
            axis.plot(costs, jitter, style, color=colour, label=name, markersize=5)
            if family == 'causal':
                for setting, x, y in zip(rows, costs, jitter, strict=True):
                    axis.annotate(setting, (x, y), (4, 3), textcoords='offset points', fontsize=7)
        axis.set(xlabel=label, ylim=(0, 105))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('jitter at rest, % of unfiltered')
    axes[1].legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
