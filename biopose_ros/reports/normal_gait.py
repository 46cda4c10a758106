"""How healthy adults walk: the band behind a person's curves over the gait cycle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.reports.charts import Curve
from biopose_ros.resources import resource_path

FILE = 'config/report/normal_gait.json'


@dataclass(frozen=True, eq=False)
class NormalGait:
    """
    Mean and spread of many persons, from one heel strike to the next of the same foot.

    :param percent: [samples], of the cycle.
    :param mean_deg: per kind of coordinate (``knee_angle``), [samples].
    :param stddev_deg: between persons, [samples].
    :param source: whose measurements, for the page.
    """

    percent: FloatArray
    mean_deg: dict[str, FloatArray]
    stddev_deg: dict[str, FloatArray]
    source: str

    def curve(self, kind: str) -> Curve | None:
        """
        Give what is drawn behind a person's curves.

        :param kind: for example ``knee_angle``.
        :returns: None where nothing normal is known of the angle.
        """
        if kind not in self.mean_deg:
            return None
        return Curve(self.percent, self.mean_deg[kind], self.stddev_deg[kind], 'reference')


@lru_cache
def load_normal_gait() -> NormalGait:
    """Read the table that ships, which ``biopose build normal-gait`` writes."""
    table = json.loads(resource_path(FILE).read_text(encoding='utf-8'))
    return NormalGait(
        percent=np.array(table['percent'], float),
        mean_deg={name: np.array(values['mean']) for name, values in table['angles_deg'].items()},
        stddev_deg={
            name: np.array(values['stddev']) for name, values in table['angles_deg'].items()
        },
        source=(
            f'{table["persons"]} healthy adults of {table["age_years"][0]} to '
            f'{table["age_years"][1]} years at a comfortable speed, {table["speed_m_s"]:.2f} m/s '
            f'on average, on a treadmill ({table["source"]}, doi {table["doi"]}, '
            f'{table["licence"]})'
        ),
    )
