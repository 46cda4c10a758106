"""
Where on a body a point lies, independent of pose and shape, so that clothes know where to end.

Every vertex carries five numbers, interpolated over triangles when an image is shaded: its place
in the mean T-pose (x, y, z) and two anatomical scales. Hems, sleeves and hairlines are then
thresholds, sharp at every resolution, and they follow the body through any pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray

# Columns of BodyRegions.surface.
REST_X, REST_Y, REST_Z, ARM, HEIGHT = range(5)
# Height scale at the landmarks that garments are measured by.
SOLE, ANKLE, KNEE, HIP, NECK, HEAD, CROWN = range(7)
# A vertex of an extra mesh (skirt, long hair, furniture) names its material by this much height.
MATERIAL_OFFSET = 100
# From chin to crown over stature; the face is drawn in this unit (measured on the default body,
# and the classical eighth).
HEAD_OVER_STATURE = 0.1246


@dataclass(frozen=True)
class BodyRegions:
    """
    The pose-independent part of a body's look.

    :param surface: [vertices, 5] float32: place in the mean T-pose (x to the subject's left, y up,
        z forward, metres), arm scale (0 shoulder, 1 elbow, 2 wrist), height scale (0 sole,
        1 ankle, 2 knee, 3 hip, 4 neck, 5 head joint, 6 crown).
    :param faces: [faces, 3] int32.
    :param joints_m: [24, 3], joints of the mean T-pose.
    :param face_frame_m: x = 0, height of the chin, front of the forehead, and head height: what
        eyes, mouth and hairline are placed by.
    """

    surface: NDArray[np.float32]
    faces: NDArray[np.int32]
    joints_m: FloatArray
    face_frame_m: FloatArray

    @property
    def head_height_m(self) -> float:
        """From chin to crown."""
        return float(self.face_frame_m[3])


def body_regions(
    template_m: FloatArray, joints_m: FloatArray, faces: NDArray[np.int32]
) -> BodyRegions:
    """
    Measure a body model's T-pose.

    :param template_m: [vertices, 3], mean body in the T-pose, x left, y up, z forward.
    :param joints_m: [24, 3], its joints in SMPL's order.
    :param faces: [faces, 3].
    :returns: the fields that clothes are cut by.
    :raises ValueError: where the body does not stand in a T-pose.
    """
    joint = dict(zip(JOINT_NAMES, np.asarray(joints_m, np.float64), strict=True))
    arms = [abs(joint[f'left_{name}'][0]) for name in ('shoulder', 'elbow', 'wrist')]
    sole, crown = template_m[:, 1].min(), template_m[:, 1].max()
    heights = [sole]
    heights += [joint[f'left_{name}'][1] for name in ('ankle', 'knee', 'hip')]
    heights += [joint['neck'][1], joint['head'][1], crown]
    if np.any(np.diff(arms) <= 0) or np.any(np.diff(heights) <= 0):
        raise ValueError(
            'the body model does not rest in a T-pose (arms along x, y up); '
            f'arm joints at x = {np.round(arms, 3)}, heights {np.round(heights, 3)}'
        )
    surface = np.empty((len(template_m), 5), np.float32)
    surface[:, :3] = template_m
    surface[:, ARM] = _extrapolate(np.abs(template_m[:, 0]), np.array(arms))
    surface[:, HEIGHT] = np.interp(template_m[:, 1], heights, np.arange(7))
    unit = HEAD_OVER_STATURE * (crown - sole)
    head = template_m[template_m[:, 1] > crown - 0.5 * unit]
    frame = np.array([0.0, crown - unit, head[:, 2].max(), unit])
    return BodyRegions(surface, np.asarray(faces, np.int32), np.asarray(joints_m), frame)


def _extrapolate(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Read 0, 1, 2 at the knots and go on with the slopes of the outer pieces."""
    inner = np.interp(values, knots, np.arange(len(knots)))
    below = np.minimum(values - knots[0], 0.0) / (knots[1] - knots[0])
    above = np.maximum(values - knots[-1], 0.0) / (knots[-1] - knots[-2])
    return inner + below + above
