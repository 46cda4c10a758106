"""The prior of refinement: how the errors of the network's rotations are distributed."""

from __future__ import annotations

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.refinement.chain import JOINTS, MOVES
from biopose_ros.skeleton.sides import without_side

# Errors of rotations relative to the camera on held-out images: the share of its parent's error
# that a joint inherits, and 1 sigma per axis of the rest, degrees.
_PRIOR = {
    'pelvis': (0.0, 8.4),
    'hip': (0.62, 9.5),
    'knee': (0.64, 8.7),
    'ankle': (0.91, 7.4),
    'foot': (0.92, 5.8),
    'spine1': (0.81, 4.0),
    'spine2': (0.96, 2.4),
    'spine3': (0.97, 2.4),
    'neck': (0.88, 5.9),
    'head': (0.87, 9.3),
    'collar': (0.99, 2.1),
    'shoulder': (0.71, 15.2),
    'elbow': (0.72, 18.2),
    'wrist': (0.96, 10.5),
    'hand': (0.99, 2.7),
}
# Much of that error is confusion of sides or limbs, which no small turn mends: the prior is made
# narrower by this factor. Chosen on validation images, where 0.35 and 0.5 are equally good.
_PRIOR_SHARE = 0.4


def prior_precision() -> FloatArray:
    """
    Give the inverse covariance, [72, 72], of small turns about the camera's axes, per rad^2.

    A joint's turn carries all that hangs on it, as :func:`~.chain.turned` has it.
    """
    shares, sigmas_deg = np.array([_PRIOR[without_side(name)] for name in JOINT_NAMES]).T
    # A joint's own error: its accumulated rotation minus the part inherited from its parent.
    rest = np.where(np.eye(JOINTS, dtype=bool), 1.0, MOVES * (1 - shares[:, None]))
    rest /= _PRIOR_SHARE * np.radians(sigmas_deg[:, None])
    return np.kron(rest.T @ rest, np.eye(3))
