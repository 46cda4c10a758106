"""Lay NeurIK's figures out."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from biopose_ros.evaluation.inverse_kinematics.clips import NOISES
from biopose_ros.evaluation.tables import side_by_side


def neurik_table(results: dict[str, Any]) -> Table:
    """
    Lay the figures out, one column per noise.

    :param results: from :func:`biopose_ros.evaluation.inverse_kinematics.neurik.evaluate_neurik`.
    """
    columns = {
        noise: found | {f'{group}, degrees': e for group, e in found['groups_deg'].items()}
        for noise, found in results.items()
        if noise in NOISES
    }
    times = {key: value for key, value in results.items() if key not in NOISES}
    columns[next(iter(NOISES))] |= times
    return side_by_side(columns, title='NeurIK on held-out persons and clips')


def rendered_tables(results: dict[str, Any]) -> list[Table]:
    """
    Lay out figures of rendered sequences by kind of evidence, and those of all by group of angles.

    :param results: from :func:`~.neurik.evaluate_rendered`.
    """
    running, title = results['all'], 'What the networks say on rendered sequences'
    columns = {
        'degrees': running['groups_deg'],
        'offsets removed': running['groups_bias_corrected_deg'],
        'gain': {name: running['gain'][name] for name in running['groups_deg']},
    }
    return [
        side_by_side(results, corner='evidence', title=title, is_turned=True),
        side_by_side(columns, corner='group', title='All evidence, by group'),
    ]
