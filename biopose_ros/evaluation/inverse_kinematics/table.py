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


def rendered_table(results: dict[str, Any]) -> Table:
    """
    Lay figures of rendered sequences out, one row per kind of evidence.

    :param results: from :func:`~.neurik.evaluate_rendered`.
    """
    title = 'What the networks say on rendered sequences'
    return side_by_side(results, corner='evidence', title=title, is_turned=True)


def rendered_group_table(figures: dict[str, Any]) -> Table:
    """
    Lay figures by group of angles out, as it runs.

    :param figures: of one kind of evidence.
    """
    columns = {
        'degrees': figures['groups_deg'],
        'offsets removed': figures['groups_bias_corrected_deg'],
        'gain': {name: figures['gain'][name] for name in figures['groups_deg']},
    }
    return side_by_side(columns, corner='group', title='All evidence, by group')
