"""
Keep left and right apart when the landmark network mixes them up.

A network that takes a front for a back names every landmark of the left side right and sees depth
reversed: both readings have the same picture. Bodies do not swap sides between two images, so a
sudden swap is undone, and the longer-held reading wins.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biopose_ros.detection.landmark_network import Sighting
from biopose_ros.keypoints.landmarks import MIRROR_INDEX, landmark_index
from biopose_ros.records import FloatArray

_MIRROR = np.array(MIRROR_INDEX)
_LEFT = [landmark_index('left_shoulder'), landmark_index('left_hip')]
_RIGHT = [landmark_index('right_shoulder'), landmark_index('right_hip')]
# Time constant of the trunk's remembered breadth, seconds: longer than the few images in which
# the network is half way between two readings, shorter than a person needs to turn.
_BREADTH_S = 0.1
# A trunk seen from the front is 0.15 of the crop's side broad; one seen narrower than this says
# nothing about sides.
_NARROW = 0.06
# Part of the breadth that must have changed its sign, or kept it, to tell.
_SWAPPED, _KEPT = -0.7, 0.3
# Older images do not count: where a reading was held for long, it falls after this time, seconds.
_LONGEST_MEMORY_S = 1.5
# After a longer gap the person may have turned, seconds.
_LONGEST_GAP_S = 0.25


class SideVote:
    """
    The vote between the network's reading of one person and its mirror image.

    :ivar breadth: [2], from right to left across the trunk, a share of the crop's side; a running
        mean over the readings chosen.
    :ivar lead_s: for how much longer the chosen reading was supported than the other, seconds.
    :ivar is_undone: the network now contradicts the chosen side.
    """

    def __init__(self) -> None:
        self.breadth: FloatArray | None = None
        self.lead_s = 0.0
        self.is_undone = False

    def settle(self, now: Sighting, elapsed_s: float) -> Sighting:
        """
        Choose between a sighting and its mirror image.

        :param now: as the network reads it.
        :param elapsed_s: time since the last one, seconds.
        :returns: the reading that most of the last images support.
        """
        breadth = _breadth(now)
        if self.breadth is None or elapsed_s > _LONGEST_GAP_S:
            self.breadth, self.lead_s, self.is_undone = breadth, 0.0, False
            return now
        squared = float(self.breadth @ self.breadth)
        if squared > _NARROW**2:
            kept = float(breadth @ self.breadth) / squared
            self.is_undone = kept < _SWAPPED or (self.is_undone and kept < _KEPT)
        self.lead_s += -elapsed_s if self.is_undone else elapsed_s
        self.lead_s = min(self.lead_s, _LONGEST_MEMORY_S)
        if self.lead_s < 0:
            self.breadth, self.lead_s, self.is_undone = breadth, 0.0, False
        share = 1 - np.exp(-elapsed_s / _BREADTH_S)
        chosen = -breadth if self.is_undone else breadth
        self.breadth = self.breadth + share * (chosen - self.breadth)
        return mirrored(now) if self.is_undone else now


def _breadth(sighting: Sighting) -> FloatArray:
    across_px = sighting.keypoints_px[_LEFT] - sighting.keypoints_px[_RIGHT]
    return across_px.mean(axis=0) / sighting.next_crop.size_px


def mirrored(sighting: Sighting) -> Sighting:
    """
    Read the same picture the other way round: sides swapped, depth reversed.

    :param sighting: as read.
    :returns: the other reading.
    """
    return replace(
        sighting,
        keypoints_px=sighting.keypoints_px[_MIRROR],
        confidence=sighting.confidence[_MIRROR],
        landmarks_m=sighting.landmarks_m[_MIRROR] * np.array([1.0, 1.0, -1.0]),
    )
