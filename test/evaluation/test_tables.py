import pytest
from rich.console import Console

from biopose_ros.evaluation.tables import side_by_side

FOUND = {'ours': {'mm': 12.345, 'share': None, 'groups': {}}, 'theirs': {'mm': 100.0, 'n': 3}}


def cells(table):
    with Console(width=200).capture() as capture:
        capture._console.print(table)
    lines = [line for line in capture.get().splitlines() if any(map(str.isalnum, line))]
    return [line.replace('┃', ' ').replace('│', ' ').split() for line in lines]


def test_every_plain_figure_gets_a_row_and_what_is_missing_a_dash():
    assert cells(side_by_side(FOUND)) == [
        ['figure', 'ours', 'theirs'],
        ['mm', '12.3', '100'],
        ['share', '-', '-'],
        ['n', '-', '3'],
    ]


@pytest.mark.parametrize('is_turned', [False, True])
def test_chosen_figures_have_headings_and_formats_of_their_own(is_turned):
    table = side_by_side(FOUND, {'mm': ('error', '.1f')}, 'who', 'title', is_turned=is_turned)
    rows = [['who', 'ours', 'theirs'], ['error', '12.3', '100.0']]
    assert cells(table) == [
        ['title'],
        *(map(list, zip(*rows, strict=True)) if is_turned else rows),
    ]
