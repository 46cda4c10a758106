"""The ANSUR II survey: what we use of it."""

from __future__ import annotations

import csv
from pathlib import Path

_MEASURES = (
    *('stature', 'acromialheight', 'acromionradialelength', 'radialestylionlength'),
    *('forearmhandlength', 'handlength', 'palmlength', 'handbreadth', 'shoulderelbowlength'),
    *('span', 'biacromialbreadth', 'bideltoidbreadth', 'bicristalbreadth', 'hipbreadth'),
    *('chestbreadth', 'chestdepth', 'waistbreadth', 'waistdepth', 'waistbacklength'),
    *('buttockdepth', 'buttockheight', 'buttockkneelength', 'buttockpopliteallength'),
    *('crotchheight', 'trochanterionheight', 'iliocristaleheight', 'functionalleglength'),
    *('kneeheightmidpatella', 'lateralfemoralepicondyleheight', 'tibialheight'),
    *('poplitealheight', 'lateralmalleolusheight', 'bimalleolarbreadth', 'footlength'),
    *('balloffootlength', 'footbreadthhorizontal', 'heelbreadth', 'sittingheight'),
    *('cervicaleheight', 'suprasternaleheight', 'tenthribheight', 'headlength', 'headbreadth'),
    *('tragiontopofhead', 'thighcircumference', 'calfcircumference'),
    *('bicepscircumferenceflexed', 'forearmcircumferenceflexed', 'wristcircumference'),
    *('anklecircumference', 'neckcircumference', 'chestcircumference', 'waistcircumference'),
    'buttockcircumference',
)


def convert_survey(source: Path, path: Path) -> None:
    """
    Keep sex, age, mass and the lengths; identity, service and origin are left out.

    :param source: ``ANSUR_II_BOTH_Public.csv``; millimetres, mass in tenths of a kilogram.
    :param path: CSV to write: sex (M, F), age, weight_kg, then one column ``<measure>_mm`` each.
    :raises ValueError: naming a column that the source lacks.
    """
    with source.open(newline='', encoding='latin-1') as file:
        rows = [
            {name.lower(): value for name, value in row.items()} for row in csv.DictReader(file)
        ]
    wanted = ('gender', 'age', 'weightkg', *_MEASURES)
    if missing := [name for name in wanted if not rows or name not in rows[0]]:
        raise ValueError(f'{source}: no column {missing[0]!r}; not the ANSUR II survey')
    part = path.with_suffix('.part')
    with part.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['sex', 'age', 'weight_kg', *(f'{name}_mm' for name in _MEASURES)])
        for row in rows:
            mass = f'{float(row["weightkg"]) / 10:.1f}'
            lengths = (row[name] for name in _MEASURES)
            writer.writerow([row['gender'][0].upper(), row['age'], mass, *lengths])
    part.replace(path)
