"""Mass properties of segments that grow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from biopose_ros.records import FloatArray


def stretched_inertia(inertia_kg_m2: ArrayLike, factors: ArrayLike) -> FloatArray:
    """
    Stretch a body at unchanged mass: the second moments of mass grow along each axis.

    :param inertia_kg_m2: [3, 3], about the centre of mass.
    :param factors: [3], unitless.
    :returns: [3, 3].
    """
    inertia = np.asarray(inertia_kg_m2, dtype=float)
    moments = np.trace(inertia) / 2 * np.eye(3) - inertia
    stretch = np.asarray(factors, dtype=float)
    moments = moments * np.outer(stretch, stretch)
    grown: FloatArray = np.trace(moments) * np.eye(3) - moments
    return grown


def inertia_matrix(values: ArrayLike) -> FloatArray:
    """
    Arrange moments of inertia.

    :param values: xx, yy, zz, xy, xz, yz.
    :returns: [3, 3].
    """
    xx, yy, zz, xy, xz, yz = np.asarray(values, dtype=float)
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
