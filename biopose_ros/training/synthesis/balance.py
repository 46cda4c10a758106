"""How often each frame of motion is drawn: every part of a joint's range has its share."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.joints import JOINT
from biopose_ros.training.motion.rotations import matrices_from_vectors

# Everyday ranges, degrees, in bins of ten: floor to chair, stairs, reaching overhead.
_RANGES_DEG = {
    'knee': (0.0, 140.0),
    'hip': (-20.0, 110.0),
    'ankle': (-30.0, 30.0),
    'elbow': (0.0, 140.0),
}
_BIN_DEG = 10.0
_EVEN_SHARE = 0.35  # of a joint's bins that are filled evenly; the rest as the motion has it
# People mostly stand and walk on straight legs; recordings that were chosen for action do not.
_STRAIGHT_DEG, _STRAIGHT_SHARE = 6.0, 0.4
_MOST_OFTEN = 6.0  # a rare frame is not shown over and over
_ROUNDS = 12


def joint_angles_deg(pose: FloatArray) -> dict[str, FloatArray]:
    """
    Give flexion angles of both sides, from the joints' rotations alone.

    :param pose: [frames, 24, 3], rotation vectors.
    :returns: [frames, 2] degrees by joint: knee, hip and elbow flexion, ankle dorsiflexion.
    """

    def turns(joint: str) -> FloatArray:
        columns = [JOINT[f'{side}_{joint}'] for side in ('left', 'right')]
        return matrices_from_vectors(pose[:, columns])

    hip, knee, ankle, elbow = (turns(name) for name in ('hip', 'knee', 'ankle', 'elbow'))
    angles = {
        'knee': np.arctan2(knee[..., 2, 1], knee[..., 1, 1]),
        'hip': np.arctan2(-hip[..., 2, 1], hip[..., 1, 1]),
        'ankle': np.arctan2(ankle[..., 1, 2], ankle[..., 2, 2]),
        'elbow': np.arccos(np.clip(elbow[..., 0, 0], -1.0, 1.0)),
    }
    return {name: np.degrees(values) for name, values in angles.items()}


def balanced(pose: FloatArray, weights: FloatArray) -> FloatArray:
    """
    Change how often frames are drawn until all bins of all joints have their share.

    Raking (iterative proportional fitting, Deming and Stephan 1940), with a bound on how much more
    often a frame is drawn.

    :param pose: [frames, 24, 3], rotation vectors.
    :param weights: [frames], how often without.
    :returns: [frames], their sum 1.
    """
    start = weights / weights.sum()
    angles = joint_angles_deg(pose)
    straight = (angles['knee'].max(1) < _STRAIGHT_DEG).astype(int)
    share = max(_STRAIGHT_SHARE, float(start[straight == 1].sum()))
    cells = []
    for name, (low, high) in _RANGES_DEG.items():
        count = round((high - low) / _BIN_DEG)
        for side in (0, 1):
            bins = np.clip((angles[name][:, side] - low) // _BIN_DEG, 0, count - 1).astype(int)
            natural = np.bincount(bins, start, count)
            cells.append((bins, (1 - _EVEN_SHARE) * natural + _EVEN_SHARE / count))
    cells.append((straight, np.array([1.0 - share, share])))
    result = start.copy()
    for _ in range(_ROUNDS):
        for bins, wanted in cells:
            now = np.bincount(bins, result, len(wanted))
            result *= (wanted / np.maximum(now, 1e-12))[bins]
        result = np.clip(result, start / _MOST_OFTEN, start * _MOST_OFTEN)
        result /= result.sum()
    return result
