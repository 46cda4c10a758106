"""How far the network's rotations may be off: the measure of nearness to its answer."""

from __future__ import annotations

import numpy as np

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray
from biopose_ros.refinement.chain import JOINTS, MOVES

# How rotations against the camera are off on held-out images: the share of the parent's error that
# a joint repeats, and 1 sigma per axis of the rest, degrees.
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
# Much of that error is confusion, which no small turn mends: joints are held tighter. Chosen on
# validation images, where 0.35 and 0.5 are equally good.
_PRIOR_SHARE = 0.4


def prior_precision() -> FloatArray:
    """
    Give the precision, [72, 72], of small turns about the axes of the camera, per squared radian.

    A joint's turn carries all that hangs on it, as :func:`~.chain.turned` has it.
    """
    kinds = [name.removeprefix('left_').removeprefix('right_') for name in JOINT_NAMES]
    shares, sigmas_deg = np.array([_PRIOR[kind] for kind in kinds]).T
    # A joint's own error: its turns together, less the share of its parent's.
    rest = np.where(np.eye(JOINTS, dtype=bool), 1.0, MOVES * (1 - shares[:, None]))
    rest /= _PRIOR_SHARE * np.radians(sigmas_deg[:, None])
    return np.kron(rest.T @ rest, np.eye(3))
