"""All results of a batch in one table: a row per person, and one per failed recording."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from biopose_ros.batch.recordings import SUMMARY, Recording

NAME = 'results'
_PERSON = ('person_id', 'frames', 'first_time_s', 'last_time_s', 'mean_confidence', 'stature_m')

Row = dict[str, Any]


def read_rows(recordings: Sequence[Recording], errors: Mapping[Path, str]) -> list[Row]:
    """
    Collect the results.

    :param recordings: of the batch, in its order.
    :param errors: per source the reason why it has no results.
    :returns: per person the figures of the summary, angles in degrees; where nobody was found, or
        the recording failed, one row without a person.
    """
    rows: list[Row] = []
    for recording in recordings:
        base = {'recording': str(recording.source), 'results': str(recording.out)}
        if not recording.is_done:
            rows.append({**base, 'error': errors.get(recording.source, 'not done')})
            continue
        summary = json.loads((recording.out / SUMMARY).read_text())
        base |= {'error': '', 'images': summary['frames'], 'duration_s': summary['duration_s']}
        rows += [base | _person(person) for person in summary['persons']] or [base]
    return rows


def _person(person: Mapping[str, Any]) -> Row:
    row = {key: person[key] for key in _PERSON} | {'gaps': len(person['gaps_s'])}
    for name, (low, high) in person['coordinate_ranges'].items():
        row |= {f'{name}_low': low, f'{name}_high': high}
    return row


def write_table(rows: Sequence[Row], folder: Path) -> list[Path]:
    """
    Write ``results.csv`` and ``results.parquet``.

    :param rows: may lack columns.
    :param folder: of the batch.
    :returns: both files.
    """
    import pyarrow
    from pyarrow import parquet

    columns = list(dict.fromkeys(column for row in rows for column in row))
    paths = [folder / f'{NAME}.csv', folder / f'{NAME}.parquet']
    with paths[0].open('w', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    parquet.write_table(
        pyarrow.table({name: [row.get(name) for row in rows] for name in columns}), paths[1]
    )
    return paths
