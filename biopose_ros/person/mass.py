"""
A person's mass, from the shape of the body and its standing height.

Without a shape it is that of an average adult of that height: body mass index 26.6 kg/m2, 1 sigma
15 % (ANSUR II, both sexes). A recovered shape distinguishes heavy from slight builds, but one
camera shows it badly: its error is 15 %, too (root mean square over 128 images of held-out
synthetic persons whose height is known).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from biopose_ros.body import BodyModel, load_body
from biopose_ros.body.volume import mass_kg
from biopose_ros.records import FloatArray, PersonEstimate

MEAN_BMI, BMI_STDDEV = 26.6, 0.148
SHAPE_STDDEV = 0.147
# How mass goes with height among adults (ANSUR II).
HEIGHT_EXPONENT = 2.57


class PersonMass:
    """
    Follows the estimate of one person's mass.

    :param given_kg: where the mass is known.
    :param body: the body model whose shape is seen; None for the default one.
    :ivar mass_kg: the present estimate; NaN before the first image.
    :ivar stddev_kg: 1 sigma; 0 where the mass is given.
    """

    def __init__(self, given_kg: float | None, body: Path | None = None) -> None:
        self._given_kg, self._body_file = given_kg, body
        self._betas: FloatArray = np.zeros(0)
        self._images = 0
        self.mass_kg = float('nan') if given_kg is None else given_kg
        self.stddev_kg = float('nan') if given_kg is None else 0.0

    def observe(self, estimate: PersonEstimate) -> None:
        """
        Take one image in.

        :param estimate: of the person, with the height in its size and the shape in its body.
        """
        if self._given_kg is not None:
            return
        if estimate.body is not None:
            betas = estimate.body.rescaled.betas
            last = self._betas if len(self._betas) else betas
            self._betas = last + (betas - last) / (self._images + 1)
        elif len(self._betas):
            return
        self._images += 1
        # The mean over images changes less and less, so that it is weighed ever more rarely.
        if self._images & (self._images - 1) == 0:
            self._weigh(estimate.size.stature_m, estimate.size.stature_stddev_m)

    def _weigh(self, stature_m: float, stature_stddev_m: float) -> None:
        if len(self._betas):
            body = _body(self._body_file)
            self.mass_kg, build_stddev = mass_kg(body, self._betas, stature_m), SHAPE_STDDEV
        else:
            self.mass_kg, build_stddev = MEAN_BMI * stature_m**2, BMI_STDDEV
        height_stddev = HEIGHT_EXPONENT * stature_stddev_m / stature_m
        self.stddev_kg = self.mass_kg * float(np.hypot(build_stddev, height_stddev))


@lru_cache(maxsize=1)
def _body(path: Path | None) -> BodyModel:
    return load_body(path)
