"""
Joints by name, and what mirroring does to rotations and points.

Axes everywhere in this package: X = subject's left, Y = up, Z = forward; all rotations zero is a
T-pose that faces +Z.
"""

from __future__ import annotations

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray

JOINT: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}

# A reflection in x keeps the x part of a rotation vector (an axial vector) and flips the others.
MIRROR_ROTVEC: FloatArray = np.array([1.0, -1.0, -1.0])
MIRROR_POINT: FloatArray = np.array([-1.0, 1.0, 1.0])
