"""Volume and mass of bodies."""

from __future__ import annotations

import numpy as np
import torch

from biopose_ros.body.model import BodyModel
from biopose_ros.records import FloatArray

# Whole-body density with air in the lungs: lean tissue near 1070, fat 900, 3 litres of air.
DENSITY_KG_M3 = 1010.0


def volume_m3(bodies_m: FloatArray, faces: np.ndarray) -> FloatArray:
    """
    Measure the volume inside closed surfaces.

    :param bodies_m: [bodies, vertices, 3].
    :param faces: [faces, 3].
    :returns: [bodies].
    """
    first, second, third = (bodies_m[:, faces[:, corner]] for corner in range(3))
    return np.einsum('bfk,bfk->b', first, np.cross(second, third)) / 6.0


def mass_kg(body: BodyModel, betas: FloatArray, stature_m: float) -> float:
    """
    Weigh a shape at a standing height.

    :param body: with a closed surface.
    :param betas: [components].
    :param stature_m: the shape is made as tall as this.
    """
    shape = torch.from_numpy(np.asarray(betas)).float()
    surface_m = body.shaped_m(shape)[None].double().numpy()
    scale = stature_m / float(body.statures_m(shape))
    return DENSITY_KG_M3 * float(volume_m3(surface_m, body.faces)[0]) * scale**3
