"""
The table of normal gait, from a published data set of 246 healthy adults.

Published are mean and standard deviation of twelve groups, six ages and two sexes, at 1 to 100 %
of the cycle; the public text of them lies in a repository. Every group counts alike, so that no
age weighs more because more of its persons came.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from biopose_ros.training.sources.catalogue import Repository

DOI = '10.17605/OSF.IO/T72CW'
REPOSITORY = Repository(
    'GhostDragonAlpha/Chimera', '3b4ba1216bc6cf61019a768ad5b7cd679b66a78f', 'CC BY 4.0'
)
PATH = 'story/data/gait_normative.json'
# Ours, and theirs: all are positive in flexion (dorsiflexion).
_ANGLES = {'hip_flexion': 'hip_flex', 'knee_angle': 'knee_flex', 'ankle_angle': 'ankle_flex'}
_SPEED = 'Walking.Speed [m/s]'
_STEP_PERCENT = 2.0


def convert_normal_gait(source: Path, path: Path) -> None:
    """
    Write the table that the report draws behind the curves of a walk.

    :param source: ``gait_normative.json``.
    :param path: to write.
    :raises ValueError: where the source is another data set, or lacks something.
    """
    published = json.loads(source.read_text(encoding='utf-8'))
    if published.get('doi') != DOI:
        raise ValueError(f'{source}: data set {published.get("doi")}, not {DOI}; see {PATH}')
    try:
        comfortable = published['speeds']['comf']
        table = _table(published, comfortable)
    except KeyError as error:
        raise ValueError(f'{source}: {error} is missing') from None
    path.write_text(json.dumps(table) + '\n', encoding='utf-8')


def _table(published: dict[str, Any], comfortable: dict[str, Any]) -> dict[str, Any]:
    percent = np.arange(0.0, 100.0 + _STEP_PERCENT, _STEP_PERCENT)
    angles = {}
    for ours, theirs in _ANGLES.items():
        mean, stddev = pool(comfortable['curves'][theirs])
        samples = np.linspace(0.0, 100.0, len(mean))
        angles[ours] = {
            'mean': np.interp(percent, samples, mean).round(2).tolist(),
            'stddev': np.interp(percent, samples, stddev).round(2).tolist(),
        }
    speeds = [mean for mean, _ in comfortable['spatiotemporal'][_SPEED].values()]
    return {
        'source': 'Normative 3D gait data of healthy adults, Maastricht University Medical Centre',
        'doi': DOI,
        'licence': REPOSITORY.licence,
        'changes': 'twelve groups of age and sex pooled alike, every 2 % of the cycle',
        'persons': published['n_subjects'],
        'age_years': published['age_range_years'],
        'speed_m_s': round(float(np.mean(speeds)), 2),
        'percent': percent.tolist(),
        'angles_deg': angles,
    }


def pool(groups: dict[str, dict[str, list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """
    Give mean and standard deviation over the persons of all groups, each group counted alike.

    :param groups: ``mean`` and ``sd`` of each, [samples]. Two groups with the same numbers are a
        slip of the publication (the ankles of women of 40 and of 50 years) and count once.
    :returns: [samples] each.
    """
    different = {tuple(group['mean']): group for group in groups.values()}.values()
    means = np.array([group['mean'] for group in different])
    within = np.square([group['sd'] for group in different])
    mean = means.mean(axis=0)
    return mean, np.sqrt((within + np.square(means - mean)).mean(axis=0))
