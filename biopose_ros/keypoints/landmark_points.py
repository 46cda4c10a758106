"""Where the detector's landmarks lie on the body, and how well it sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biopose_ros.keypoints.formats import POINTS
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.sides import left_of

# Variance of our landmarks' errors at confidence 0 over that at confidence 1: on synthetic
# sequences nine tenths of the errors lie within 1.9, 2.6 and 3.0 times those of sure landmarks
# where the confidence is 0.92, 0.85 and 0.75.
_UNSURE_VARIANCE = 37.0
# 1 sigma per axis, metres, of a point whose annotators differ by the root of a person's area: the
# mean of the default body's from the front (0.54 m2) and from the side (0.31 m2), over root two.
_SIGMA_M = 0.65 / 2**0.5


@dataclass(frozen=True)
class LandmarkPoint:
    """
    One landmark, right side or middle.

    :param marker: the virtual marker at its place.
    :param joint: of the body, whose rotation moves it.
    :param part: whose axes the offset is given in.
    :param offset_m: from the marker to where the detector puts the landmark: forward, up, right.
    :param stddev_m: 1 sigma of its error across the image.
    """

    marker: str
    joint: str
    part: str
    offset_m: tuple[float, float, float]
    stddev_m: float


# Offsets and errors of the heavy BlazePose network on synthetic sequences of the train split,
# `biopose evaluate keypoints`, means of both sides. Fingers, eyes and mouth add nothing.
_ONE_SIDE = {
    'nose': LandmarkPoint('bp_nose', 'head', 'head', (-0.035, 0.014, 0.0), 0.023),
    'right_ear': LandmarkPoint('R_tragion', 'head', 'head', (0.016, 0.010, -0.025), 0.015),
    'right_shoulder': LandmarkPoint(
        'bp_right_shoulder', 'right_collar', 'torso', (0.002, 0.028, 0.004), 0.024
    ),
    'right_elbow': LandmarkPoint(
        'bp_right_elbow', 'right_shoulder', 'humerus_r', (0.017, 0.016, 0.010), 0.027
    ),
    'right_wrist': LandmarkPoint(
        'bp_right_wrist', 'right_elbow', 'forearm_r', (0.0, 0.013, 0.003), 0.026
    ),
    'right_hip': LandmarkPoint('bp_right_hip', 'pelvis', 'pelvis', (0.011, -0.002, 0.019), 0.030),
    'right_knee': LandmarkPoint(
        'bp_right_knee', 'right_hip', 'femur_r', (0.006, 0.022, 0.004), 0.021
    ),
    'right_ankle': LandmarkPoint(
        'bp_right_ankle', 'right_knee', 'tibia_r', (0.005, 0.034, -0.001), 0.015
    ),
    'right_heel': LandmarkPoint('r_calc', 'right_ankle', 'foot_r', (0.022, 0.012, -0.009), 0.020),
    'right_foot_index': LandmarkPoint(
        'R_toe_tip1', 'right_foot', 'foot_r', (-0.026, 0.014, 0.012), 0.023
    ),
}


def _on_the_left(point: LandmarkPoint) -> LandmarkPoint:
    marker, joint, part = map(left_of, (point.marker, point.joint, point.part))
    forward, up, right = point.offset_m
    return LandmarkPoint(marker, joint, part, (forward, up, -right), point.stddev_m)


LANDMARK_POINTS: dict[str, LandmarkPoint] = {
    **_ONE_SIDE,
    **{left_of(name): _on_the_left(point) for name, point in _ONE_SIDE.items()},
}


def foreign_stddev_m(name: str) -> float:
    """
    Give how far annotators of a point lie apart.

    :param name: of :data:`~.formats.POINTS`.
    :returns: 1 sigma per axis, metres at the person.
    """
    return _SIGMA_M * POINTS[name].sigma


def unsure(confidence: FloatArray) -> FloatArray:
    """
    Give how the errors of our landmarks grow as the network's confidence falls.

    :param confidence: 0 to 1.
    :returns: factor on the standard deviation.
    """
    return np.sqrt(1.0 + (_UNSURE_VARIANCE - 1.0) * (1.0 - confidence))
