"""
Compare a person's estimates with the ones before: what is impossible, and what is not known yet.

Where the image cuts a body, the networks may take a front for a back, or a near person for a far
one: the pelvis turns by half a turn, or the distance doubles, within one image. Such an estimate
is left out, and the person is predicted, until it has lasted for so long that the earlier
estimates are more likely wrong. Which way a person faces is known once estimates agree about it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.records import FloatArray, SkeletonFit
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES

# Largest turn, and largest factor of the distance, from one image to the next.
LARGEST_TURN_RAD = np.radians(100.0)
LARGEST_STEP = 1.5
# An estimate that lasts for longer is accepted, seconds.
HOLD_S = 0.5
# Which way a person faces is known once so many estimates in a row lie within this of each other.
# Chosen on cam01, cam02 and rendered footage of the validation split, see docs/confidence.md.
AGREEING, AGREEING_RAD = 5, np.radians(45.0)


@dataclass(frozen=True)
class _Past:
    """What was believed last: the pelvis's forward axis [3], its depth, and when."""

    forward: FloatArray
    depth_m: float
    stamp_ns: int


class PlausibleMotion:
    """
    Compares everybody's estimates with their last ones.

    :param skeleton: of the coordinates.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self._angles = [skeleton.coordinate_index(name) for name in PELVIS_ANGLES]
        self._depth = skeleton.coordinate_index('pelvis_tx')
        self._pasts: dict[int, _Past] = {}
        self._forwards: dict[int, deque[FloatArray]] = {}

    def accepts(self, track_id: int, fit: SkeletonFit, stamp_ns: int) -> bool:
        """
        Return whether a person can have moved like that.

        :param track_id: whose.
        :param fit: of this image, in the ground frame that starts from the camera.
        :param stamp_ns: of the image.
        """
        turn = Rotation.from_euler('ZXY', fit.coordinates[self._angles])
        # Ground x points from the scene to the camera.
        now = _Past(turn.as_matrix()[:, 0], -float(fit.coordinates[self._depth]), stamp_ns)
        self._forwards.setdefault(track_id, deque(maxlen=AGREEING)).append(now.forward)
        past = self._pasts.get(track_id)
        if past is not None and _is_held(past, stamp_ns) and not _follows(now, past):
            return False
        self._pasts[track_id] = now
        return True

    def knows_facing(self, track_id: int) -> bool:
        """Return whether a person's last estimates, left out or not, face the same way."""
        forwards = np.array(self._forwards.get(track_id, ()))
        agree = forwards @ forwards.T > np.cos(AGREEING_RAD)
        return len(forwards) == AGREEING and bool(agree.all())

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._pasts.pop(track_id, None)
        self._forwards.pop(track_id, None)


def _is_held(past: _Past, stamp_ns: int) -> bool:
    return 0 <= stamp_ns - past.stamp_ns <= HOLD_S * 1e9


def _follows(now: _Past, past: _Past) -> bool:
    step = max(now.depth_m, 0.1) / max(past.depth_m, 0.1)
    is_turn_possible = float(now.forward @ past.forward) > np.cos(LARGEST_TURN_RAD)
    return bool(is_turn_possible and 1.0 / LARGEST_STEP < step < LARGEST_STEP)
