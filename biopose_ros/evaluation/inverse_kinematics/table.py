"""Lay NeurIK's figures out."""

from __future__ import annotations

from typing import Any

from rich.table import Table

_NOISES = ('clean', 'mesh_noise', 'heavy_noise')


def neurik_table(results: dict[str, Any]) -> Table:
    """
    Lay the figures out, one column per noise.

    :param results: from :func:`biopose_ros.evaluation.inverse_kinematics.neurik.evaluate_neurik`.
    """
    table = Table('figure', *_NOISES, title='NeurIK on held-out persons and clips')
    first = results[_NOISES[0]]
    for key, value in first.items():
        if not isinstance(value, dict):
            table.add_row(key, *(_cell(results[noise].get(key)) for noise in _NOISES))
    for group in first['groups_deg']:
        cells = (_cell(results[noise]['groups_deg'][group]) for noise in _NOISES)
        table.add_row(f'{group}, degrees', *cells)
    for key, value in results.items():
        if key not in _NOISES:
            table.add_row(key, _cell(value), '', '')
    return table


def rendered_table(results: dict[str, Any]) -> Table:
    """
    Lay figures of rendered sequences out, one row per kind of evidence.

    :param results: from :func:`~.neurik.evaluate_rendered`.
    """
    names = [key for key, value in next(iter(results.values())).items() if _is_number(value)]
    table = Table('evidence', *names, title='What the networks say on rendered sequences')
    for evidence, figures in results.items():
        table.add_row(evidence, *(_cell(figures[name]) for name in names))
    return table


def rendered_group_table(figures: dict[str, Any]) -> Table:
    """
    Lay figures by group of angles out, as it runs.

    :param figures: of one kind of evidence.
    """
    table = Table('group', 'degrees', 'offsets removed', 'gain', title='All evidence, by group')
    for group, error in figures['groups_deg'].items():
        corrected, gain = figures['groups_bias_corrected_deg'][group], figures['gain'][group]
        table.add_row(group, f'{error:.1f}', f'{corrected:.1f}', f'{gain:.2f}')
    return table


def _is_number(value: Any) -> bool:
    return not isinstance(value, dict)


def _cell(value: float | None) -> str:
    return '-' if value is None else f'{value:.3g}'
