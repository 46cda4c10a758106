"""Closed-form inverse kinematics of a limb with two bones and a hinge, for many frames at once."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import axes_along


def solve_limb(
    upper_m: FloatArray,
    lower_m: FloatArray,
    hinge: FloatArray,
    target_m: FloatArray,
    hinge_world: FloatArray,
    max_bend_rad: float,
) -> tuple[FloatArray, FloatArray]:
    """
    Turn the root and bend the hinge so that the limb's end meets a target.

    A target out of reach is pointed at with the limb straight.

    :param upper_m: [3], root to hinge in the rest pose.
    :param lower_m: [3], hinge to end in the rest pose.
    :param hinge: [3], unit axis in the rest pose, positive for flexion.
    :param target_m: [frames, 3], end from root, world.
    :param hinge_world: [frames, 3], where the hinge axis should point as far as it can.
    :param max_bend_rad: limit of flexion.
    :returns: root rotation [frames, 3, 3] and flexion [frames], radians.
    """
    bend = _bend(upper_m, lower_m, hinge, np.linalg.norm(target_m, axis=-1), max_bend_rad)
    along, across = np.cos(bend)[:, None], np.sin(bend)[:, None]
    axial = hinge * (hinge @ lower_m)
    lower = axial + along * (lower_m - axial) + across * np.cross(hinge, lower_m)
    rest = axes_along(upper_m + lower, np.broadcast_to(hinge, target_m.shape))
    return axes_along(target_m, hinge_world) @ np.swapaxes(rest, -1, -2), bend


def _bend(
    upper: FloatArray, lower: FloatArray, hinge: FloatArray, distance: FloatArray, limit: float
) -> FloatArray:
    """Find the flexion at which root and end are ``distance`` apart."""
    # upper . turned lower = fixed + cosine cos(bend) + sine sin(bend)
    fixed = (hinge @ upper) * (hinge @ lower)
    cosine, sine = upper @ lower - fixed, upper @ np.cross(hinge, lower)
    product = (distance**2 - upper @ upper - lower @ lower) / 2.0
    ratio = np.clip((product - fixed) / np.hypot(cosine, sine), -1.0, 1.0)
    return np.clip(np.arctan2(sine, cosine) + np.arccos(ratio), 0.0, limit)
